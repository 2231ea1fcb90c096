import { Fields, type Metadata } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { discountsOf, type DiscountFacts } from './discount.js';
import { originOf, type Origin } from './origin.js';
import { pricedBy, type PriceTerms } from './price.js';

/** One item of a subscription: a price, its quantity, and the paid period. */
export type SubscriptionItem = Readonly<{
  /** Null when the API version had no items (before 2016): the subscription had a single plan. */
  id: string | null;
  /** The price, or in old versions the plan. */
  price: string | null;
  /** Null for metered prices. */
  quantity: number | null;
  periodStart: string | null;
  periodEnd: string | null;
  /** The item's own; those on the whole subscription are listed there. */
  discounts: readonly DiscountFacts[];
}> &
  PriceTerms;

/**
 * The state of a subscription. Times are ISO 8601 in UTC; plain JSON. Unknown statuses and the like are passed through.
 */
export type SubscriptionSnapshot = Readonly<{
  kind: 'subscription';
  id: string;
  customer: string;
  status: string;
  currency: string | null;
  items: readonly SubscriptionItem[];
  /** False when the subscription has more items than the event shows. */
  hasAllItems: boolean;
  /** From the first start to the last end of the items' periods. */
  periodStart: string | null;
  periodEnd: string | null;
  trialStart: string | null;
  trialEnd: string | null;
  createdAt: string | null;
  startedAt: string | null;
  billingCycleAnchor: string | null;
  cancelAt: string | null;
  cancelAtPeriodEnd: boolean;
  canceledAt: string | null;
  endedAt: string | null;
  cancellationReason: string | null;
  /** Invoices are not collected, though the status may stay active; distinct from the status `paused`. */
  pauseCollection: Readonly<{ behavior: string; resumesAt: string | null }> | null;
  /** Why and when the status became `paused`; since 2026-09-30.endive. */
  paused: Readonly<{ reason: string | null; at: string | null }> | null;
  /** What happens when a trial ends without a payment method: `cancel`, `create_invoice` or `pause`. */
  trialEndBehavior: string | null;
  /** When an update that is waiting for its payment expires. */
  pendingUpdateExpiresAt: string | null;
  collectionMethod: string;
  billingMode: string | null;
  defaultPaymentMethod: string | null;
  discounts: readonly DiscountFacts[];
  latestInvoice: string | null;
  /** The setup intent that collects a payment method while nothing is due. */
  pendingSetupIntent: string | null;
  metadata: Metadata | null;
  schedule: string | null;
  testClock: string | null;
}> &
  Origin;

/** Reads a subscription of any API version since 2013. Throws `UnreadableSnapshot`. */
export function subscriptionSnapshot(stripeEvent: StripeEvent): SubscriptionSnapshot {
  const subscription = new Fields(stripeEvent.data.object, 'subscription');
  const items = itemsOf(subscription);
  return {
    kind: 'subscription',
    id: subscription.id('id'),
    customer: subscription.id('customer'),
    status: subscription.text('status'),
    currency: subscription.textOrNull('currency') ?? items[0]?.currency ?? null,
    items,
    hasAllItems: !subscription.isTruncated('items'),
    periodStart: subscription.timeOrNull('current_period_start') ?? least(items.map((item) => item.periodStart)),
    periodEnd: subscription.timeOrNull('current_period_end') ?? greatest(items.map((item) => item.periodEnd)),
    trialStart: subscription.timeOrNull('trial_start'),
    trialEnd: subscription.timeOrNull('trial_end'),
    createdAt: subscription.timeOrNull('created'),
    // Before 2019-10-17 `start` was the start of the current plan: `created` is closer to the real start.
    startedAt: subscription.timeOrNull('start_date', 'created', 'start'),
    billingCycleAnchor: subscription.timeOrNull('billing_cycle_anchor'),
    ...cancellation(subscription),
    ...pauses(subscription),
    ...settings(subscription),
    discounts: discountsOf(subscription),
    latestInvoice: subscription.idOrNull('latest_invoice'),
    pendingSetupIntent: subscription.idOrNull('pending_setup_intent'),
    metadata: subscription.metadataOrNull(),
    schedule: subscription.idOrNull('schedule'),
    testClock: subscription.idOrNull('test_clock'),
    ...originOf(stripeEvent),
  };
}

function cancellation(subscription: Fields) {
  return {
    cancelAt: subscription.timeOrNull('cancel_at'),
    cancelAtPeriodEnd: subscription.flag('cancel_at_period_end', false),
    canceledAt: subscription.timeOrNull('canceled_at'),
    endedAt: subscription.timeOrNull('ended_at'),
    cancellationReason: subscription.hashOrNull('cancellation_details')?.textOrNull('reason') ?? null,
  };
}

function pauses(subscription: Fields) {
  const collection = subscription.hashOrNull('pause_collection');
  const paused = subscription.hashOrNull('status_details')?.hashOrNull('paused') ?? null;
  return {
    pauseCollection: collection && {
      behavior: collection.text('behavior'),
      resumesAt: collection.timeOrNull('resumes_at'),
    },
    paused: paused && {
      reason: paused.hashOrNull('subscription')?.textOrNull('type') ?? null,
      at: paused.timeOrNull('transitioned_at'),
    },
  };
}

function settings(subscription: Fields) {
  return {
    trialEndBehavior:
      subscription.hashOrNull('trial_settings')?.hashOrNull('end_behavior')?.textOrNull('missing_payment_method') ??
      null,
    pendingUpdateExpiresAt: subscription.hashOrNull('pending_update')?.timeOrNull('expires_at') ?? null,
    // `billing` before 2019-10-17; before 2017 every subscription was charged automatically.
    collectionMethod: subscription.textOrNull('collection_method', 'billing') ?? 'charge_automatically',
    billingMode: subscription.hashOrNull('billing_mode')?.textOrNull('type') ?? null,
    defaultPaymentMethod: subscription.idOrNull('default_payment_method', 'default_source'),
  };
}

/** Items exist since 2016, with prices since 2020; before, the subscription itself had one plan and a quantity. */
function itemsOf(subscription: Fields): SubscriptionItem[] {
  const items = subscription.hashes('items');
  if (items.length > 0) return items.map((item) => itemOf(item, subscription));
  return subscription.hashOrNull('plan') === null
    ? []
    : [{ ...itemOf(subscription, subscription), id: null, discounts: [] }];
}

function itemOf(item: Fields, subscription: Fields): SubscriptionItem {
  return {
    id: item.idOrNull('id'),
    ...pricedBy(item),
    quantity: item.integerOrNull('quantity'),
    // Items have their own periods since 2025-03-31.basil; before, the subscription had one for all.
    periodStart: item.timeOrNull('current_period_start') ?? subscription.timeOrNull('current_period_start'),
    periodEnd: item.timeOrNull('current_period_end') ?? subscription.timeOrNull('current_period_end'),
    discounts: discountsOf(item),
  };
}

function least(times: readonly (string | null)[]): string | null {
  return times.filter((time) => time !== null).sort()[0] ?? null;
}

function greatest(times: readonly (string | null)[]): string | null {
  return (
    times
      .filter((time) => time !== null)
      .sort()
      .at(-1) ?? null
  );
}
