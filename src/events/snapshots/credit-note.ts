import { Fields } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { inclusiveOf, sumOrNull } from './invoice-line.js';
import { originOf, type Origin } from './origin.js';

/** A credit note: reduces an open invoice's amount due, or returns part of a payment. Minor units of `currency`. */
export type CreditNoteSnapshot = Readonly<{
  kind: 'credit_note';
  id: string;
  number: string | null;
  status: string;
  /** `pre_payment`, `post_payment`, or `mixed` for both, since 2025-05-28.basil. */
  type: string;
  reason: string | null;
  invoice: string;
  customer: string | null;
  currency: string;
  amountMinor: number;
  subtotalMinor: number;
  totalMinor: number;
  taxMinor: number | null;
  discountMinor: number;
  prePaymentAmountMinor: number;
  postPaymentAmountMinor: number;
  outOfBandAmountMinor: number;
  customerBalanceTransaction: string | null;
  /**
   * Refunds that it caused: evidence, to be counted once by their ids. Before 2025-03-31.basil there was at most one;
   * its amount is null when part of the credit went to the customer balance.
   */
  refunds: readonly Readonly<{ refund: string; amountMinor: number | null }>[];
  lines: readonly CreditNoteLine[];
  createdAt: string | null;
  voidedAt: string | null;
}> &
  Origin;

/** What a credit note credits on a line. */
export type CreditNoteLine = Readonly<{
  id: string;
  /** Null: not a line of the invoice. */
  invoiceLine: string | null;
  /** After discounts and with all taxes. */
  grossMinor: number;
  taxMinor: number;
}>;

export function creditNoteSnapshot(stripeEvent: StripeEvent): CreditNoteSnapshot {
  const note = new Fields(stripeEvent.data.object, 'credit_note');
  return {
    kind: 'credit_note',
    id: note.id('id'),
    number: note.textOrNull('number'),
    status: note.text('status'),
    type: note.text('type'),
    reason: note.textOrNull('reason'),
    invoice: note.id('invoice'),
    customer: note.idOrNull('customer'),
    ...amounts(note),
    customerBalanceTransaction: note.idOrNull('customer_balance_transaction'),
    refunds: refundsOf(note),
    lines: note.hashes('lines').map(lineOf),
    createdAt: note.timeOrNull('created'),
    voidedAt: note.timeOrNull('voided_at'),
    ...originOf(stripeEvent),
  };
}

/** Before 2025-05-28.basil a credit note was entirely before or entirely after payment, as its type says. */
function amounts(note: Fields) {
  const amount = note.integer('amount');
  const isBefore = note.text('type') === 'pre_payment';
  return {
    currency: note.text('currency'),
    amountMinor: amount,
    subtotalMinor: note.integer('subtotal'),
    totalMinor: note.integer('total'),
    taxMinor: sumOrNull(note, 'total_taxes') ?? sumOrNull(note, 'tax_amounts'),
    discountMinor: note.integerOrNull('discount_amount') ?? 0,
    prePaymentAmountMinor: note.integerOrNull('pre_payment_amount') ?? (isBefore ? amount : 0),
    postPaymentAmountMinor: note.integerOrNull('post_payment_amount') ?? (isBefore ? 0 : amount),
    outOfBandAmountMinor: note.integerOrNull('out_of_band_amount') ?? 0,
  };
}

function lineOf(line: Fields): CreditNoteLine {
  const taxMinor = sumOrNull(line, 'taxes') ?? sumOrNull(line, 'tax_amounts') ?? 0;
  const beside = taxMinor - (inclusiveOf(line) ?? 0);
  return {
    id: line.id('id'),
    invoiceLine: line.idOrNull('invoice_line_item'),
    grossMinor: line.integer('amount') - (line.integerOrNull('discount_amount') ?? 0) + beside,
    taxMinor,
  };
}

function refundsOf(note: Fields): { readonly refund: string; readonly amountMinor: number | null }[] {
  const single = note.idOrNull('refund');
  const several = note.hashes('refunds').flatMap((entry) => {
    const refund = entry.idOrNull('refund');
    return refund === null ? [] : [{ refund, amountMinor: entry.integerOrNull('amount_refunded') }];
  });
  return single === null || several.length > 0 ? several : [{ refund: single, amountMinor: amountOfSingle(note) }];
}

function amountOfSingle(note: Fields): number | null {
  if (note.has('customer_balance_transaction')) return null;
  const { postPaymentAmountMinor, outOfBandAmountMinor } = amounts(note);
  return postPaymentAmountMinor - outOfBandAmountMinor;
}
