import type Stripe from 'stripe';
import { isBasilOrLater, isCloverOrLater } from '../api-version.js';
import type { Subscription, SubscriptionItem } from '../books.js';
import type { JsonObject, Shape, StripeObject } from '../json.js';
import { discountShape } from './discount.js';
import { planShape, priceShape } from './price.js';
import { listShape, type View } from './view.js';

/** Fields of the `stripe` package's types that are newer than the versions rendered here. */
type NewerFields = 'billing_schedules' | 'managed_payments' | 'customer_account';

export function subscriptionShape(view: View, subscription: Subscription): StripeObject {
  const common = commonFields(view, subscription);
  return isBasilOrLater(view.apiVersion)
    ? ({ ...common, ...sinceBasil(view, subscription) } satisfies Omit<Shape<Stripe.Subscription>, NewerFields> &
        StripeObject)
    : { ...common, ...beforeBasil(view, subscription) };
}

function commonFields(view: View, subscription: Subscription) {
  return {
    id: subscription.id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: automaticTax(view),
    billing_cycle_anchor: subscription.anchorAt,
    billing_thresholds: null,
    cancel_at: subscription.cancelAt,
    cancel_at_period_end: subscription.cancelAtPeriodEnd,
    canceled_at: subscription.canceledAt,
    cancellation_details: { comment: null, feedback: null, reason: subscription.cancellationReason },
    collection_method: 'charge_automatically',
    created: subscription.createdAt,
    currency: subscription.currency,
    customer: subscription.customer,
    days_until_due: null,
    default_payment_method: subscription.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: subscription.discount === null ? [] : [subscription.discount.id],
    ended_at: subscription.endedAt,
    invoice_settings: { account_tax_ids: null, issuer: { type: 'self' } },
    items: listShape(
      subscription.items.map((item) => itemShape(view, subscription, item)),
      `/v1/subscription_items?subscription=${subscription.id}`,
      true,
    ),
    latest_invoice: subscription.latestInvoice,
    livemode: view.account.livemode,
    metadata: subscription.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: subscription.pauseCollection === null ? null : { ...subscription.pauseCollection },
    payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: 'off' },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: subscription.schedule,
    start_date: subscription.createdAt,
    status: subscription.status,
    test_clock: view.clock?.id ?? null,
    transfer_data: null,
    trial_end: subscription.trialEnd,
    trial_settings: { end_behavior: { missing_payment_method: 'create_invoice' } },
    trial_start: subscription.trialStart,
    ...onlyItem(view, subscription),
  } satisfies JsonObject;
}

/** A subscription with a single item repeats its plan and quantity at the top level. */
function onlyItem(view: View, subscription: Subscription): JsonObject {
  const [item, ...more] = subscription.items;
  if (item === undefined || more.length > 0) return { plan: null, quantity: null };
  return { plan: planShape(view, item.price), quantity: item.quantity };
}

function beforeBasil(view: View, subscription: Subscription) {
  return {
    current_period_end: subscription.periodEnd,
    current_period_start: subscription.periodStart,
    discount: subscription.discount === null ? null : discountShape(view, subscription.discount),
    tax_percent: null,
  };
}

function sinceBasil(view: View, _subscription: Subscription) {
  const clover = isCloverOrLater(view.apiVersion);
  return {
    billing_cycle_anchor_config: null,
    billing_mode: clover ? { type: 'flexible', flexible: { proration_discounts: 'included' } } : { type: 'classic' },
  };
}

function itemShape(view: View, subscription: Subscription, item: SubscriptionItem): JsonObject {
  return {
    id: item.id,
    object: 'subscription_item',
    billing_thresholds: null,
    created: item.createdAt,
    ...(isBasilOrLater(view.apiVersion)
      ? {
          current_period_end: subscription.periodEnd,
          current_period_start: subscription.periodStart,
          current_trial: null,
        }
      : {}),
    discounts: [],
    metadata: {},
    plan: planShape(view, item.price),
    price: priceShape(view, item.price),
    ...(item.quantity === null ? {} : { quantity: item.quantity }),
    subscription: subscription.id,
    tax_rates: [],
  };
}

function automaticTax(view: View): JsonObject {
  return isBasilOrLater(view.apiVersion)
    ? { disabled_reason: null, enabled: false, liability: null }
    : { enabled: false };
}
