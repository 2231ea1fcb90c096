/**
 * The resources of Stripe that can be listed and fetched (docs.stripe.com/api, and the types of the `stripe` package).
 * Referenced objects come before those that refer to them.
 */
export type Resource = Readonly<{
  /** Stripe's name of the object. */
  object: string;
  /** The path of the list; one object is at `path/id`. */
  path: string;
  /** The listings that together show all objects: Stripe hides some by default. */
  listings: readonly Readonly<Record<string, string>>[];
  /** Whether a list can be filtered by `created`; otherwise it is paged by its cursor only. */
  hasCreated: boolean;
  /** The first API version that has it; null: all. */
  since: string | null;
  /** Fields to expand, as paths within one object. */
  expand: readonly string[];
  /** `default`: always; `wanted`: only if named; `sandbox`: in test mode. */
  when: 'default' | 'wanted' | 'sandbox';
  /** The right that a restricted key needs, as Stripe names it. */
  right: string;
}>;

const resource = (
  object: string,
  path: string,
  right: string,
  more: Partial<Omit<Resource, 'object' | 'path' | 'right'>> = {},
): Resource => ({
  object,
  path,
  right,
  listings: [{}],
  hasCreated: true,
  since: null,
  expand: [],
  when: 'default',
  ...more,
});

const BASIL = '2025-03-31.basil';

export const RESOURCES: readonly Resource[] = [
  resource('product', '/v1/products', 'rak_product_read'),
  // Inactive prices need a second listing; prices created inline by an invoice are in neither.
  resource('price', '/v1/prices', 'rak_plan_read', {
    listings: [{ active: 'true' }, { active: 'false' }],
    // Events have no tiers since 2020-08-27, and without tiers an amount cannot be computed.
    expand: ['tiers'],
  }),
  resource('plan', '/v1/plans', 'rak_plan_read', { when: 'wanted' }),
  resource('coupon', '/v1/coupons', 'rak_coupon_read'),
  resource('promotion_code', '/v1/promotion_codes', 'rak_promotion_code_read'),
  resource('tax_rate', '/v1/tax_rates', 'rak_tax_rate_read'),
  resource('customer', '/v1/customers', 'rak_customer_read'),
  // The default excludes canceled subscriptions.
  resource('subscription', '/v1/subscriptions', 'rak_subscription_read', { listings: [{ status: 'all' }] }),
  resource('subscription_schedule', '/v1/subscription_schedules', 'rak_subscription_read'),
  resource('invoice', '/v1/invoices', 'rak_invoice_read'),
  // Only pending items: the others are lines of invoices.
  resource('invoiceitem', '/v1/invoiceitems', 'rak_invoice_read', { listings: [{ pending: 'true' }] }),
  resource('invoice_payment', '/v1/invoice_payments', 'rak_invoice_read', { since: BASIL }),
  resource('payment_intent', '/v1/payment_intents', 'rak_payment_intent_read'),
  resource('charge', '/v1/charges', 'rak_charge_read'),
  resource('refund', '/v1/refunds', 'rak_charge_read'),
  resource('dispute', '/v1/disputes', 'rak_dispute_read'),
  resource('credit_note', '/v1/credit_notes', 'rak_credit_note_read'),
  resource('balance_transaction', '/v1/balance_transactions', 'rak_balance_transaction_source_read'),
  resource('payout', '/v1/payouts', 'rak_payout_read'),
  resource('checkout.session', '/v1/checkout/sessions', 'rak_checkout_session_read', {
    listings: [{ status: 'complete' }],
  }),
  resource('setup_intent', '/v1/setup_intents', 'rak_setup_intent_read', { when: 'wanted' }),
  resource('quote', '/v1/quotes', 'rak_quote_read', { hasCreated: false, when: 'wanted' }),
  resource('payment_method', '/v1/payment_methods', 'rak_payment_method_read', { hasCreated: false, when: 'wanted' }),
  resource('test_helpers.test_clock', '/v1/test_helpers/test_clocks', 'rak_billing_clock_read', {
    hasCreated: false,
    when: 'sandbox',
  }),
];

/** The resource of `GET /v1/events`; not in the table, because events are read by time window. */
export const EVENTS = resource('event', '/v1/events', 'rak_event_read');

/** The resource of an object's name, e.g. `subscription`; null when the ledger does not read it. */
export const resourceOf = (object: string): Resource | null =>
  RESOURCES.find((known) => known.object === object) ?? null;

/** Whether an API version has a resource. */
export const isIn = ({ since }: Resource, apiVersion: string): boolean =>
  since === null || apiVersion.slice(0, 10) >= since.slice(0, 10);
