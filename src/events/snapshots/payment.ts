import { Fields } from '../fields.js';
import { field } from '../json.js';
import { chargeStatusOf } from '../rank.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';
import { refundFacts, type RefundFacts } from './refund.js';

/**
 * A payment, as its charge or its payment intent shows it: two objects with separate streams, linked by `paymentIntent`
 * and `charge`. Minor units of `currency`.
 */
export type PaymentSnapshot = Readonly<{
  kind: 'payment';
  object: 'charge' | 'payment_intent';
  id: string;
  /** Stripe's status, which differs between charges (`pending`, `succeeded`, `failed`) and intents. */
  status: string;
  currency: string;
  amountMinor: number;
  /** The captured amount; money only authorised was never received. */
  amountReceivedMinor: number;
  /** Whether the charge shows its captured amount; before 2020-08-27 the whole amount is assumed. True on an intent. */
  isReceivedKnown: boolean;
  /** Cumulative over all refunds of captured money; null on an intent, which does not say. */
  amountRefundedMinor: number | null;
  /** Stripe's own count, which may include released money, and its value before this event if the event changed it. */
  countedRefundedMinor: number | null;
  formerCountedMinor: number | null;
  /**
   * Whether Stripe counts the released amount (authorised, not captured) as refunded. Since 2025-03-31.basil it does
   * not; the API version of the capture request decides, which may differ from the event's. `isReleaseKnown`: the event
   * shows which; otherwise it is assumed.
   */
  isReleaseCounted: boolean;
  isReleaseKnown: boolean;
  /** Whether this event is the capture. */
  isJustCaptured: boolean;
  /** False while the money is only authorised; null on an intent. */
  isCaptured: boolean | null;
  customer: string | null;
  /** Until 2025-03-31.basil; since then only invoice payments link payments to invoices. */
  invoice: string | null;
  /**
   * Undocumented: intents created by invoices carry the invoice's id here, but not in every event. A hint, not proof.
   */
  orderReference: string | null;
  paymentIntent: string | null;
  charge: string | null;
  paymentMethod: string | null;
  balanceTransaction: string | null;
  /** The transfer that sent part of a destination charge to a connected account. */
  transfer: string | null;
  failureCode: string | null;
  /** Why the card's bank declined it. */
  declineCode: string | null;
  failureMessage: string | null;
  /** The currency and amount that the buyer saw and paid, where the currency differs. */
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
  // The captured amount may exceed the authorised one.
  const released = Math.max(amount - received.amountReceivedMinor, 0);
  const counted = charge.integerOrNull('amount_refunded') ?? 0;
  const release = releaseBy(charge, stripeEvent, { counted, released });
  return {
    kind: 'payment',
    object: 'charge',
    id: charge.id('id'),
    status: chargeStatusOf(charge.object),
    currency: charge.text('currency'),
    amountMinor: amount,
    ...received,
    amountRefundedMinor: refundedOf(counted, release.isReleaseCounted ? released : 0),
    countedRefundedMinor: counted,
    formerCountedMinor: formerly(stripeEvent, 'amount_refunded'),
    ...release,
    isJustCaptured: isJustCaptured(stripeEvent),
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
 * The captured amount of a charge. Before `amount_captured` existed, the whole amount counts as captured unless the
 * event shows a partial capture: the rest is then refunded at once, without a movement of money.
 */
function receivedBy(
  charge: Fields,
  stripeEvent: StripeEvent,
): Pick<PaymentSnapshot, 'amountReceivedMinor' | 'isReceivedKnown'> {
  const isPaid = charge.flag('paid', false) && chargeStatusOf(charge.object) === 'succeeded';
  if (!isPaid || !charge.flag('captured', true))
    return { amountReceivedMinor: isPaid ? (charge.integerOrNull('amount_captured') ?? 0) : 0, isReceivedKnown: true };
  const captured = charge.integerOrNull('amount_captured');
  if (captured !== null) return { amountReceivedMinor: captured, isReceivedKnown: true };
  const isJust = isJustCaptured(stripeEvent);
  const released = isJust
    ? (charge.integerOrNull('amount_refunded') ?? 0)
    : charge.hashes('refunds').reduce((sum, refund) => sum + (movedNothing(refund) ? refund.integer('amount') : 0), 0);
  return { amountReceivedMinor: charge.integer('amount') - released, isReceivedKnown: isJust || released > 0 };
}

const movedNothing = (refund: Fields): boolean =>
  field(refund.object, 'balance_transaction') === null && Object.hasOwn(refund.object, 'balance_transaction');

/** Stripe's refunded amount, without the released part. */
export const refundedOf = (counted: number, released: number): number =>
  counted >= released ? counted - released : counted;

/**
 * Until 2025-03-31.basil a partial capture refunds the rest at once, and Stripe counts it as refunded; since then
 * nothing is refunded
 * (support.stripe.com/questions/changes-to-balance-transaction-behavior-for-partial-capture-and-payment-cancellation-flows).
 */
function releaseBy(
  charge: Fields,
  stripeEvent: StripeEvent,
  { counted, released }: { counted: number; released: number },
): Pick<PaymentSnapshot, 'isReleaseCounted' | 'isReleaseKnown'> {
  if (released === 0 || released === charge.integer('amount')) return { isReleaseCounted: true, isReleaseKnown: false };
  const before = formerly(stripeEvent, 'amount_refunded');
  const isJust = isJustCaptured(stripeEvent);
  if (counted < released || (!isJust && before !== null && before < released))
    return { isReleaseCounted: false, isReleaseKnown: true };
  if (
    isJust ||
    charge.hashes('refunds').some((refund) => movedNothing(refund) && refund.integer('amount') === released)
  )
    return { isReleaseCounted: true, isReleaseKnown: true };
  return { isReleaseCounted: true, isReleaseKnown: false };
}

const isJustCaptured = ({ type, data: { previous_attributes: previous } }: StripeEvent): boolean =>
  previous === null ? type === 'charge.captured' : field(previous, 'captured') === false;

function formerly({ data: { previous_attributes: previous } }: StripeEvent, name: string): number | null {
  const former = previous === null ? null : field(previous, name);
  return Number.isSafeInteger(former) ? (former as number) : null;
}

/** Null unless the issuer declined: a block by a Stripe rule is not a decline. */
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
    isReceivedKnown: true,
    amountRefundedMinor: null,
    countedRefundedMinor: null,
    formerCountedMinor: null,
    isReleaseCounted: true,
    isReleaseKnown: false,
    isJustCaptured: false,
    isCaptured: null,
    customer: intent.idOrNull('customer'),
    invoice: intent.idOrNull('invoice'),
    orderReference: intent.hashOrNull('payment_details')?.textOrNull('order_reference') ?? null,
    paymentIntent: intent.id('id'),
    // Until 2022-11-15 `charges` listed all attempts, the latest first.
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
