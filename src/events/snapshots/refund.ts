import { Fields } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** A refund, as shown by an event or by the charge that lists it. Minor units of `currency`. */
export type RefundFacts = Readonly<{
  /** Null before 2014, when refunds had no id: then `balanceTransaction` identifies them. */
  id: string | null;
  /** `pending`, `requires_action`, `succeeded`, `failed`, `canceled`; may fail after success. Until 2014: succeeded. */
  status: string;
  amountMinor: number;
  currency: string;
  charge: string | null;
  paymentIntent: string | null;
  balanceTransaction: string | null;
  failureBalanceTransaction: string | null;
  failureReason: string | null;
  reason: string | null;
  createdAt: string | null;
}>;

export type RefundSnapshot = Readonly<{ kind: 'refund'; id: string; customer: string | null }> & RefundFacts & Origin;

export function refundSnapshot(stripeEvent: StripeEvent): RefundSnapshot {
  const refund = new Fields(stripeEvent.data.object, 'refund');
  return {
    kind: 'refund',
    ...refundFacts(refund),
    id: refund.id('id'),
    customer: refund.idOrNull('customer'),
    ...originOf(stripeEvent),
  };
}

export function refundFacts(refund: Fields): RefundFacts {
  return {
    id: refund.idOrNull('id'),
    status: refund.textOrNull('status') ?? 'succeeded',
    amountMinor: refund.integer('amount'),
    currency: refund.text('currency'),
    charge: refund.idOrNull('charge'),
    paymentIntent: refund.idOrNull('payment_intent'),
    balanceTransaction: refund.idOrNull('balance_transaction'),
    failureBalanceTransaction: refund.idOrNull('failure_balance_transaction'),
    failureReason: refund.textOrNull('failure_reason'),
    reason: refund.textOrNull('reason'),
    createdAt: refund.timeOrNull('created'),
  };
}
