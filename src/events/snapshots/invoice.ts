import { Fields, type Metadata } from '../fields.js';
import { subscriptionOf } from '../identity.js';
import { field, type JsonObject } from '../json.js';
import { invoiceStatusOf } from '../rank.js';
import type { StripeEvent } from '../stripe-event.js';
import { discountsOf, type DiscountFacts } from './discount.js';
import { invoiceLine, isInclusive, sumOrNull, type InvoiceLine } from './invoice-line.js';
import { invoicePaymentFacts, type InvoicePaymentFacts } from './invoice-payment.js';
import { originOf, type Origin } from './origin.js';

/** An invoice, or the preview of the next one. Money in minor units of `currency`; times ISO 8601 in UTC. */
type InvoiceFacts = Readonly<{
  number: string | null;
  customer: string | null;
  /** The subscription of the invoice, by the rule that also routes it; never that of a line alone. */
  subscription: string | null;
  quote: string | null;
  /** `draft`, `open`, `paid`, `uncollectible`, `void`; before 2018-11-08 derived from `paid`, `forgiven` and others. */
  status: string;
  /** The status before this event, where the event says that it changed. */
  formerStatus: string | null;
  billingReason: string | null;
  collectionMethod: string;
  currency: string;
  subtotalMinor: number;
  totalMinor: number;
  taxMinor: number | null;
  /** The part of the total that shipping costs, including its tax. */
  shippingMinor: number;
  shippingTaxMinor: number;
  /** The sum of all discounts; null when the snapshot neither shows it nor lets it be derived. */
  discountMinor: number | null;
  amountDueMinor: number;
  amountPaidMinor: number;
  amountRemainingMinor: number;
  amountOverpaidMinor: number;
  /**
   * The part of `amountPaidMinor` paid outside Stripe; null where the snapshot does not say, as since 2025-03-31.basil.
   */
  amountPaidOffStripeMinor: number | null;
  paidOutOfBand: boolean | null;
  /** The customer's balance before and after; negative is credit. `endingBalanceMinor` is null until finalised. */
  startingBalanceMinor: number;
  endingBalanceMinor: number | null;
  prePaymentCreditNotesMinor: number;
  postPaymentCreditNotesMinor: number;
  attemptCount: number;
  nextPaymentAttempt: string | null;
  dueDate: string | null;
  periodStart: string | null;
  periodEnd: string | null;
  createdAt: string | null;
  finalizedAt: string | null;
  paidAt: string | null;
  voidedAt: string | null;
  markedUncollectibleAt: string | null;
  /** Why Stripe could not finalise the invoice; null once it could, and before 2020. */
  finalizationError: Readonly<{ code: string | null; type: string | null; message: string | null }> | null;
  /** Status of automatic tax: `complete`, `requires_location_inputs`, `failed`; null where none is computed. */
  automaticTaxStatus: string | null;
  /** Until 2025-03-31.basil; since then only invoice payments link payments to invoices. */
  charge: string | null;
  paymentIntent: string | null;
  /** The invoice payments listed on the invoice (since 2025-03-31.basil), in the few events that show the list. */
  payments: readonly InvoicePaymentFacts[];
  discounts: readonly DiscountFacts[];
  lines: readonly InvoiceLine[];
  /** False when the invoice has more lines than the event shows. */
  hasAllLines: boolean;
  metadata: Metadata | null;
  testClock: string | null;
}> &
  Origin;

export type InvoiceSnapshot = Readonly<{ kind: 'invoice'; id: string }> & InvoiceFacts;
/** The preview in `invoice.upcoming`: it has no id and is never paid. */
export type UpcomingInvoiceSnapshot = Readonly<{ kind: 'upcoming_invoice' }> & InvoiceFacts;

export function invoiceSnapshot(stripeEvent: StripeEvent): InvoiceSnapshot {
  const invoice = new Fields(stripeEvent.data.object, 'invoice');
  return { kind: 'invoice', id: invoice.id('id'), ...invoiceFacts(invoice, stripeEvent) };
}

export function upcomingInvoiceSnapshot(stripeEvent: StripeEvent): UpcomingInvoiceSnapshot {
  return { kind: 'upcoming_invoice', ...invoiceFacts(new Fields(stripeEvent.data.object, 'invoice'), stripeEvent) };
}

