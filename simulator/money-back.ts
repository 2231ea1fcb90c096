import { amountRefundedMinor, failureOf } from './amounts.js';
import { isCloverOrLater } from './api-version.js';
import type { Movement } from './bank/ledger.js';
import type { Charge, Dispute, DisputeEntry, Refund } from './books.js';
import { DAY, type Seconds } from './calendar.js';
import { moveAtStripe } from './collection.js';
import type { Operation, Renderer } from './journal.js';
import { disputeShape, refundShape } from './shapes/money-back.js';
import { chargeShape } from './shapes/payment.js';
import { realTime } from './shapes/view.js';
import { newId, type Stage } from './stage.js';

/** Money returned to customers: refunds, some of which fail later, and disputes, some of which are won. */

const DISPUTE_FEE_MINOR = 1500;

/** Refunds a payment in full or in part; one payment can be refunded several times. */
export function refund(stage: Stage, operation: Operation): void {
  const { random } = stage;
  const refundable = chargesBy(stage, operation).filter(
    (candidate) => amountRefundedMinor(candidate) < candidate.amountMinor,
  );
  const charge = refundable.find(({ refunds }) => refunds.length > 0) ?? refundable.at(-1);
  if (charge === undefined) return;
  const leftMinor = charge.amountMinor - amountRefundedMinor(charge);
  const made = refundPart(stage, operation, {
    charge,
    amountMinor: random.chance(0.5) ? leftMinor : random.integer(1, leftMinor),
  });
  if (random.chance(0.15)) failRefund(stage, { charge, made }, operation.at + random.integer(1, 5) * DAY);
}

/** Refunds this amount of a charge. */
export function refundPart(
  stage: Stage,
  operation: Operation,
  { charge, amountMinor }: { charge: Charge; amountMinor: number },
): Refund {
  const made = newRefund(stage, charge, { at: operation.at, amountMinor });
  const refunded = { ...charge, refunds: [made, ...charge.refunds] };
  replaceCharge(stage, refunded);
  giveBack(stage, charge, { ...made, kind: 'refund', transaction: made.balanceTransaction, at: operation.at });
  operation.record('refund.created', (view) => refundShape(view, made));
  operation.record('charge.refunded', (view) => chargeShape(view, refunded));
  return made;
}

/** The charges paid by the operation's time. Some invoices are paid ahead of the rest of the simulation. */
export function chargesBy({ charges, ledger }: Stage, { at }: Operation): readonly Charge[] {
  return charges.filter(
    ({ id, createdAt, endsAt = createdAt }) => endsAt <= at && (ledger.takenOff.get(id) ?? at) <= at,
  );
}

/** Moves money to a customer or back. Money that was applied to an invoice counts as given back. */
function giveBack(
  stage: Stage,
  charge: Charge,
  {
    amountMinor,
    ...moved
  }: Pick<Movement, 'kind' | 'amountMinor' | 'transaction' | 'at'> & { id: string; feeMinor?: number },
): void {
  moveAtStripe(stage, charge, { ...moved, source: moved.id, amountMinor: -amountMinor });
  if (stage.ledger.takenOff.has(charge.id)) return;
  const at = realTime(stage.journal.view, moved.at);
  stage.ledger.post(at, charge.currency, ['givenBack', charge.id, amountMinor], ['loose', charge.id, -amountMinor]);
}

function newRefund(stage: Stage, charge: Charge, { at, amountMinor }: { at: Seconds; amountMinor: number }): Refund {
  return {
    id: newId(stage, 're'),
    charge: charge.id,
    intent: charge.intent,
    amountMinor,
    currency: charge.currency,
    status: 'succeeded',
    reason: stage.random.pick(['requested_by_customer', null]),
    balanceTransaction: newId(stage, 'txn'),
    createdAt: at,
  };
}

