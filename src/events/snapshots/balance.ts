import { Fields } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/**
 * One transaction on the Stripe balance. No event reports it: only Stripe's API shows it, or the dispute that caused
 * it. Minor units of `currency`, a settlement currency of the account.
 */
export type BalanceTransactionSnapshot = Readonly<{
  kind: 'balance_transaction';
  id: string;
  type: string;
  /** Absent until 2018: then the type. */
  reportingCategory: string;
  /** The cause: a charge, a refund, a dispute, a payout, …; null for Stripe's own fees. */
  source: string | null;
  amountMinor: number;
  feeMinor: number;
  netMinor: number;
  currency: string;
  /** A decimal as text; null without currency conversion. */
  exchangeRate: string | null;
  feeDetails: readonly FeeDetail[];
  availableOn: string | null;
  createdAt: string | null;
}> &
  Origin;

export type FeeDetail = Readonly<{ type: string; amountMinor: number; currency: string }>;

export function balanceTransactionSnapshot(stripeEvent: StripeEvent): BalanceTransactionSnapshot {
  const transaction = new Fields(stripeEvent.data.object, 'balance_transaction');
  const type = transaction.text('type');
  return {
    kind: 'balance_transaction',
    id: transaction.id('id'),
    type,
    reportingCategory: transaction.textOrNull('reporting_category') ?? type,
    source: transaction.idOrNull('source'),
    amountMinor: transaction.integer('amount'),
    feeMinor: transaction.integer('fee'),
    netMinor: transaction.integer('net'),
    currency: transaction.text('currency'),
    exchangeRate: transaction.decimalOrNull('exchange_rate'),
    feeDetails: transaction.hashes('fee_details').map((fee) => ({
      type: fee.text('type'),
      amountMinor: fee.integer('amount'),
      currency: fee.text('currency'),
    })),
    availableOn: transaction.timeOrNull('available_on'),
    createdAt: transaction.timeOrNull('created'),
    ...originOf(stripeEvent),
  };
}

/** The Stripe balance at the time of the event, by currency; minor units. */
export type BalanceSnapshot = Readonly<{
  kind: 'balance';
  amounts: readonly BalanceAmount[];
}> &
  Origin;

/** `reservedMinor`: held for connected accounts. */
export type BalanceAmount = Readonly<{
  currency: string;
  availableMinor: number;
  pendingMinor: number;
  reservedMinor: number;
}>;

export function balanceSnapshot(stripeEvent: StripeEvent): BalanceSnapshot {
  const balance = new Fields(stripeEvent.data.object, 'balance');
  const sums = new Map<string, BalanceAmount>();
  for (const [list, field] of [
    ['available', 'availableMinor'],
    ['pending', 'pendingMinor'],
    ['connect_reserved', 'reservedMinor'],
  ] as const)
    for (const one of balance.hashes(list)) {
      const currency = one.text('currency');
      const before = sums.get(currency) ?? { currency, availableMinor: 0, pendingMinor: 0, reservedMinor: 0 };
      sums.set(currency, { ...before, [field]: before[field] + one.integer('amount') });
    }
  return { kind: 'balance', amounts: [...sums.values()], ...originOf(stripeEvent) };
}

/** The transactions of a payout, including its own: one page of Stripe's list. */
export type PayoutTransactionsSnapshot = Readonly<{
  kind: 'payout_transactions';
  payout: string;
  transactions: readonly string[];
}> &
  Origin;

/** The object name of an observation of such a page. Its id is the payout's; further pages add `:` and the cursor. */
export const PAYOUT_TRANSACTIONS = 'payout_transactions';

export function payoutTransactionsSnapshot(stripeEvent: StripeEvent): PayoutTransactionsSnapshot {
  const page = new Fields(stripeEvent.data.object, PAYOUT_TRANSACTIONS);
  return {
    kind: PAYOUT_TRANSACTIONS,
    payout: page.id('id').split(':')[0] as string,
    transactions: page.hashes('data').map((transaction) => transaction.id('id')),
    ...originOf(stripeEvent),
  };
}
