import { Fields } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';
import { refundFacts, type RefundFacts } from './refund.js';

/**
 * A payment, as its charge or its payment intent shows it: two objects with streams of their own, tied by `paymentIntent`
 * and `charge`. Money in minor units of `currency`.
 */
export type PaymentSnapshot = Readonly<{
  kind: 'payment';
  object: 'charge' | 'payment_intent';
  id: string;
  /** Stripe's own, which differ between charges (`pending`, `succeeded`, `failed`) and intents. */
  status: string;
  currency: string;
  amountMinor: number;
  amountReceivedMinor: number;
  /** Cumulative over all refunds; null on an intent, which does not say. */
  amountRefundedMinor: number | null;
  customer: string | null;
  /** Until 2025-03-31.basil; from then on only invoice payments tie payments to invoices. */
  invoice: string | null;
  /** Undocumented: intents born of invoices carry the invoice's id here, not in every event. A hint, no proof. */
  orderReference: string | null;
  paymentIntent: string | null;
  charge: string | null;
  paymentMethod: string | null;
  balanceTransaction: string | null;
  failureCode: string | null;
  isDisputed: boolean;
  createdAt: string | null;
  canceledAt: string | null;
  cancellationReason: string | null;
  /** Refunds that a charge lists (until 2022-11-15): evidence, to be counted once by their ids. */
  refunds: readonly RefundFacts[];
}> &
  Origin;

export function chargeSnapshot(stripeEvent: StripeEvent): PaymentSnapshot {
  const charge = new Fields(stripeEvent.data.object, 'charge');
  const amount = charge.integer('amount');
  const isPaid = charge.flag('paid', false);
  return {
    kind: 'payment',
    object: 'charge',
    id: charge.id('id'),
    // Charges had no status before 2014.
    status: charge.textOrNull('status') ?? (isPaid ? 'succeeded' : 'failed'),
    currency: charge.text('currency'),
    amountMinor: amount,
    amountReceivedMinor: isPaid
      ? (charge.integerOrNull('amount_captured') ?? (charge.flag('captured', true) ? amount : 0))
      : 0,
    amountRefundedMinor: charge.integerOrNull('amount_refunded') ?? 0,
    customer: charge.idOrNull('customer'),
    invoice: charge.idOrNull('invoice'),
    orderReference: null,
    paymentIntent: charge.idOrNull('payment_intent'),
    charge: charge.id('id'),
    paymentMethod: charge.idOrNull('payment_method', 'source', 'card'),
    balanceTransaction: charge.idOrNull('balance_transaction'),
    failureCode: charge.textOrNull('failure_code'),
    isDisputed: charge.flag('disputed', charge.has('dispute')),
    createdAt: charge.timeOrNull('created'),
    canceledAt: null,
    cancellationReason: null,
    refunds: charge.hashes('refunds').map(refundFacts),
    ...originOf(stripeEvent),
  };
}

export function paymentIntentSnapshot(stripeEvent: StripeEvent): PaymentSnapshot {
  const intent = new Fields(stripeEvent.data.object, 'payment_intent');
  return {
    kind: 'payment',
    object: 'payment_intent',
    id: intent.id('id'),
    status: intent.text('status'),
    currency: intent.text('currency'),
    amountMinor: intent.integer('amount'),
    amountReceivedMinor: intent.integerOrNull('amount_received') ?? 0,
    amountRefundedMinor: null,
    customer: intent.idOrNull('customer'),
    invoice: intent.idOrNull('invoice'),
    orderReference: intent.hashOrNull('payment_details')?.textOrNull('order_reference') ?? null,
    paymentIntent: intent.id('id'),
    // `charges` listed all attempts, the latest first, until 2022-11-15.
    charge: intent.idOrNull('latest_charge') ?? intent.hashes('charges')[0]?.idOrNull('id') ?? null,
    paymentMethod: intent.idOrNull('payment_method', 'source'),
    balanceTransaction: null,
    failureCode: intent.hashOrNull('last_payment_error')?.textOrNull('code') ?? null,
    isDisputed: false,
    createdAt: intent.timeOrNull('created'),
    canceledAt: intent.timeOrNull('canceled_at'),
    cancellationReason: intent.textOrNull('cancellation_reason'),
    refunds: [],
    ...originOf(stripeEvent),
  };
}