/** The bank returns the refund days later. Two event types report this one change, and a third mentions it. */
function failRefund(stage: Stage, { charge, made }: { charge: Charge; made: Refund }, at: Seconds): void {
  const operation = stage.journal.operation(at, 'stripe');
  const failed: Refund = { ...made, status: 'failed' };
  const transaction = failureOf(made);
  giveBack(stage, charge, { id: made.id, amountMinor: -made.amountMinor, kind: 'refund_failure', transaction, at });
  for (const type of ['refund.updated', 'charge.refund.updated', 'refund.failed'])
    operation.record(type, (view) => refundShape(view, failed));
}

/**
 * A cardholder disputes a payment. An inquiry moves no money; a chargeback withdraws it with a fee until it is won.
 * Since clover some disputes are prevented: the whole payment is refunded, and the dispute ends as it begins. (No
 * recording shows one; that it moves no money itself is our guess.)
 */
export function dispute(stage: Stage, operation: Operation): void {
  const {
    random,
    journal: { view },
  } = stage;
  const charge = chargesBy(stage, operation).find(({ refunds }) => refunds.length === 0);
  if (charge === undefined) return;
  const prevented = isCloverOrLater(view.playedIn) && random.chance(0.25);
  const opening = stage.journal.operation(operation.at, 'stripe');
  if (prevented) refundPart(stage, opening, { charge, amountMinor: charge.amountMinor });
  stage.charges = stage.charges.filter(({ id }) => id !== charge.id);
  const inquiry = !prevented && random.chance(0.3);
  const opened: Dispute = {
    id: newId(stage, random.pick(['dp', 'du'])),
    charge,
    status: prevented ? 'prevented' : inquiry ? 'warning_needs_response' : 'needs_response',
    reason: random.pick(['fraudulent', 'general', 'product_not_received']),
    entries:
      inquiry || prevented
        ? []
        : [newEntry(stage, operation.at, { amountMinor: -charge.amountMinor, feeMinor: DISPUTE_FEE_MINOR })],
    createdAt: operation.at,
  };
  bookEntries(stage, opened, opened.entries);
  opening.record('charge.dispute.created', (view) => disputeShape(view, opened));
  if (prevented) return;
  if (!inquiry) opening.record('charge.dispute.funds_withdrawn', (view) => disputeShape(view, opened));
  closeDispute(stage, opened, operation.at + random.integer(10, 70) * DAY);
}

function closeDispute(stage: Stage, opened: Dispute, at: Seconds): void {
  const { random, journal } = stage;
  const operation = journal.operation(at, 'stripe');
  const inquiry = opened.entries.length === 0;
  const status = inquiry ? 'warning_closed' : random.pick(['won', 'lost'] as const);
  const returned =
    status === 'won' ? [newEntry(stage, at, { amountMinor: opened.charge.amountMinor, feeMinor: 0 })] : [];
  bookEntries(stage, opened, returned);
  const closed: Renderer = (view) =>
    disputeShape(view, { ...opened, status, entries: [...opened.entries, ...returned] });
  operation.record('charge.dispute.closed', closed);
  if (status === 'won') operation.record('charge.dispute.funds_reinstated', closed);
}

function bookEntries(stage: Stage, { id, charge }: Dispute, entries: readonly DisputeEntry[]): void {
  for (const { id: transaction, amountMinor, feeMinor, createdAt: at } of entries) {
    const kind = amountMinor < 0 ? 'dispute' : 'dispute_reversal';
    giveBack(stage, charge, { id, amountMinor: -amountMinor, feeMinor, kind, transaction, at });
  }
}

function newEntry(stage: Stage, at: Seconds, money: Pick<DisputeEntry, 'amountMinor' | 'feeMinor'>): DisputeEntry {
  return { id: newId(stage, 'txn'), ...money, createdAt: at };
}

function replaceCharge(stage: Stage, charge: Charge): void {
  stage.charges = stage.charges.map((other) => (other.id === charge.id ? charge : other));
}
