import type { MovementSnapshot } from '../src/events/normalise.js';
import { lifecycleOf, statusesOf } from '../src/events/rank.js';
import { between, flag, id, money, oneOf, text, time } from './columns.js';
import { isStale } from './life.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

/** Amounts in minor units of `currency`. */
const columns = {
  id: id(),
  status: id().filtered(oneOf(statusesOf('payout'))),
  amount_minor: money(),
  currency: text().filtered(),
  /** Stripe lists the transactions of automatic payouts only. */
  is_automatic: flag().orNull().filtered({ by: 'value', name: 'automatic', known: null }),
  /** `completed` once Stripe can list them; null in old API versions. */
  reconciliation_status: id().orNull().filtered(),
  balance_transaction: id().orNull(),
  failure_balance_transaction: id().orNull(),
  arrives_at: time().orNull(),
  created_at: time().orNull().filtered(between('created')),
};
const transactionColumns = { payout: id(), id: id() };

type Row = ReturnType<typeof payoutRow>;
/** For a payout, its row; for a page of its transactions, these. */
type State = Readonly<{ payout: Row | null; transactions: readonly ReturnType<typeof transactionRow>[] }>;

/** A payout may fail after it was paid. */
const life = lifecycleOf('payout');

/**
 * What is each payout now, and which balance transactions does it consist of, as far as they were read from Stripe's
 * API?
 */
export const payouts = defineProjection({
  name: 'payouts',
  version: 3,
  tables: {
    payouts: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [['arrives_at']],
      listedBy: { time: 'created_at', id: 'id' },
    },
    payout_transactions: {
      columns: { ...transactionColumns, ...provenanceColumns },
      key: ['payout', 'id'],
      indexes: [['id']],
    },
  },
  objectOf: ({ snapshot, order }) =>
    snapshot.kind === 'movement' && snapshot.object !== 'payout' ? null : order.objectKey,
  initial: (): State => ({ payout: null, transactions: [] }),
  evolve: {
    movement: (state, fact) =>
      state.payout !== null && isStale(life, state.payout.status, fact.snapshot.status ?? '')
        ? state
        : { ...state, payout: payoutRow(fact) },
    payout_transactions: (state, fact) => ({
      ...state,
      transactions: fact.snapshot.transactions.map((one) => transactionRow(fact, fact.snapshot.payout, one)),
    }),
    ...allBut('movement', 'payout_transactions'),
  },
  rows: ({ payout, transactions }) => ({
    payouts: payout === null ? [] : [payout],
    payout_transactions: transactions,
  }),
});

const payoutRow = (fact: Fact<MovementSnapshot>) =>
  rowOf(columns, { ...fact.snapshot, status: fact.snapshot.status ?? 'unknown' }, provenanceOf(fact));
const transactionRow = (fact: Fact, payout: string, transaction: string) =>
  rowOf(transactionColumns, { payout, id: transaction }, provenanceOf(fact));
