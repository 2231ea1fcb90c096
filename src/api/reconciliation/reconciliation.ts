import { accounts } from '../../../derivations/journal/accounts.js';
import { balanceTransactions } from '../../../projections/balance-transactions.js';
import { invoiceItems } from '../../../projections/invoice-items.js';
import { payouts } from '../../../projections/payouts.js';
import { stripeBalances } from '../../../projections/stripe-balances.js';
import { subscriptions } from '../../../projections/subscriptions.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import { MOVED } from '../books/moved.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, SCOPE_OF_SUM, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';

const TRANSACTIONS = viewOf(balanceTransactions, 'balance_transactions');
const PAYOUTS = viewOf(payouts, 'payouts');
const MEMBERS = viewOf(payouts, 'payout_transactions');
const ITEMS = viewOf(invoiceItems, 'invoice_items');
const SUBSCRIPTIONS = viewOf(subscriptions, 'subscriptions');
const BALANCES = viewOf(stripeBalances, 'stripe_balances');

/** Accounts with open items by payment, by invoice, or by an object that names neither. */
const OPEN_BY_SUBJECT = [
  ...[accounts.unapplied, accounts.unbilled, accounts.refundsPayable, accounts.inTransit, accounts.customerCash],
];

/** Accounts with a zero balance once everything is settled and explained: the balance is the sum of the open items. */
export const CLEARED = [accounts.clearing, ...OPEN_BY_SUBJECT, accounts.unexplained];

/**
 * Why an item is open:
 * - `no_balance_transaction`: money moved at Stripe, but its balance transaction is unknown;
 * - `not_heard_of`: a balance transaction, or the end of a payout, is known, but not its source;
 * - `amounts_differ`: both are known, but their sum is not zero;
 * - `not_applied`: a payment, or money returned on one, that is applied to no invoice;
 * - `payment_not_seen`: it is applied to an invoice or was refunded, but no charge of it is known;
 * - `not_billed`: an invoice item that waits for its invoice;
 * - `subscription_ended`: an invoice item of an ended subscription, which is never billed automatically: bill it or
 *   delete it;
 * - `refund_not_seen`: a refund that a credit note announced;
 * - `on_its_way`: a payout that has not arrived;
 * - `customer_cash`: a customer's bank transfer that pays nothing yet;
 * - `payout_not_asked`: the transactions of a payout were not requested;
 * - `payout_differs`: the sum of a payout's transactions differs from it;
 * - `unknown_category`: a balance transaction has an unknown category.
 */
export const CAUSES = [
  ...(['no_balance_transaction', 'not_heard_of', 'amounts_differ', 'not_applied', 'payment_not_seen'] as const),
  ...(['not_billed', 'subscription_ended', 'refund_not_seen', 'on_its_way', 'customer_cash'] as const),
  ...(['payout_not_asked', 'payout_differs', 'unknown_category'] as const),
] as const;
export type Cause = (typeof CAUSES)[number];

/** An unexplained amount, and since when. Minor units; positive is debit. `name`: its account, null inside a payout. */
export type OpenItem = Scope &
  Readonly<{ cause: Cause; name: string | null; object: string; at: Date; amountMinor: number }>;

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

