import { Fields } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/**
 * One movement of a dispute's money, to be booked once by its id, whichever events show it. Minor units of `currency`,
 * a settlement currency of the account.
 */
export type DisputeMovement = Readonly<{
  id: string;
  amountMinor: number;
  feeMinor: number;
  netMinor: number;
  currency: string;
  createdAt: string | null;
}>;

/** A dispute. Minor units of `currency`, the charge's currency. */
export type DisputeSnapshot = Readonly<{
  kind: 'dispute';
  /** Before 2014 disputes had no id: then the charge's id, since a charge had only one dispute. */
  id: string;
  status: string;
  /** An inquiry of the bank (status `warning_…`): no money moves. */
  isInquiry: boolean;
  reason: string | null;
  amountMinor: number;
  currency: string;
  charge: string;
  paymentIntent: string | null;
  evidenceDueBy: string | null;
  /** Empty, the withdrawal, or the withdrawal and the reinstatement. */
  movements: readonly DisputeMovement[];
  createdAt: string | null;
}> &
  Origin;

export function disputeSnapshot(stripeEvent: StripeEvent): DisputeSnapshot {
  const dispute = new Fields(stripeEvent.data.object, 'dispute');
  const status = dispute.text('status');
  return {
    kind: 'dispute',
    id: dispute.idOrNull('id') ?? dispute.id('charge'),
    status,
    isInquiry: status.startsWith('warning_'),
    reason: dispute.textOrNull('reason'),
    amountMinor: dispute.integer('amount'),
    currency: dispute.text('currency'),
    charge: dispute.id('charge'),
    paymentIntent: dispute.idOrNull('payment_intent'),
    evidenceDueBy:
      dispute.hashOrNull('evidence_details')?.timeOrNull('due_by') ?? dispute.timeOrNull('evidence_due_by'),
    movements: dispute.hashes('balance_transactions').map(movement),
    createdAt: dispute.timeOrNull('created'),
    ...originOf(stripeEvent),
  };
}

function movement(transaction: Fields): DisputeMovement {
  return {
    id: transaction.id('id'),
    amountMinor: transaction.integer('amount'),
    feeMinor: transaction.integer('fee'),
    netMinor: transaction.integer('net'),
    currency: transaction.text('currency'),
    createdAt: transaction.timeOrNull('created'),
  };
}
