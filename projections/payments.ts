import { refundedOf, type PaymentSnapshot } from '../src/events/normalise.js';
import { lifecycleOf, statusesOf } from '../src/events/rank.js';
import { isStale, type Life } from './life.js';
import { between, flag, id, money, oneOf, text, time, type RowOf } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

/** Amounts in minor units of `currency`. `payment` names the payment that the object is a part of. */
const columns = {
  id: id(),
  object: id(),
  payment: id(),
  status: id().filtered(oneOf([...new Set([...statusesOf('payment_intent'), ...statusesOf('charge')])])),
  customer: id().orNull().filtered(),
  currency: text(),
  amount_minor: money(),
  amount_received_minor: money(),
  /** Of a charge, and without what was authorised and not captured: Stripe counts that as refunded, too. */
  amount_refunded_minor: money().orNull(),
  /** What that was before it last changed, and when it did; null where no event tells. */
  former_refunded_minor: money().orNull(),
  refunded_changed_at: time().orNull(),
  /** Whether Stripe counts what was authorised and not captured as refunded, and when the rest was captured; null where no event tells. */
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
/** `receivedMinor` is null while no event has told how much of the charge was captured. */
type State = Readonly<{ row: Row; receivedMinor: number | null }> | null;

const lives: Readonly<Record<PaymentSnapshot['object'], Life>> = {
  charge: lifecycleOf('charge'),
  // Before its end, an intent may go back: it needs another payment method when one fails.
  payment_intent: [[], ['succeeded', 'canceled']],
};

/**
 * What is each charge and each payment intent now? A payment intent and the charges that are its attempts are one payment,
 * named by the intent; a charge without an intent is a payment of its own. Each has a stream and a row of its own, so that
 * either may come first or be missing; who reads puts those of one `payment` together.
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

/** What a former event told of how it was captured holds where a later one does not tell it. */
function paymentState(before: State, fact: Fact<PaymentSnapshot>): State {
  const { snapshot, event } = fact;
  const known = before?.receivedMinor ?? null;
  const receivedMinor =
    snapshot.isReceivedTold && snapshot.amountReceivedMinor > 0 ? snapshot.amountReceivedMinor : known;
  const amountReceivedMinor = snapshot.isReceivedTold
    ? snapshot.amountReceivedMinor
    : (known ?? snapshot.amountReceivedMinor);
  const released = Math.max(snapshot.amountMinor - amountReceivedMinor, 0);
  const isCapture = snapshot.isJustCaptured || (before?.row.is_captured === false && snapshot.isCaptured === true);
  const counts =
    isCapture && amountReceivedMinor > 0 && released > 0 && (snapshot.countedRefundedMinor ?? 0) >= released;
  const isReleaseCounted = snapshot.isReleaseTold
    ? snapshot.isReleaseCounted
    : counts || (before?.row.is_release_counted ?? null);
  const isCounted = isReleaseCounted ?? snapshot.isReleaseCounted;
  const net = (counted: number | null): number | null => counted && refundedOf(counted, isCounted ? released : 0);
  const amountRefundedMinor = net(snapshot.countedRefundedMinor);
  const told = {
    payment: snapshot.paymentIntent ?? snapshot.id,
    amountReceivedMinor,
    amountRefundedMinor,
    isReleaseCounted,
    // Another event may show the capture long after it.
    capturedAt:
      snapshot.isJustCaptured || (isCapture && event.type === 'charge.captured')
        ? event.created
        : (before?.row.captured_at ?? null),
    ...refundedBefore(before, fact, { former: net(snapshot.formerCountedMinor), now: amountRefundedMinor }),
  };
  return { row: rowOf(columns, { ...snapshot, ...told }, provenanceOf(fact)), receivedMinor };
}

/** What a charge counted as refunded before, as the event says, or as the one before it showed. */
function refundedBefore(
  before: State,
  { event }: Fact<PaymentSnapshot>,
  { former: told, now }: Readonly<{ former: number | null; now: number | null }>,
): Readonly<{ formerRefundedMinor: number | null; refundedChangedAt: string | null }> {
  const former = told ?? before?.row.amount_refunded_minor ?? null;
  if (former !== null && former !== now) return { formerRefundedMinor: former, refundedChangedAt: event.created };
  return {
    formerRefundedMinor: before?.row.former_refunded_minor ?? null,
    refundedChangedAt: before?.row.refunded_changed_at ?? null,
  };
}
