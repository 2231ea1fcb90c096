import { randomId, START } from './subscription-events.js';

/**
 * API versions before and after 2025-03-31.basil, which moved the fields that link invoices, payments and
 * subscriptions.
 */
export const OLD = '2020-08-27';
export const BASIL = '2025-03-31.basil';
export const DAHLIA = '2026-03-25.dahlia';
export const isBasilOrLater = (apiVersion: string): boolean => apiVersion >= BASIL;

type StripeObject = Readonly<{ object: string } & Record<string, unknown>>;
type Envelope = Readonly<{
  id?: string;
  after?: number;
  apiVersion?: string;
  previous?: object;
  livemode?: boolean;
  account?: string;
}>;

/** A Stripe event about an object, `after` seconds from the start of the tests' lives. */
export function stripeEvent(
  type: string,
  object: StripeObject,
  { id = randomId('evt'), after = 0, apiVersion = BASIL, previous, livemode = false, account }: Envelope = {},
) {
  return {
    id,
    object: 'event',
    type,
    created: START + after,
    api_version: apiVersion,
    livemode,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    ...(account === undefined ? {} : { account }),
    data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) },
  };
}

/** A subscription invoice of 19.00 EUR with the fields of its API version. */
export function invoice(
  id: string,
  apiVersion: string,
  { subscription = 'sub_1', ...fields }: { subscription?: string | null } & Record<string, unknown> = {},
): StripeObject {
  const named = isBasilOrLater(apiVersion)
    ? {
        parent: subscription === null ? null : { type: 'subscription_details', subscription_details: { subscription } },
        total_taxes: [{ amount: 303 }],
      }
    : {
        subscription,
        charge: null,
        payment_intent: null,
        total_tax_amounts: [{ amount: 303 }],
        paid: fields['status'] === 'paid',
      };
  return {
    id,
    object: 'invoice',
    status: 'draft',
    customer: 'cus_1',
    currency: 'eur',
    subtotal: 1597,
    total: 1900,
    amount_due: 1900,
    amount_paid: 0,
    amount_remaining: 1900,
    starting_balance: 0,
    ending_balance: null,
    attempt_count: 0,
    billing_reason: 'subscription_cycle',
    collection_method: 'charge_automatically',
    created: START,
    period_start: START,
    period_end: START + 2_678_400,
    status_transitions: { finalized_at: null, paid_at: null, voided_at: null, marked_uncollectible_at: null },
    lines: { object: 'list', has_more: false, data: [invoiceLine(apiVersion, subscription)] },
    ...named,
    ...fields,
  };
}

function invoiceLine(apiVersion: string, subscription: string | null) {
  const line = {
    id: 'il_1',
    object: 'line_item',
    amount: 1900,
    currency: 'eur',
    quantity: 1,
    description: '1 × Monthly',
    period: { start: START, end: START + 2_678_400 },
  };
  return isBasilOrLater(apiVersion)
    ? {
        ...line,
        parent: {
          type: 'subscription_item_details',
          subscription_item_details: { subscription, subscription_item: 'si_1', proration: false },
        },
        pricing: {
          type: 'price_details',
          price_details: { price: 'price_1', product: 'prod_1' },
          unit_amount_decimal: '1900',
        },
      }
    : {
        ...line,
        type: 'subscription',
        subscription,
        subscription_item: 'si_1',
        proration: false,
        price: { id: 'price_1', object: 'price', product: 'prod_1', unit_amount: 1900, unit_amount_decimal: '1900' },
      };
}

/** The fields of an invoice that change with its payment. */
export const paidInvoice = {
  status: 'paid',
  number: 'N-1',
  amount_paid: 1900,
  amount_remaining: 0,
  attempt_count: 1,
  ending_balance: 0,
  status_transitions: { finalized_at: START + 5, paid_at: START + 9, voided_at: null, marked_uncollectible_at: null },
};

