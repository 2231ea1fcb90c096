import type { BalanceTransactionSnapshot } from '../src/events/normalise.js';
import { id, json, money, text, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';
import { feeDetail, listOf } from './shapes.js';

/** Amounts in minor units of `currency`. */
const columns = {
  id: id(),
  type: id(),
  reporting_category: id(),
  source: id().orNull(),
  amount_minor: money(),
  fee_minor: money(),
  net_minor: money(),
  currency: text(),
  exchange_rate: text().orNull(),
  fee_details: json<BalanceTransactionSnapshot['feeDetails']>(listOf(feeDetail)),
  available_on: time().orNull(),
  created_at: time().orNull(),
};

/**
 * What moved the balance at Stripe, as its API showed it? A transaction never changes, except that it becomes
 * available.
 */
export const balanceTransactions = defineProjection({
  name: 'balance_transactions',
  version: 2,
  tables: {
    balance_transactions: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [['source'], ['created_at']],
    },
  },
  initial: (): ReturnType<typeof rowOfTransaction> | null => null,
  evolve: {
    balance_transaction: (_, fact) => rowOfTransaction(fact),
    ...allBut('balance_transaction'),
  },
  rows: (row) => ({ balance_transactions: row === null ? [] : [row] }),
});

const rowOfTransaction = (fact: Fact<BalanceTransactionSnapshot>) => rowOf(columns, fact.snapshot, provenanceOf(fact));
