import { isFinalStatus, type SubscriptionSnapshot } from '../src/events/normalise.js';
import { defineProjection, ignored, type EventReference } from './projection.js';

/** What is each subscription now: its status, items, periods, trial, and how and when it ends? */
type State = { current: SubscriptionSnapshot; changedBy: EventReference } | null;

export const subscriptions = defineProjection({
  name: 'subscriptions',
  version: 1,
  tables: {
    subscriptions: {
      columns: {
        id: 'text collate "C"',
        customer: 'text collate "C"',
        status: 'text collate "C" not null',
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
        latest_invoice: 'text collate "C"',
        schedule: 'text collate "C"',
        test_clock: 'text collate "C"',
        livemode: 'boolean',
        account: 'text collate "C"',
        stripe_event_id: 'text collate "C" not null',
        stripe_event_type: 'text not null',
        stripe_event_created: 'timestamptz not null',
        api_version: 'text',
      },
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
      'subscription_schedule', 'customer', 'discount', 'entitlements', 'price', 'plan', 'product', 'coupon', 'deletion',
    ),
  },
  rows: (state) => ({ subscriptions: state === null ? [] : [rowOf(state.current, state.changedBy)] }),
});

const rowOf = (subscription: SubscriptionSnapshot, changedBy: EventReference) => ({
  id: subscription.id,
  customer: subscription.customer,
  status: subscription.status,
  currency: subscription.currency,
  items: subscription.items,
  period_start: subscription.periodStart,
  period_end: subscription.periodEnd,
  trial_start: subscription.trialStart,
  trial_end: subscription.trialEnd,
  started_at: subscription.startedAt,
  cancel_at: subscription.cancelAt,
  cancel_at_period_end: subscription.cancelAtPeriodEnd,
  canceled_at: subscription.canceledAt,
  ended_at: subscription.endedAt,
  pause_collection: subscription.pauseCollection,
  collection_method: subscription.collectionMethod,
  latest_invoice: subscription.latestInvoice,
  schedule: subscription.schedule,
  test_clock: subscription.testClock,
  livemode: subscription.livemode,
  account: subscription.account,
  stripe_event_id: changedBy.stripeEventId,
  stripe_event_type: changedBy.type,
  stripe_event_created: changedBy.created,
  api_version: changedBy.apiVersion,
});
