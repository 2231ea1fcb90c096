import { accounts } from '../../../derivations/journal/accounts.js';
import { balanceTransactions } from '../../../projections/balance-transactions.js';
import { payouts } from '../../../projections/payouts.js';
import { stripeBalances } from '../../../projections/stripe-balances.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import { MOVED } from '../books/moved.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, SCOPE_OF_SUM, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';

const TRANSACTIONS = viewOf(balanceTransactions, 'balance_transactions');
const PAYOUTS = viewOf(payouts, 'payouts');
const MEMBERS = viewOf(payouts, 'payout_transactions');
const BALANCES = viewOf(stripeBalances, 'stripe_balances');

/** Accounts with a zero balance once everything is explained. */
const CLEARED = [
  ...[accounts.clearing, accounts.unapplied, accounts.refundsPayable, accounts.inTransit],
  ...[accounts.customerCash, accounts.unexplained],
];

/**
 * Why an item is open:
 * - `no_balance_transaction`: money moved at Stripe, but its balance transaction is unknown;
 * - `not_heard_of`: a balance transaction is known, but not its source;
 * - `amounts_differ`: both are known, but their sum is not zero;
 * - `payout_not_asked`: the transactions of a payout were not requested;
 * - `payout_differs`: the sum of a payout's transactions differs from it;
 * - `unknown_category`: a balance transaction has an unknown category.
 */
export type Cause =
  | 'no_balance_transaction'
  | 'not_heard_of'
  | 'amounts_differ'
  | 'payout_not_asked'
  | 'payout_differs'
  | 'unknown_category';

/** An unexplained amount, and since when. Minor units; positive is debit. */
export type OpenItem = Scope & Readonly<{ cause: Cause; object: string; at: Date; amountMinor: number }>;

/** The last balance that Stripe reported, and that of the books at the time. */
export type Checkpoint = Readonly<{
  at: Date;
  stripeMinor: number;
  balanceMinor: number;
  clearingMinor: number;
  /** Unknown fees and adjustments: balance plus clearing in the books, less Stripe's balance. */
  unseenMinor: number;
}>;

export type Reconciled = Scope &
  Readonly<{
    accounts: readonly Readonly<{ name: string; balanceMinor: number }>[];
    checkpoint: Checkpoint | null;
  }>;

/** Returns the balances of the accounts that should come to zero, and the last balance that Stripe reported. */
export async function standingOf(connection: Queryable, asked: AskedScope): Promise<readonly Reconciled[]> {
  const parameters = new Parameters();
  const names = parameters.add(CLEARED);
  const conditions = [`name = any(${names})`, ...scopeConditions(asked, parameters)];
  const { rows } = await connection.query<Scope & { name: string; balance: string }>(
    `select name, ${SCOPE_OF_SUM}, sum(debit - credit)::text as balance from (${MOVED}) as moved
     where ${conditions.join(' and ')} group by name, livemode, moved.account, currency order by name`,
    parameters.values,
  );
  const checkpoints = await checkpointsOf(connection, asked);
  const told = checkpoints.map(({ scope }) => ({ ...scope, name: null, balance: '0' }));
  return byScope([...rows, ...told]).map(({ scope, rows: own }) => ({
    ...scope,
    accounts: own.flatMap(({ name, balance }) => (name === null ? [] : [{ name, balanceMinor: amountOf(balance) }])),
    checkpoint: checkpoints.find(({ scope: of }) => isSame(of, scope))?.checkpoint ?? null,
  }));
}

const isSame = (one: Scope, other: Scope): boolean =>
  one.livemode === other.livemode && one.account === other.account && one.currency === other.currency;

