import type { PaymentSnapshot } from '../src/events/normalise.js';
import { lifecycleOf, statusesOf } from '../src/events/rank.js';
import { isStale, type Life } from './life.js';
import { between, flag, id, money, oneOf, text, time } from './columns.js';
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
type Row = ReturnType<typeof paymentRow>;
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
  version: 7,
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

/** What a former event told of the amount captured holds where a later one does not tell it. */
function paymentState(before: State, fact: Fact<PaymentSnapshot>): State {
  const { isReceivedTold, amountReceivedMinor, amountRefundedMinor } = fact.snapshot;
  const receivedMinor =
    isReceivedTold && amountReceivedMinor > 0 ? amountReceivedMinor : (before?.receivedMinor ?? null);
  if (isReceivedTold || receivedMinor === null) return { row: paymentRow(before, fact, fact.snapshot), receivedMinor };
  const released = amountReceivedMinor - receivedMinor;
  return {
    row: paymentRow(before, fact, {
      amountReceivedMinor: receivedMinor,
      amountRefundedMinor: amountRefundedMinor === null ? null : Math.max(amountRefundedMinor - released, 0),
    }),
    receivedMinor,
  };
}

type Amounts = Pick<PaymentSnapshot, 'amountReceivedMinor' | 'amountRefundedMinor'>;

function paymentRow(before: State, fact: Fact<PaymentSnapshot>, amounts: Amounts) {
  const { snapshot } = fact;
  const told = { payment: snapshot.paymentIntent ?? snapshot.id, ...refundedBefore(before, fact, amounts) };
  return { ...rowOf(columns, { ...snapshot, ...amounts, ...told }), ...provenanceOf(fact) };
}

/** What a charge counted as refunded before, as the event says, or as the one before it showed. */
function refundedBefore(
  before: State,
  { snapshot, event }: Fact<PaymentSnapshot>,
  { amountRefundedMinor: now }: Amounts,
): Readonly<{ formerRefundedMinor: number | null; refundedChangedAt: string | null }> {
  const former = snapshot.formerRefundedMinor ?? before?.row.amount_refunded_minor ?? null;
  if (former !== null && former !== now) return { formerRefundedMinor: former, refundedChangedAt: event.created };
  return {
    formerRefundedMinor: before?.row.former_refunded_minor ?? null,
    refundedChangedAt: before?.row.refunded_changed_at ?? null,
  };
}