/** A successful charge of 19.00 EUR; before basil it names its invoice. */
export const charge = (
  id: string,
  apiVersion: string,
  { invoice: of = null, ...fields }: { invoice?: string | null } & Record<string, unknown> = {},
): StripeObject => ({
  id,
  object: 'charge',
  amount: 1900,
  amount_captured: 1900,
  amount_refunded: 0,
  currency: 'eur',
  customer: 'cus_1',
  paid: true,
  captured: true,
  status: 'succeeded',
  disputed: false,
  payment_intent: null,
  payment_method: 'pm_1',
  balance_transaction: 'txn_charge',
  failure_code: null,
  created: START,
  ...(isBasilOrLater(apiVersion) ? {} : { invoice: of, refunds: { object: 'list', has_more: false, data: [] } }),
  ...fields,
});

/** A payment intent of 19.00 EUR; before basil it names its invoice. */
export const paymentIntent = (
  id: string,
  apiVersion: string,
  { invoice: of = null, ...fields }: { invoice?: string | null } & Record<string, unknown> = {},
): StripeObject => ({
  id,
  object: 'payment_intent',
  amount: 1900,
  amount_received: 0,
  currency: 'eur',
  customer: 'cus_1',
  status: 'requires_payment_method',
  latest_charge: null,
  payment_method: null,
  last_payment_error: null,
  created: START,
  canceled_at: null,
  cancellation_reason: null,
  ...(isBasilOrLater(apiVersion) ? {} : { invoice: of }),
  ...fields,
});

/** A successful refund of 5.00 EUR. */
export const refund = (id: string, fields: Record<string, unknown> = {}): StripeObject => ({
  id,
  object: 'refund',
  amount: 500,
  currency: 'eur',
  status: 'succeeded',
  charge: 'ch_1',
  payment_intent: null,
  balance_transaction: 'txn_refund',
  failure_reason: null,
  reason: 'requested_by_customer',
  created: START,
  ...fields,
});

/** A dispute of 19.00 EUR. */
export const dispute = (id: string, fields: Record<string, unknown> = {}): StripeObject => ({
  id,
  object: 'dispute',
  amount: 1900,
  currency: 'eur',
  status: 'needs_response',
  reason: 'fraudulent',
  charge: 'ch_1',
  payment_intent: null,
  balance_transactions: [],
  evidence_details: { due_by: START + 700_000 },
  created: START,
  ...fields,
});
/** The money that a dispute withdraws: its amount and a fee, in the account's currency. */
export const withdrawal = {
  id: 'txn_withdrawn',
  object: 'balance_transaction',
  amount: -1900,
  fee: 1500,
  net: -3400,
  currency: 'eur',
  created: START,
};

/** A credit note of 5.00 EUR, issued after payment. */
export const creditNote = (id: string, fields: Record<string, unknown> = {}): StripeObject => ({
  id,
  object: 'credit_note',
  invoice: 'in_1',
  customer: 'cus_1',
  status: 'issued',
  type: 'post_payment',
  currency: 'eur',
  amount: 500,
  subtotal: 500,
  total: 500,
  created: START,
  ...fields,
});

/** An invoice payment of 19.00 EUR by a payment intent. */
export const invoicePayment = (id: string, fields: Record<string, unknown> = {}): StripeObject => ({
  id,
  object: 'invoice_payment',
  invoice: 'in_1',
  status: 'open',
  currency: 'eur',
  amount_requested: 1900,
  amount_paid: null,
  is_default: true,
  created: START,
  payment: { type: 'payment_intent', payment_intent: 'pi_1' },
  status_transitions: { paid_at: null, canceled_at: null },
  ...fields,
});

export const customer = (id: string, fields: Record<string, unknown> = {}): StripeObject => ({
  id,
  object: 'customer',
  email: 'ada@example.com',
  name: 'Ada',
  currency: 'eur',
  balance: 0,
  delinquent: false,
  invoice_settings: { default_payment_method: 'pm_1' },
  created: START,
  ...fields,
});

/** The summary of a customer's entitlements to features, by lookup key. */
export const entitlementSummary = (
  customerId: string,
  lookupKeys: readonly string[],
  hasMore = false,
): StripeObject => ({
  object: 'entitlements.active_entitlement_summary',
  customer: customerId,
  livemode: false,
  entitlements: {
    object: 'list',
    has_more: hasMore,
    data: lookupKeys.map((key) => ({
      id: `ent_${key}`,
      object: 'entitlements.active_entitlement',
      feature: `feat_${key}`,
      lookup_key: key,
      livemode: false,
    })),
  },
});
