import type { BalanceSnapshot } from '../src/events/normalise.js';
import { id, money, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

/** Amounts in minor units of `currency`. */
const columns = {
  event: id(),
  currency: id(),
  at: time(),
  available_minor: money(),
  pending_minor: money(),
  reserved_minor: money(),
};

type State = readonly ReturnType<typeof rowsOfBalance>[number][];

/** What was the balance at Stripe each time that an event reported it? The books are checked against these balances. */
export const stripeBalances = defineProjection({
  name: 'stripe_balances',
  version: 2,
  tables: {
    stripe_balances: {
      columns: { ...columns, ...provenanceColumns },
      key: ['event', 'currency'],
      indexes: [['currency', 'at']],
    },
  },
  // Each event gives the balance at one time, so a later one does not replace it.
  objectOf: ({ event }) => `balance ${event.stripeEventId}`,
  initial: (): State => [],
  evolve: { balance: (_, fact) => rowsOfBalance(fact), ...allBut('balance') },
  rows: (rows) => ({ stripe_balances: rows }),
});

const rowsOfBalance = (fact: Fact<BalanceSnapshot>) =>
  fact.snapshot.amounts.map((amount) =>
    rowOf(columns, { ...amount, event: fact.event.stripeEventId, at: fact.event.created }, provenanceOf(fact)),
  );
