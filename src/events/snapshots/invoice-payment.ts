import { Fields } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/**
 * Links a payment to an invoice (since 2025-03-31.basil), as shown by an event or by the invoice that lists it: an
 * invoice may have several payments, and a payment several invoices. Minor units of `currency`.
 */
export type InvoicePaymentFacts = Readonly<{
  id: string;
  /** `open`, `paid`, `canceled`. */
  status: string;
  currency: string;
  amountRequestedMinor: number;
  /** May be less than requested. */
  amountPaidMinor: number;
  isDefault: boolean;
  paymentIntent: string | null;
  charge: string | null;
  /** A payment outside Stripe. */
  paymentRecord: string | null;
  createdAt: string | null;
  paidAt: string | null;
  canceledAt: string | null;
}>;

export type InvoicePaymentSnapshot = Readonly<{ kind: 'invoice_payment'; invoice: string }> &
  InvoicePaymentFacts &
  Origin;

export function invoicePaymentSnapshot(stripeEvent: StripeEvent): InvoicePaymentSnapshot {
  const tie = new Fields(stripeEvent.data.object, 'invoice_payment');
  return {
    kind: 'invoice_payment',
    ...invoicePaymentFacts(tie),
    invoice: tie.id('invoice'),
    ...originOf(stripeEvent),
  };
}

export function invoicePaymentFacts(tie: Fields): InvoicePaymentFacts {
  const payment = tie.hashOrNull('payment');
  const transitions = tie.hashOrNull('status_transitions');
  return {
    id: tie.id('id'),
    status: tie.text('status'),
    currency: tie.text('currency'),
    amountRequestedMinor: tie.integer('amount_requested'),
    amountPaidMinor: tie.integerOrNull('amount_paid') ?? 0,
    isDefault: tie.flag('is_default', false),
    paymentIntent: payment?.idOrNull('payment_intent') ?? null,
    charge: payment?.idOrNull('charge') ?? null,
    paymentRecord: payment?.idOrNull('payment_record') ?? null,
    createdAt: tie.timeOrNull('created'),
    paidAt: transitions?.timeOrNull('paid_at') ?? null,
    canceledAt: transitions?.timeOrNull('canceled_at') ?? null,
  };
}
