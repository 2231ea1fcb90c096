import { DAY, type Seconds } from '../calendar.js';
import { seededRandom } from '../random.js';
import { settledIn } from './exchange.js';
import type { Movement } from './ledger.js';

/** A movement of the balance at Stripe, in a currency that the account settles in. */
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
  /** What it moves in the payment's currency; the same as above where nothing was exchanged. */
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

/** The transaction of a movement. What comes of payments is available at midnight two days later, the rest at once. */
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

/** 2.9 % and 30 cents, as a card costs in the United States; of some accounts' charges a tax on that. */
function feesOf(transaction: string, amountMinor: number): BalanceTransaction['fees'] {
  const stripeFee = Math.round(amountMinor * 0.029) + 30;
  const isTaxed = seededRandom(transaction, 'fees').chance(0.2);
  return [
    { type: 'stripe_fee', description: 'Stripe processing fees', amountMinor: stripeFee },
    ...(isTaxed ? [{ type: 'tax' as const, description: 'VAT', amountMinor: Math.round(stripeFee * 0.1) }] : []),
  ];
}
