import { Fields } from '../fields.js';
import { subscriptionOf } from '../identity.js';
import { invoiceStatusOf } from '../rank.js';
import type { StripeEvent } from '../stripe-event.js';
import { discountsOf, type DiscountFacts } from './discount.js';
import { invoiceLine, sumOrNull, type InvoiceLine } from './invoice-line.js';
import { originOf, type Origin } from './origin.js';

/** What an invoice, or the preview of the next one, says. Money in minor units of `currency`; times ISO 8601 in UTC. */
type InvoiceFacts = Readonly<{
  number: string | null;
  customer: string | null;
  /** The subscription that the invoice is for, by the rule that also routes it; never one of its lines only. */
  subscription: string | null;
  quote: string | null;
  /** `draft`, `open`, `paid`, `uncollectible`, `void`; before 2018-11-08 derived from `paid`, `forgiven`, `closed`, `attempted`. */
  status: string;
  billingReason: string | null;
  collectionMethod: string;
  currency: string;
  subtotalMinor: number;
  totalMinor: number;
  taxMinor: number | null;
  discountMinor: number;
  amountDueMinor: number;
  amountPaidMinor: number;
  amountRemainingMinor: number;
  amountOverpaidMinor: number;
  /** What of `amountPaidMinor` came outside Stripe; null where the snapshot does not say, as from 2025-03-31.basil on. */
  amountPaidOffStripeMinor: number | null;
  paidOutOfBand: boolean | null;
  /** The customer's balance before and after; negative is the customer's credit. `endingBalanceMinor` is null until finalised. */
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
  /** Until 2025-03-31.basil; from then on only invoice payments tie payments to invoices. */
  charge: string | null;
  paymentIntent: string | null;
  discounts: readonly DiscountFacts[];
  lines: readonly InvoiceLine[];
  /** False when the invoice has more lines than the event shows. */
  hasAllLines: boolean;
  testClock: string | null;
}> &
  Origin;

export type InvoiceSnapshot = Readonly<{ kind: 'invoice'; id: string }> & InvoiceFacts;
/** The preview in `invoice.upcoming`: it has no id, and is never paid itself. */
export type UpcomingInvoiceSnapshot = Readonly<{ kind: 'upcoming_invoice' }> & InvoiceFacts;

export function invoiceSnapshot(stripeEvent: StripeEvent): InvoiceSnapshot {
  const invoice = new Fields(stripeEvent.data.object, 'invoice');
  return { kind: 'invoice', id: invoice.id('id'), ...invoiceFacts(invoice, stripeEvent) };
}

export function upcomingInvoiceSnapshot(stripeEvent: StripeEvent): UpcomingInvoiceSnapshot {
  return { kind: 'upcoming_invoice', ...invoiceFacts(new Fields(stripeEvent.data.object, 'invoice'), stripeEvent) };
}

function invoiceFacts(invoice: Fields, stripeEvent: StripeEvent): InvoiceFacts {
  return {
    number: invoice.textOrNull('number'),
    customer: invoice.idOrNull('customer'),
    subscription: subscriptionOf(invoice.object),
    quote:
      invoice.idOrNull('quote') ?? invoice.hashOrNull('parent')?.hashOrNull('quote_details')?.idOrNull('quote') ?? null,
    status: invoice.textOrNull('status') ?? invoiceStatusOf(invoice.object),
    billingReason: invoice.textOrNull('billing_reason'),
    // `billing` before 2019-10-17; before 2017 every invoice was charged automatically.
    collectionMethod: invoice.textOrNull('collection_method', 'billing') ?? 'charge_automatically',
    currency: invoice.text('currency'),
    ...amounts(invoice),
    ...balances(invoice),
    ...times(invoice),
    attemptCount: invoice.integerOrNull('attempt_count') ?? 0,
    charge: invoice.idOrNull('charge'),
    paymentIntent: invoice.idOrNull('payment_intent'),
    discounts: discountsOf(invoice),
    lines: invoice.hashes('lines').map(invoiceLine),
    hasAllLines: !invoice.isTruncated('lines'),
    testClock: invoice.idOrNull('test_clock'),
    ...originOf(stripeEvent),
  };
}

function amounts(invoice: Fields) {
  return {
    subtotalMinor: invoice.integer('subtotal'),
    totalMinor: invoice.integer('total'),
    // `tax` and `total_tax_amounts` until 2025-03-31.basil.
    taxMinor:
      sumOrNull(invoice, 'total_taxes') ?? sumOrNull(invoice, 'total_tax_amounts') ?? invoice.integerOrNull('tax'),
    discountMinor: sumOrNull(invoice, 'total_discount_amounts') ?? 0,
    amountOverpaidMinor: invoice.integerOrNull('amount_overpaid') ?? 0,
    ...payment(invoice),
  };
}

/**
 * Before 2018 an invoice was paid in full or not at all, and said so with `paid` alone. Before 2025-03-31.basil `amount_paid` left out
 * what came outside Stripe, which then was the whole.
 */
function payment(invoice: Fields) {
  const due = invoice.integer('amount_due');
  const paid = invoice.integerOrNull('amount_paid') ?? (invoice.flag('paid', false) ? due : 0);
  const isPaidOutside =
    invoice.flag('paid_out_of_band', false) &&
    (invoice.textOrNull('status') ?? invoiceStatusOf(invoice.object)) === 'paid';
  return {
    amountDueMinor: due,
    amountPaidMinor: isPaidOutside ? due : paid,
    amountRemainingMinor: isPaidOutside ? 0 : (invoice.integerOrNull('amount_remaining') ?? due - paid),
    amountPaidOffStripeMinor: isPaidOutside ? due : invoice.integerOrNull('amount_paid_off_stripe'),
    paidOutOfBand: invoice.has('paid_out_of_band') ? invoice.flag('paid_out_of_band', false) : null,
  };
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
    // `finalized_at` stood on the invoice itself before 2019-05-16.
    finalizedAt: transitions?.timeOrNull('finalized_at') ?? invoice.timeOrNull('finalized_at'),
    paidAt: transitions?.timeOrNull('paid_at') ?? null,
    voidedAt: transitions?.timeOrNull('voided_at') ?? null,
    markedUncollectibleAt: transitions?.timeOrNull('marked_uncollectible_at') ?? null,
  };
}