/** Returns the balances of the accounts that should be zero, and the last balance that Stripe reported. */
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
  const checkpointed = checkpoints.map(({ scope }) => ({ ...scope, name: null, balance: '0' }));
  return byScope([...rows, ...checkpointed]).map(({ scope, rows: own }) => ({
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

/** SQL for the subject of an entry on the clearing account: a dispute's movement, or the object that moved. */
const SUBJECT = `case when e.kind = 'settlement' and t.reporting_category not like 'dispute%' then coalesce(t.source, e.object) else e.object end`;

/**
 * SQL for the subject of an entry on these accounts: of unapplied money the payment, otherwise the invoice or object.
 */
const ABOUT = `coalesce(case when p.name = '${accounts.unapplied}' then e.payment end, e.invoice, e.object)`;

/** SQL for the cause of what remains of one subject on one account. `kind` is that of its entries. */
const CAUSE_BY_SUBJECT = `case p.name
    when '${accounts.unbilled}' then 'not_billed'
    when '${accounts.customerCash}' then 'customer_cash'
    when '${accounts.inTransit}' then case when bool_or(e.kind = 'payout') then 'on_its_way' else 'not_heard_of' end
    when '${accounts.refundsPayable}' then case when sum(p.amount_minor) < 0 then 'refund_not_seen' else 'amounts_differ' end
    else case when sum(p.amount_minor) < 0 then 'not_applied' when bool_or(e.kind = 'charge') then 'amounts_differ' else 'payment_not_seen' end end`;

const OF_AN_ENDED_SUBSCRIPTION = `exists (select from ${ITEMS} i join ${SUBSCRIPTIONS} s on s.id = i.subscription where i.id = subject and s.ended_at is not null)`;

/** SQL for all entries of a subject, each under its first possible subject. */
const ENTRIES_OF_SUBJECT = `
  select id, kind from ${VIEWS.entries} where seen.name = '${accounts.unapplied}' and payment = seen.subject
  union all select id, kind from ${VIEWS.entries} where invoice = seen.subject and (seen.name <> '${accounts.unapplied}' or payment is null)
  union all select id, kind from ${VIEWS.entries} where object = seen.subject and invoice is null and (seen.name <> '${accounts.unapplied}' or payment is null)`;

/** SQL for the revenue earned before it is billed, which has no entry. */
const EARNED_UNBILLED = `case when p.name = '${accounts.unbilled}'
  then coalesce((select sum(unbilled_minor) from ${VIEWS.revenue} r where r.invoice = seen.subject and r.currency = p.currency), 0) else 0 end`;

/** Returns the unexplained items since a time, the oldest first; at most `limit`. */
export async function openItems(
  connection: Queryable,
  { since, limit, ...asked }: AskedScope & Readonly<{ since: string; limit: number }>,
): Promise<readonly OpenItem[]> {
  const parameters = new Parameters();
  const from = parameters.add(since);
  const [clearing, unexplained] = [parameters.add(accounts.clearing), parameters.add(accounts.unexplained)];
  const bySubject = parameters.add(OPEN_BY_SUBJECT);
  const conditions = scopeConditions(asked, parameters, true);
  const own = (more: string): string => [more, ...conditions].join(' and ');
  // A subject may have started before the window, so all its entries are summed.
  const { rows } = await connection.query<
    Scope & { cause: Cause; name: string | null; object: string; at: Date; amount: string }
  >(
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
           else 'amounts_differ' end as cause, ${clearing} as name,
         subject as object, coalesce(p.livemode, false) as livemode, p.account, p.currency, min(p.effective_at) as at, sum(p.amount_minor)::text as amount
       from cleared c join ${VIEWS.postings} p on p.entry = c.id and p.name = ${clearing}
       group by subject, coalesce(p.livemode, false), p.account, p.currency having sum(p.amount_minor) <> 0
       union all
       select case when count(m.id) = 0 then 'payout_not_asked' else 'payout_differs' end, null, o.id, coalesce(o.livemode, false), o.account, o.currency, o.created_at,
         (o.amount_minor - coalesce(sum(t.net_minor), 0))::text
       from ${PAYOUTS} o left join ${MEMBERS} m on m.payout = o.id and m.id is distinct from o.balance_transaction
       left join ${TRANSACTIONS} t on t.id = m.id
       where o.is_automatic and o.reconciliation_status = 'completed' and o.created_at >= ${from}
       group by o.id, o.livemode, o.account, o.currency, o.created_at, o.amount_minor
       having count(m.id) = 0 or o.amount_minor <> coalesce(sum(t.net_minor), 0)
       union all
       select 'unknown_category', p.name, e.object, coalesce(p.livemode, false), p.account, p.currency, p.effective_at, p.amount_minor::text
       from ${VIEWS.postings} p join ${VIEWS.entries} e on e.id = p.entry where p.name = ${unexplained} and p.effective_at >= ${from}
       union all
       select case when cause = 'not_billed' and ${OF_AN_ENDED_SUBSCRIPTION} then 'subscription_ended' else cause end, name, subject, livemode, account, currency, at,
         amount::text from (
         select ${CAUSE_BY_SUBJECT} as cause, p.name, seen.subject, coalesce(p.livemode, false) as livemode, p.account, p.currency,
           min(p.effective_at) as at, sum(p.amount_minor) + ${EARNED_UNBILLED} as amount
         from (select distinct p.name, ${ABOUT} as subject from ${VIEWS.postings} p join ${VIEWS.entries} e on e.id = p.entry
           where p.name = any(${bySubject}) and p.effective_at >= ${from}) as seen
         cross join lateral (${ENTRIES_OF_SUBJECT}) as e join ${VIEWS.postings} p on p.entry = e.id and p.name = seen.name
         group by p.name, seen.subject, coalesce(p.livemode, false), p.account, p.currency) as left_over where amount <> 0)
     select * from items where ${own('true')} order by at, object, name, currency limit ${parameters.add(limit)}`,
    parameters.values,
  );
  return rows.map(({ amount, ...item }) => ({ ...item, amountMinor: amountOf(amount) }));
}
