import { DAY, type Seconds } from '../calendar.js';
import { seededRandom } from '../random.js';
import { settledIn } from './exchange.js';
import type { Movement } from './ledger.js';

/** A balance transaction at Stripe, in a settlement currency of the account. */
export interface BalanceTransaction {
  readonly id: string;
  readonly type: string;
  readonly category: string;
  readonly source: string | null;
  readonly description: string | null;
  readonly amountMinor: number;
  readonly fees: readonly Readonly<{ type: 'stripe_fee' | 'tax'; description: string; amountMinor: number }>[];
  readonly currency: string;
  readonly exchangeRate: number | null;
  /** The amount in the payment's currency; equal to the one above without an exchange. */
  readonly movedMinor: number;
  readonly movedCurrency: string;
  readonly createdAt: Seconds;
  readonly availableAt: Seconds;
}

export const feeMinor = ({ fees }: BalanceTransaction): number =>
  fees.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
export const netMinor = (transaction: BalanceTransaction): number => transaction.amountMinor - feeMinor(transaction);

const TYPES: Readonly<Record<Movement['kind'], readonly [type: string, description: (of: Movement) => string]>> = {
  charge: ['charge', () => 'Payment for Invoice'],
  refund: ['refund', () => 'REFUND FOR CHARGE'],
  refund_failure: ['refund_failure', () => 'REFUND FAILURE'],
  dispute: ['adjustment', ({ charge }) => `Chargeback withdrawal for ${charge}`],
  dispute_reversal: ['adjustment', ({ charge }) => `Chargeback reversal for ${charge}`],
};

/** The transaction of a movement. Payments become available at midnight two days later, everything else at once. */
export function transactionOf(movement: Movement): BalanceTransaction {
  const { transaction: id, kind, source, amountMinor: movedMinor, currency: movedCurrency, at } = movement;
  const settled = settledIn(movedMinor, movedCurrency, at);
  const [type, description] = TYPES[kind];
  return {
    ...{ id, type, category: kind, source, description: description(movement), ...settled, movedMinor, movedCurrency },
    fees: kind === 'charge' ? feesOf(id, settled.amountMinor) : disputeFee(movement.feeMinor),
    createdAt: at,
    availableAt: kind === 'charge' ? (Math.floor(at / DAY) + 2) * DAY : at,
  };
}

const disputeFee = (amountMinor: number): BalanceTransaction['fees'] =>
  amountMinor === 0 ? [] : [{ type: 'stripe_fee', description: 'Dispute fee', amountMinor }];

/** 2.9 % and 30 cents, the fee of a card in the United States; some accounts also pay tax on it. */
function feesOf(transaction: string, amountMinor: number): BalanceTransaction['fees'] {
  const stripeFee = Math.round(amountMinor * 0.029) + 30;
  const isTaxed = seededRandom(transaction, 'fees').chance(0.2);
  return [
    { type: 'stripe_fee', description: 'Stripe processing fees', amountMinor: stripeFee },
    ...(isTaxed ? [{ type: 'tax' as const, description: 'VAT', amountMinor: Math.round(stripeFee * 0.1) }] : []),
  ];
}