function invoiceFacts(invoice: Fields, stripeEvent: StripeEvent): InvoiceFacts {
  const totals = amounts(invoice);
  const lines = linesOf(invoice, totals.discountMinor);
  return {
    number: invoice.textOrNull('number'),
    customer: invoice.idOrNull('customer'),
    subscription: subscriptionOf(invoice.object),
    quote:
      invoice.idOrNull('quote') ?? invoice.hashOrNull('parent')?.hashOrNull('quote_details')?.idOrNull('quote') ?? null,
    status: statusOf(invoice, stripeEvent.type),
    formerStatus: formerStatusOf(invoice, stripeEvent),
    billingReason: invoice.textOrNull('billing_reason'),
    // `billing` before 2019-10-17; before 2017 every invoice was charged automatically.
    collectionMethod: invoice.textOrNull('collection_method', 'billing') ?? 'charge_automatically',
    currency: currencyOf(invoice, lines),
    ...totals,
    ...balances(invoice),
    ...times(invoice),
    attemptCount: invoice.integerOrNull('attempt_count') ?? 0,
    finalizationError: finalizationErrorOf(invoice),
    automaticTaxStatus: invoice.hashOrNull('automatic_tax')?.textOrNull('status') ?? null,
    charge: invoice.idOrNull('charge'),
    paymentIntent: invoice.idOrNull('payment_intent'),
    payments: invoice.hashes('payments').map(invoicePaymentFacts),
    discounts: discountsOf(invoice),
    lines,
    hasAllLines: !invoice.isTruncated('lines'),
    metadata: invoice.metadataOrNull(),
    testClock: invoice.idOrNull('test_clock'),
    ...originOf(stripeEvent),
  };
}

/** An invoice without discounts has none on its lines. */
function linesOf(invoice: Fields, discountMinor: number | null): InvoiceLine[] {
  const lines = lineHashes(invoice).map(invoiceLine);
  return discountMinor === 0 ? lines.map((line) => ({ ...line, discountMinor: line.discountMinor ?? 0 })) : lines;
}

/** In 2012 only invoice lines, or their plans, had a currency. */
const currencyOf = (invoice: Fields, lines: readonly InvoiceLine[]): string =>
  invoice.textOrNull('currency') ?? lines[0]?.currency ?? invoice.text('currency');

/** Until 2012-10-26 each type of line had its own list. */
function lineHashes(invoice: Fields): readonly Fields[] {
  const lists = Array.isArray(field(invoice.object, 'lines')) ? null : invoice.hashOrNull('lines');
  if (lists === null || lists.has('data')) return invoice.hashes('lines');
  return ['subscriptions', 'invoiceitems', 'prorations'].flatMap((type) => lists.hashes(type));
}

const statusIn = (invoice: JsonObject): string => {
  const status = field(invoice, 'status');
  return typeof status === 'string' ? status : invoiceStatusOf(invoice);
};

/** `invoice.sent` and `invoice.finalized` prove that the invoice is finalised; old versions show it nowhere else. */
function statusOf(invoice: Fields, type: string): string {
  const status = invoice.textOrNull('status') ?? invoiceStatusOf(invoice.object);
  const isOld = !invoice.has('status');
  return isOld && status === 'draft' && SENT.includes(type) ? 'open' : status;
}

const SENT = ['invoice.sent', 'invoice.finalized'];

function formerStatusOf(invoice: Fields, { data: { previous_attributes: previous } }: StripeEvent): string | null {
  if (previous === null) return null;
  const former = statusIn({ ...invoice.object, ...previous });
  return former === statusIn(invoice.object) ? null : former;
}

function finalizationErrorOf(invoice: Fields): InvoiceFacts['finalizationError'] {
  const error = invoice.hashOrNull('last_finalization_error');
  return (
    error && { code: error.textOrNull('code'), type: error.textOrNull('type'), message: error.textOrNull('message') }
  );
}

function amounts(invoice: Fields) {
  return {
    subtotalMinor: invoice.integer('subtotal'),
    totalMinor: invoice.integer('total'),
    // `tax` and `total_tax_amounts` until 2025-03-31.basil.
    taxMinor:
      sumOrNull(invoice, 'total_taxes') ?? sumOrNull(invoice, 'total_tax_amounts') ?? invoice.integerOrNull('tax'),
    shippingMinor: invoice.hashOrNull('shipping_cost')?.integerOrNull('amount_total') ?? 0,
    shippingTaxMinor: invoice.hashOrNull('shipping_cost')?.integerOrNull('amount_tax') ?? 0,
    discountMinor: sumOrNull(invoice, 'total_discount_amounts') ?? derivedDiscount(invoice),
    amountOverpaidMinor: invoice.integerOrNull('amount_overpaid') ?? 0,
    ...payment(invoice),
  };
}