async function checkpointsOf(connection: Queryable, asked: AskedScope) {
  const parameters = new Parameters();
  const conditions = scopeConditions(asked, parameters, true);
  const [balance, clearing] = [parameters.add(accounts.balance), parameters.add(accounts.clearing)];
  const standing = (name: string): string =>
    `coalesce((select sum(amount_minor) from ${VIEWS.postings} p where p.name = ${name} and p.currency = told.currency
       and p.effective_at <= told.at and coalesce(p.livemode, false) = told.livemode and p.account is not distinct from told.account), 0)::text`;
  const { rows } = await connection.query<Scope & { at: Date; stripe: string; balance: string; clearing: string }>(
    `select told.*, ${standing(balance)} as balance, ${standing(clearing)} as clearing from (
       select distinct on (coalesce(livemode, false), account, currency) ${SCOPE_OF_ROW}, at, (available_minor + pending_minor + reserved_minor)::text as stripe
       from ${BALANCES} ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
       order by coalesce(livemode, false), account, currency, at desc) as told`,
    parameters.values,
  );
  return rows.map(({ at, stripe, balance: booked, clearing: moved, livemode, account, currency }) => ({
    scope: { livemode, account, currency },
    checkpoint: {
      at,
      stripeMinor: amountOf(stripe),
      balanceMinor: amountOf(booked),
      clearingMinor: amountOf(moved),
      unseenMinor: amountOf(BigInt(booked) + BigInt(moved) - BigInt(stripe)),
    },
  }));
}

/**
 * SQL for the subject of an entry on the clearing account: of a dispute the single movement, otherwise the object that
 * moved.
 */
const SUBJECT = `case when e.kind = 'settlement' and t.reporting_category not like 'dispute%' then coalesce(t.source, e.object) else e.object end`;

/** Returns the unexplained items since a time, the oldest first; at most `limit`. */
export async function openItems(
  connection: Queryable,
  { since, limit, ...asked }: AskedScope & Readonly<{ since: string; limit: number }>,
): Promise<readonly OpenItem[]> {
  const parameters = new Parameters();
  const from = parameters.add(since);
  const [clearing, unexplained] = [parameters.add(accounts.clearing), parameters.add(accounts.unexplained)];
  const conditions = scopeConditions(asked, parameters, true);
  const own = (more: string): string => [more, ...conditions].join(' and ');
  // A subject may have started before the window, so all its entries are summed.
  const { rows } = await connection.query<Scope & { cause: Cause; object: string; at: Date; amount: string }>(
    `with seen as (
       select distinct ${SUBJECT} as subject from ${VIEWS.postings} p join ${VIEWS.entries} e on e.id = p.entry
       left join ${TRANSACTIONS} t on t.id = e.object and e.kind = 'settlement'
       where p.name = ${clearing} and p.effective_at >= ${from}),
     cleared as (
       select e.*, subject from seen join ${VIEWS.entries} e on e.object = subject
       union select e.*, subject from seen join ${TRANSACTIONS} t on t.source = subject and t.reporting_category not like 'dispute%'
         join ${VIEWS.entries} e on e.object = t.id),
     items as (
       select case when bool_and(c.kind = 'settlement') then 'not_heard_of' when not bool_or(c.kind = 'settlement') then 'no_balance_transaction'
           else 'amounts_differ' end as cause,
         subject as object, coalesce(p.livemode, false) as livemode, p.account, p.currency, min(p.effective_at) as at, sum(p.amount_minor)::text as amount
       from cleared c join ${VIEWS.postings} p on p.entry = c.id and p.name = ${clearing}
       group by subject, coalesce(p.livemode, false), p.account, p.currency having sum(p.amount_minor) <> 0
       union all
       select case when count(m.id) = 0 then 'payout_not_asked' else 'payout_differs' end, o.id, coalesce(o.livemode, false), o.account, o.currency, o.created_at,
         (o.amount_minor - coalesce(sum(t.net_minor), 0))::text
       from ${PAYOUTS} o left join ${MEMBERS} m on m.payout = o.id and m.id is distinct from o.balance_transaction
       left join ${TRANSACTIONS} t on t.id = m.id
       where o.is_automatic and o.reconciliation_status = 'completed' and o.created_at >= ${from}
       group by o.id, o.livemode, o.account, o.currency, o.created_at, o.amount_minor
       having count(m.id) = 0 or o.amount_minor <> coalesce(sum(t.net_minor), 0)
       union all
       select 'unknown_category', e.object, coalesce(p.livemode, false), p.account, p.currency, p.effective_at, p.amount_minor::text
       from ${VIEWS.postings} p join ${VIEWS.entries} e on e.id = p.entry where p.name = ${unexplained} and p.effective_at >= ${from})
     select * from items where ${own('true')} order by at, object, currency limit ${parameters.add(limit)}`,
    parameters.values,
  );
  return rows.map(({ amount, ...item }) => ({ ...item, amountMinor: amountOf(amount) }));
}
