import { isFinalStatus, type SubscriptionSnapshot } from '../src/events/normalise.js';
import { defineProjection, ignored, type EventReference } from './projection.js';
import { ID, provenanceColumns, provenanceOf, rowOf } from './row.js';

const columns = {
  id: ID,
  customer: ID,
  status: `${ID} not null`,
  status_since: 'timestamptz not null',
  status_event: `${ID} not null`,
  previous_status: ID,
  currency: 'text',
  items: 'jsonb not null',
  has_all_items: 'boolean not null',
  period_start: 'timestamptz',
  period_end: 'timestamptz',
  trial_start: 'timestamptz',
  trial_end: 'timestamptz',
  started_at: 'timestamptz',
  cancel_at: 'timestamptz',
  cancel_at_period_end: 'boolean',
  canceled_at: 'timestamptz',
  ended_at: 'timestamptz',
  cancellation_reason: 'text',
  pause_collection: 'jsonb',
  collection_method: 'text',
  latest_invoice: ID,
  schedule: ID,
  test_clock: ID,
};

/** `statusBegan` is the event from which on the status is what it is, or the first one known, when no earlier is. */
type Life = Readonly<{ current: SubscriptionSnapshot; changedBy: EventReference; statusBegan: EventReference; previousStatus: string | null }>;
type State = Life | null;

/** What is each subscription now: its status and since when, its items, periods, trial, and how and when it ends? */
export const subscriptions = defineProjection({
  name: 'subscriptions',
  version: 3,
  tables: {
    subscriptions: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [['customer', 'id'], ['status', 'id']],
    },
  },
  initial: (): State => null,
  evolve: {
    // `canceled` and `incomplete_expired` are final for a subscription id: a stale snapshot never revives it.
    subscription: (state, { snapshot, event }) =>
      state !== null && isFinalStatus(state.current.status) && !isFinalStatus(snapshot.status) ? state : { current: snapshot, changedBy: event, ...statusAfter(state, snapshot.status, event) },
    ...ignored(
      'invoice', 'upcoming_invoice', 'invoice_item', 'invoice_payment', 'payment', 'refund', 'dispute', 'credit_note', 'checkout_session',
      'subscription_schedule', 'customer', 'discount', 'entitlements', 'price', 'plan', 'product', 'coupon', 'deletion', 'related_object',
    ),
  },
  rows: (state) => ({ subscriptions: state === null ? [] : [subscriptionRow(state)] }),
});

function statusAfter(state: State, status: string, event: EventReference): Pick<Life, 'statusBegan' | 'previousStatus'> {
  if (state === null) return { statusBegan: event, previousStatus: null };
  const { current, statusBegan, previousStatus } = state;
  return status === current.status ? { statusBegan, previousStatus } : { statusBegan: event, previousStatus: current.status };
}

function subscriptionRow({ current, changedBy, statusBegan, previousStatus }: Life) {
  const fields = { ...current, previousStatus, statusSince: statusBegan.created, statusEvent: statusBegan.stripeEventId };
  return { ...rowOf(columns, fields), ...provenanceOf({ snapshot: current, event: changedBy }) };
}
