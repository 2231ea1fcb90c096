import { statusesOf } from '../src/events/rank.js';
import {
  isFinalStatus,
  type DiscountFacts,
  type Metadata,
  type SubscriptionItem,
  type SubscriptionSnapshot,
} from '../src/events/normalise.js';
import { between, entry, flag, id, json, ofMember, oneOf, text, time } from './columns.js';
import { allBut, defineProjection, type Condition, type EventReference } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';
import { discount, listOf, metadata, pauseCollection, subscriptionItem } from './shapes.js';

const columns = {
  id: id(),
  customer: id().orNull().filtered(),
  status: id().filtered(oneOf(statusesOf('subscription'))),
  status_since: time(),
  status_event: id(),
  previous_status: id().orNull(),
  currency: text().orNull(),
  items: json<readonly SubscriptionItem[]>(listOf(subscriptionItem)).filtered(ofMember('product'), ofMember('price')),
  has_all_items: flag(),
  period_start: time().orNull(),
  period_end: time().orNull(),
  trial_start: time().orNull(),
  trial_end: time().orNull(),
  created_at: time().orNull().filtered(between('created')),
  started_at: time().orNull(),
  cancel_at: time().orNull(),
  cancel_at_period_end: flag().orNull(),
  canceled_at: time().orNull(),
  ended_at: time().orNull(),
  cancellation_reason: text().orNull(),
  pause_collection: json<NonNullable<SubscriptionSnapshot['pauseCollection']>>(pauseCollection).orNull(),
  collection_method: text().orNull(),
  default_payment_method: id().orNull(),
  trial_end_behavior: text().orNull(),
  discounts: json<readonly DiscountFacts[]>(listOf(discount)).filtered(ofMember('coupon'), ofMember('promotionCode')),
  latest_invoice: id().orNull(),
  schedule: id().orNull(),
  metadata: json<Metadata>(metadata).orNull().filtered(entry()),
  billing_cycle_anchor: time().orNull(),
  pending_update_expires_at: time().orNull(),
  test_clock: id().orNull(),
};

/** The subscription has not ended but will: at a set time, or at the end of its period. */
const setToEnd: Condition = {
  sql: `(cancel_at is not null or cancel_at_period_end) and status not in ('canceled', 'incomplete_expired')`,
  holds: ({ cancel_at: at, cancel_at_period_end: atPeriodEnd, status }) =>
    (at !== null || atPeriodEnd === true) && !isFinalStatus(String(status)),
};

/** `statusBegan` is the event that began the current status, or the first known event if that is unknown. */
type Life = Readonly<{
  current: SubscriptionSnapshot;
  changedBy: EventReference;
  statusBegan: EventReference;
  previousStatus: string | null;
}>;
type State = Life | null;

/** What is each subscription now: its status and since when, its items, periods, trial, and how and when it ends? */
export const subscriptions = defineProjection({
  name: 'subscriptions',
  version: 8,
  tables: {
    subscriptions: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      // For searches by the end of a period, or of the subscription.
      indexes: [['period_end'], ['ended_at']],
      listedBy: { time: 'created_at', id: 'id' },
      whether: { canceling: setToEnd },
    },
  },
  initial: (): State => null,
  evolve: {
    // `canceled` and `incomplete_expired` are final for a subscription id: a stale snapshot never revives it.
    subscription: (state, { snapshot, event }) =>
      state !== null && isFinalStatus(state.current.status) && !isFinalStatus(snapshot.status)
        ? state
        : { current: snapshot, changedBy: event, ...statusAfter(state, snapshot.status, event) },
    ...allBut('subscription'),
  },
  rows: (state) => ({ subscriptions: state === null ? [] : [subscriptionRow(state)] }),
});

function statusAfter(
  state: State,
  status: string,
  event: EventReference,
): Pick<Life, 'statusBegan' | 'previousStatus'> {
  if (state === null) return { statusBegan: event, previousStatus: null };
  const { current, statusBegan, previousStatus } = state;
  return status === current.status
    ? { statusBegan, previousStatus }
    : { statusBegan: event, previousStatus: current.status };
}

function subscriptionRow({ current, changedBy, statusBegan, previousStatus }: Life) {
  const fields = {
    ...current,
    previousStatus,
    statusSince: statusBegan.created,
    statusEvent: statusBegan.stripeEventId,
  };
  return rowOf(columns, fields, provenanceOf({ snapshot: current, event: changedBy }));
}
