import { Fields } from '../fields.js';
import { field } from '../json.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/**
 * Money that moves between the Stripe balance and a bank or a connected account: a payout, a top-up, a transfer, an
 * application fee. Minor units of `currency`.
 */
export type MovementSnapshot = Readonly<{
  kind: 'movement';
  object: MovementObject;
  id: string;
  /** Null except for payouts and top-ups. */
  status: string | null;
  amountMinor: number;
  /** The total reversed or refunded. */
  reversedMinor: number;
  currency: string;
  /** The charge that a transfer or fee belongs to. */
  charge: string | null;
  balanceTransaction: string | null;
  failureBalanceTransaction: string | null;
  /** When a payout arrives at the bank. */
  arrivesAt: string | null;
  /** Whether Stripe can list the payout's transactions; null for other objects. */
  isAutomatic: boolean | null;
  /**
   * Of a payout: `completed` once Stripe can list its transactions; null for other objects, and in old API versions.
   */
  reconciliationStatus: string | null;
  createdAt: string | null;
}> &
  Origin;

export type MovementObject = 'payout' | 'topup' | 'transfer' | 'application_fee';

export function movementSnapshot(stripeEvent: StripeEvent): MovementSnapshot {
  const object = String(field(stripeEvent.data.object, 'object')) as MovementObject;
  const movement = new Fields(stripeEvent.data.object, object);
  return {
    kind: 'movement',
    object,
    id: movement.id('id'),
    status: movement.textOrNull('status'),
    amountMinor: movement.integer('amount'),
    reversedMinor: movement.integerOrNull('amount_reversed', 'amount_refunded') ?? 0,
    currency: movement.text('currency'),
    charge: movement.idOrNull('source_transaction', 'charge'),
    balanceTransaction: movement.idOrNull('balance_transaction'),
    failureBalanceTransaction: movement.idOrNull('failure_balance_transaction'),
    arrivesAt: movement.timeOrNull('arrival_date', 'date'),
    isAutomatic: object === 'payout' ? movement.flag('automatic', true) : null,
    reconciliationStatus: movement.textOrNull('reconciliation_status'),
    createdAt: movement.timeOrNull('created', 'date'),
    ...originOf(stripeEvent),
  };
}