/**
 * Before 2018 an invoice was paid in full or not at all, shown only by `paid`. Before 2025-03-31.basil `amount_paid`
 * excluded payments outside Stripe, which then covered the whole invoice.
 */
function payment(invoice: Fields) {
  const due = invoice.integer('amount_due');
  const paid = invoice.integerOrNull('amount_paid') ?? (invoice.flag('paid', false) ? due : 0);
  const isOutside = paidOutOfBand(invoice, due);
  const isPaidOutside = isOutside === true && statusIn(invoice.object) === 'paid';
  return {
    amountDueMinor: due,
    amountPaidMinor: isPaidOutside ? due : paid,
    amountRemainingMinor: isPaidOutside ? 0 : (invoice.integerOrNull('amount_remaining') ?? due - paid),
    amountPaidOffStripeMinor: isPaidOutside ? due : invoice.integerOrNull('amount_paid_off_stripe'),
    paidOutOfBand: isOutside,
  };
}

/**
 * Whether an invoice was paid outside Stripe: `paid_out_of_band` until 2025-03-31.basil, `amount_paid_off_stripe` since
 * 2026-05-27.dahlia. Before either existed, a paid invoice was paid outside if an amount was due and it names no
 * charge; with nothing due it was not.
 */
function paidOutOfBand(invoice: Fields, due: number): boolean | null {
  if (invoice.has('paid_out_of_band')) return invoice.flag('paid_out_of_band', false);
  const offStripe = invoice.integerOrNull('amount_paid_off_stripe');
  if (offStripe !== null) return offStripe > 0;
  if (due === 0 && statusIn(invoice.object) === 'paid') return false;
  if (!invoice.has('paid') || !Object.hasOwn(invoice.object, 'charge')) return null;
  const isPaid = invoice.flag('paid', false);
  return isPaid && due > 0 && !invoice.has('charge') && !invoice.has('payment_intent');
}

/** Before 2020-08-27 the amount was not shown: it is subtotal plus exclusive tax and shipping, less the total. */
function derivedDiscount(invoice: Fields): number | null {
  const taxes = ['total_taxes', 'total_tax_amounts'].flatMap((name) => invoice.hashes(name));
  const exclusive = taxes.filter((tax) => !isInclusive(tax)).reduce((sum, tax) => sum + tax.integer('amount'), 0);
  const tax = taxes.length === 0 ? (invoice.integerOrNull('tax') ?? 0) : exclusive;
  const shipping = invoice.integerOrNull('amount_shipping') ?? 0;
  const missing = invoice.integer('subtotal') + tax + shipping - invoice.integer('total');
  return missing < 0 ? null : missing;
}

function balances(invoice: Fields) {
  return {
    startingBalanceMinor: invoice.integerOrNull('starting_balance') ?? 0,
    endingBalanceMinor: invoice.integerOrNull('ending_balance'),
    prePaymentCreditNotesMinor: invoice.integerOrNull('pre_payment_credit_notes_amount') ?? 0,
    postPaymentCreditNotesMinor: invoice.integerOrNull('post_payment_credit_notes_amount') ?? 0,
  };
}

function times(invoice: Fields) {
  const transitions = invoice.hashOrNull('status_transitions');
  return {
    nextPaymentAttempt: invoice.timeOrNull('next_payment_attempt'),
    dueDate: invoice.timeOrNull('due_date'),
    periodStart: invoice.timeOrNull('period_start'),
    periodEnd: invoice.timeOrNull('period_end'),
    createdAt: invoice.timeOrNull('created', 'date'),
    // Before 2019-05-16 `finalized_at` was a field of the invoice itself.
    finalizedAt: transitions?.timeOrNull('finalized_at') ?? invoice.timeOrNull('finalized_at'),
    paidAt: transitions?.timeOrNull('paid_at') ?? null,
    voidedAt: transitions?.timeOrNull('voided_at') ?? null,
    markedUncollectibleAt: transitions?.timeOrNull('marked_uncollectible_at') ?? null,
  };
}
