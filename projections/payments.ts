import { refundedOf, type PaymentSnapshot } from '../src/events/normalise.js';
import { lifecycleOf, statusesOf } from '../src/events/rank.js';
import { isStale, type Life } from './life.js';
import { between, flag, id, money, oneOf, text, time, type RowOf } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

/** Amounts in minor units of `currency`. `payment` is the payment that the object is part of. */
const columns = {
  id: id(),
  object: id(),
  payment: id(),
  status: id().filtered(oneOf([...new Set([...statusesOf('payment_intent'), ...statusesOf('charge')])])),
  customer: id().orNull().filtered(),
  currency: text(),
  amount_minor: money(),
  amount_received_minor: money(),
  /**
   * For a charge: the refunded amount without what was authorized and not captured, which Stripe counts as refunded,
   * too.
   */
  amount_refunded_minor: money().orNull(),
  /** Its value before the last change, and the time of that change; null when no event shows it. */
  former_refunded_minor: money().orNull(),
  refunded_changed_at: time().orNull(),
  /**
   * Whether Stripe counts the uncaptured part as refunded, and when the charge was captured; null when no event shows
   * it.
   */
  is_release_counted: flag().orNull(),
  captured_at: time().orNull(),
  is_captured: flag().orNull(),
  payment_method: id().orNull(),
  balance_transaction: id().orNull(),
  failure_code: text().orNull(),
  decline_code: text().orNull(),
  failure_message: text().orNull(),
  presentment_currency: text().orNull(),
  presentment_amount_minor: money().orNull(),
  is_disputed: flag(),
  created_at: time().orNull().filtered(between('created')),
  canceled_at: time().orNull(),
  cancellation_reason: text().orNull(),
};
type Row = RowOf<typeof columns & typeof provenanceColumns>;
/** `receivedMinor` is null while no event has shown how much of the charge was captured. */
type State = Readonly<{ row: Row; receivedMinor: number | null }> | null;

const lives: Readonly<Record<PaymentSnapshot['object'], Life>> = {
  charge: lifecycleOf('charge'),
  // Before its end, an intent may go back: when a payment method fails, it needs another.
  payment_intent: [[], ['succeeded', 'canceled']],
};

/**
 * What is each charge and each payment intent now? A payment intent and its attempts, the charges, are one payment,
 * named by the intent; a charge without an intent is a payment of its own. Each has its own stream and row, so that
 * either may come first or be missing; readers combine the rows with the same `payment`.
 */
export const payments = defineProjection({
  name: 'payments',
  version: 9,
  tables: {
    payments: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [
        ['payment', 'id'],
        ['customer', 'payment'],
        ['status', 'payment'],
      ],
      listedBy: { time: 'created_at', id: 'payment' },
    },
  },
  initial: (): State => null,
  evolve: {
    payment: (state, fact) =>
      state !== null && isStale(lives[fact.snapshot.object], state.row.status, fact.snapshot.status)
        ? state
        : paymentState(state, fact),
    ...allBut('payment'),
  },
  rows: (state) => ({ payments: state === null ? [] : [state.row] }),
});

/** Facts about the capture from an earlier event hold when a later one omits them. */
function paymentState(before: State, fact: Fact<PaymentSnapshot>): State {
  const { snapshot, event } = fact;
  const known = before?.receivedMinor ?? null;
  const receivedMinor =
    snapshot.isReceivedKnown && snapshot.amountReceivedMinor > 0 ? snapshot.amountReceivedMinor : known;
  const amountReceivedMinor = snapshot.isReceivedKnown
    ? snapshot.amountReceivedMinor
    : (known ?? snapshot.amountReceivedMinor);
  const released = Math.max(snapshot.amountMinor - amountReceivedMinor, 0);
  const isCapture = snapshot.isJustCaptured || (before?.row.is_captured === false && snapshot.isCaptured === true);
  // At a partial capture, a refunded amount that covers the released part shows that Stripe counts it.
  const counts =
    isCapture && amountReceivedMinor > 0 && released > 0 && (snapshot.countedRefundedMinor ?? 0) >= released;
  const isReleaseCounted = snapshot.isReleaseKnown
    ? snapshot.isReleaseCounted
    : counts || (before?.row.is_release_counted ?? null);
  const isCounted = isReleaseCounted ?? snapshot.isReleaseCounted;
  const net = (counted: number | null): number | null => counted && refundedOf(counted, isCounted ? released : 0);
  const amountRefundedMinor = net(snapshot.countedRefundedMinor);
  const fields = {
    payment: snapshot.paymentIntent ?? snapshot.id,
    amountReceivedMinor,
    amountRefundedMinor,
    isReleaseCounted,
    // Other events may show the capture long after it.
    capturedAt:
      snapshot.isJustCaptured || (isCapture && event.type === 'charge.captured')
        ? event.created
        : (before?.row.captured_at ?? null),
    ...refundedBefore(before, fact, { former: net(snapshot.formerCountedMinor), now: amountRefundedMinor }),
  };
  return { row: rowOf(columns, { ...snapshot, ...fields }, provenanceOf(fact)), receivedMinor };
}

/** The previous refunded amount of a charge, as this event or the one before it shows. */
function refundedBefore(
  before: State,
  { event }: Fact<PaymentSnapshot>,
  { former: stated, now }: Readonly<{ former: number | null; now: number | null }>,
): Readonly<{ formerRefundedMinor: number | null; refundedChangedAt: string | null }> {
  const former = stated ?? before?.row.amount_refunded_minor ?? null;
  if (former !== null && former !== now) return { formerRefundedMinor: former, refundedChangedAt: event.created };
  return {
    formerRefundedMinor: before?.row.former_refunded_minor ?? null,
    refundedChangedAt: before?.row.refunded_changed_at ?? null,
  };
}
