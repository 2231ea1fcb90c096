import { isFinalStatus, type SubscriptionSnapshot } from '../src/events/normalise.js';
import { defineProjection, ignored, type EventReference } from './projection.js';
import { ID, provenanceColumns, provenanceOf, rowOf } from './row.js';

const columns = {
  id: ID,
  customer: ID,
  status: `${ID} not null`,
  currency: 'text',
  items: 'jsonb not null',
  period_start: 'timestamptz',
  period_end: 'timestamptz',
  trial_start: 'timestamptz',
  trial_end: 'timestamptz',
  started_at: 'timestamptz',
  cancel_at: 'timestamptz',
  cancel_at_period_end: 'boolean',
  canceled_at: 'timestamptz',
  ended_at: 'timestamptz',
  pause_collection: 'jsonb',
  collection_method: 'text',
  latest_invoice: ID,
  schedule: ID,
  test_clock: ID,
};

type State = { current: SubscriptionSnapshot; changedBy: EventReference } | null;

/** What is each subscription now: its status, items, periods, trial, and how and when it ends? */
export const subscriptions = defineProjection({
  name: 'subscriptions',
  version: 1,
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
      state !== null && isFinalStatus(state.current.status) && !isFinalStatus(snapshot.status) ? state : { current: snapshot, changedBy: event },
    ...ignored(
      'invoice', 'upcoming_invoice', 'invoice_item', 'invoice_payment', 'payment', 'refund', 'dispute', 'credit_note', 'checkout_session',
      'subscription_schedule', 'customer', 'discount', 'entitlements', 'price', 'plan', 'product', 'coupon', 'deletion', 'related_object',
    ),
  },
  rows: (state) => ({ subscriptions: state === null ? [] : [{ ...rowOf(columns, state.current), ...provenanceOf({ snapshot: state.current, event: state.changedBy }) }] }),
});
