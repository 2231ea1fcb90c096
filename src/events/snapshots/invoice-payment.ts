import { Fields } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** What ties a payment to an invoice, from 2025-03-31.basil on: an invoice may have several, and a payment several invoices. Minor units of `currency`. */
export type InvoicePaymentSnapshot = Readonly<{
  kind: 'invoice_payment';
  id: string;
  invoice: string;
  /** `open`, `paid`, `canceled`. */
  status: string;
  currency: string;
  amountRequestedMinor: number;
  /** May be less than was requested. */
  amountPaidMinor: number;
  isDefault: boolean;
  paymentIntent: string | null;
  charge: string | null;
  /** A payment outside Stripe. */
  paymentRecord: string | null;
  createdAt: string | null;
  paidAt: string | null;
  canceledAt: string | null;
}> &
  Origin;

export function invoicePaymentSnapshot(stripeEvent: StripeEvent): InvoicePaymentSnapshot {
  const link = new Fields(stripeEvent.data.object, 'invoice_payment');
  const payment = link.hashOrNull('payment');
  const transitions = link.hashOrNull('status_transitions');
  return {
    kind: 'invoice_payment',
    id: link.id('id'),
    invoice: link.id('invoice'),
    status: link.text('status'),
    currency: link.text('currency'),
    amountRequestedMinor: link.integer('amount_requested'),
    amountPaidMinor: link.integerOrNull('amount_paid') ?? 0,
    isDefault: link.flag('is_default', false),
    paymentIntent: payment?.idOrNull('payment_intent') ?? null,
    charge: payment?.idOrNull('charge') ?? null,
    paymentRecord: payment?.idOrNull('payment_record') ?? null,
    createdAt: link.timeOrNull('created'),
    paidAt: transitions?.timeOrNull('paid_at') ?? null,
    canceledAt: transitions?.timeOrNull('canceled_at') ?? null,
    ...originOf(stripeEvent),
  };
}
