import { Fields } from '../fields.js';
import { field } from '../json.js';
import { chargeStatusOf } from '../rank.js';
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
  /** What was captured; what was authorised alone was never received. */
  amountReceivedMinor: number;
  /** Whether the charge shows its captured amount; before 2020-08-27 it is assumed to be the whole. True on an intent. */
  isReceivedTold: boolean;
  /** Cumulative over all refunds of what was captured; null on an intent, which does not say. */
  amountRefundedMinor: number | null;
  /** What `amountRefundedMinor` was before this event, where the event says that it changed it. */
  formerRefundedMinor: number | null;
  /** False while money is authorised alone; null on an intent. */
  isCaptured: boolean | null;
  customer: string | null;
  /** Until 2025-03-31.basil; from then on only invoice payments tie payments to invoices. */
  invoice: string | null;
  /** Undocumented: intents born of invoices carry the invoice's id here, not in every event. A hint, no proof. */
  orderReference: string | null;
  paymentIntent: string | null;
  charge: string | null;
  paymentMethod: string | null;
  balanceTransaction: string | null;
  /** What carried a part of a destination charge to a connected account. */
  transfer: string | null;
  failureCode: string | null;
  /** Why the card's bank declined it. */
  declineCode: string | null;
  failureMessage: string | null;
  /** What the buyer saw, and paid in, where that is another currency. */
  presentmentCurrency: string | null;
  presentmentAmountMinor: number | null;
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
  const received = receivedBy(charge, stripeEvent);
  return {
    kind: 'payment',
    object: 'charge',
    id: charge.id('id'),
    status: chargeStatusOf(charge.object),
    currency: charge.text('currency'),
    amountMinor: amount,
    ...received,
    amountRefundedMinor: refundedOf(
      charge.integerOrNull('amount_refunded') ?? 0,
      amount - received.amountReceivedMinor,
    ),
    formerRefundedMinor: formerRefundedOf(stripeEvent, amount - received.amountReceivedMinor),
    isCaptured: charge.flag('captured', true),
    customer: charge.idOrNull('customer'),
    invoice: charge.idOrNull('invoice'),
    orderReference: null,
    paymentIntent: charge.idOrNull('payment_intent'),
    charge: charge.id('id'),
    paymentMethod: charge.idOrNull('payment_method', 'source', 'card'),
    balanceTransaction: charge.idOrNull('balance_transaction'),
    transfer: charge.idOrNull('transfer'),
    failureCode: charge.textOrNull('failure_code'),
    declineCode: declineCodeOf(charge),
    failureMessage: charge.textOrNull('failure_message'),
    ...presentment(charge),
    isDisputed: charge.flag('disputed', charge.has('dispute')),
    createdAt: charge.timeOrNull('created'),
    canceledAt: null,
    cancellationReason: null,
    refunds: charge.hashes('refunds').map(refundFacts),
    ...originOf(stripeEvent),
  };
}

/**
 * What of a charge was captured. Before `amount_captured` a charge was captured whole, unless the event tells how a part of it was: the
 * rest is then refunded at once, without a movement of money.
 */
function receivedBy(
  charge: Fields,
  { data: { previous_attributes: previous } }: StripeEvent,
): Pick<PaymentSnapshot, 'amountReceivedMinor' | 'isReceivedTold'> {
  const isPaid = charge.flag('paid', false) && chargeStatusOf(charge.object) === 'succeeded';
  if (!isPaid || !charge.flag('captured', true))
    return { amountReceivedMinor: isPaid ? (charge.integerOrNull('amount_captured') ?? 0) : 0, isReceivedTold: true };
  const captured = charge.integerOrNull('amount_captured');
  if (captured !== null) return { amountReceivedMinor: captured, isReceivedTold: true };
  const isJustCaptured = previous !== null && field(previous, 'captured') === false;
  const released = isJustCaptured
    ? (charge.integerOrNull('amount_refunded') ?? 0)
    : charge.hashes('refunds').reduce((sum, refund) => sum + (movedNothing(refund) ? refund.integer('amount') : 0), 0);
  return { amountReceivedMinor: charge.integer('amount') - released, isReceivedTold: isJustCaptured || released > 0 };
}

const movedNothing = (refund: Fields): boolean =>
  field(refund.object, 'balance_transaction') === null && Object.hasOwn(refund.object, 'balance_transaction');

/** Stripe counts what was authorised and not captured as refunded once it is released. */
const refundedOf = (refunded: number, notCaptured: number): number =>
  refunded >= notCaptured ? refunded - notCaptured : refunded;

function formerRefundedOf(
  { data: { previous_attributes: previous } }: StripeEvent,
  notCaptured: number,
): number | null {
  const former = previous === null ? null : field(previous, 'amount_refunded');
  return Number.isSafeInteger(former) ? refundedOf(former as number, notCaptured) : null;
}

/** Other outcomes have reasons of Stripe's own: a block by a rule is no decline. */
function declineCodeOf(charge: Fields): string | null {
  const outcome = charge.hashOrNull('outcome');
  return outcome?.textOrNull('type') === 'issuer_declined' ? outcome.textOrNull('reason') : null;
}

function presentment(payment: Fields): Pick<PaymentSnapshot, 'presentmentCurrency' | 'presentmentAmountMinor'> {
  const details = payment.hashOrNull('presentment_details');
  return {
    presentmentCurrency: details?.textOrNull('presentment_currency') ?? null,
    presentmentAmountMinor: details?.integerOrNull('presentment_amount') ?? null,
  };
}

export function paymentIntentSnapshot(stripeEvent: StripeEvent): PaymentSnapshot {
  const intent = new Fields(stripeEvent.data.object, 'payment_intent');
  const [status, amount] = [intent.text('status'), intent.integer('amount')];
  const lastError = intent.hashOrNull('last_payment_error');
  return {
    kind: 'payment',
    object: 'payment_intent',
    id: intent.id('id'),
    status,
    currency: intent.text('currency'),
    amountMinor: amount,
    amountReceivedMinor: intent.integerOrNull('amount_received') ?? (status === 'succeeded' ? amount : 0),
    isReceivedTold: true,
    amountRefundedMinor: null,
    formerRefundedMinor: null,
    isCaptured: null,
    customer: intent.idOrNull('customer'),
    invoice: intent.idOrNull('invoice'),
    orderReference: intent.hashOrNull('payment_details')?.textOrNull('order_reference') ?? null,
    paymentIntent: intent.id('id'),
    // `charges` listed all attempts, the latest first, until 2022-11-15.
    charge: intent.idOrNull('latest_charge') ?? intent.hashes('charges')[0]?.idOrNull('id') ?? null,
    paymentMethod: intent.idOrNull('payment_method', 'source'),
    balanceTransaction: null,
    transfer: null,
    failureCode: lastError?.textOrNull('code') ?? null,
    declineCode: lastError?.textOrNull('decline_code') ?? null,
    failureMessage: lastError?.textOrNull('message') ?? null,
    ...presentment(intent),
    isDisputed: false,
    createdAt: intent.timeOrNull('created'),
    canceledAt: intent.timeOrNull('canceled_at'),
    cancellationReason: intent.textOrNull('cancellation_reason'),
    refunds: [],
    ...originOf(stripeEvent),
  };
}
