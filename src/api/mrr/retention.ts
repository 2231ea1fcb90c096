import type { Queryable } from '../../read-models/database.js';
import { KINDS } from '../../../derivations/mrr/mrr.js';
import { amountOf, byScope, rateOf, type RateAnswer, type Scope } from '../books/amounts.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, SCOPE_OF_SUM, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';
import { growthOf, type Growth } from './series.js';

/** What was retained from the start of a period (docs/money.md, Retention). */
export type Retention = Scope &
  Growth &
  Readonly<{
    startMinor: number;
    endMinor: number;
    startCustomers: number;
    endCustomers: number;
    /** Retention of the starting customers' MRR: net, with their growth, and gross, without it. */
    nrr: RateAnswer;
    grr: RateAnswer;
    /** Customers at the start who are gone at the end. */
    logoChurn: RateAnswer;
    grossChurn: RateAnswer;
    netChurn: RateAnswer;
    quickRatio: RateAnswer;
    /** Average MRR per customer at the end; null without customers. */
    arpaMinor: number | null;
    /** ARPA divided by the rate of logo churn; null where either is missing. */
    ltvMinor: number | null;
  }>;

type Before = Scope & Readonly<{ mrr: string; customers: string }>;
type Moved = Scope & Readonly<Record<string, unknown>>;

/** Returns retention over an inclusive range of days. Without movements, a customer's MRR is unchanged. */
export async function retention(
  connection: Queryable,
  { from, to, ...asked }: AskedScope & Readonly<{ from: string; to: string }>,
): Promise<readonly Retention[]> {
  const before = new Parameters();
  const conditions = [`day < ${before.add(from)}`, ...scopeConditions(asked, before)];
  const { rows: starts } = await connection.query<Before>(
    `select ${SCOPE_OF_SUM}, sum(change_minor)::text as mrr, sum(customers)::text as customers from ${VIEWS.days} as days where ${conditions.join(' and ')} group by days.livemode, days.account, days.currency`,
    before.values,
  );
  const moved = await movedBetween(connection, { from, to, asked });
  return byScope([...starts, ...moved]).map(({ scope, rows }) => {
    const all = Object.assign({}, ...rows) as Readonly<Record<string, unknown>>;
    const of = (name: string): number => amountOf(all[name]);
    const growth = growthOf(all);
    const [startMinor, startCustomers] = [of('mrr'), of('customers')];
    const [endMinor, endCustomers] = [startMinor + of('change'), startCustomers + of('customers_change')];
    const { newMinor, openingMinor, expansionMinor, reactivationMinor, contractionMinor, churnMinor } = growth;
    const lost = contractionMinor + churnMinor;
    const gone = of('customers_gone');
    const arpaMinor = endCustomers === 0 ? null : Math.round(endMinor / endCustomers);
    return {
      ...scope,
      ...growth,
      ...{ startMinor, endMinor, startCustomers, endCustomers },
      nrr: rateOf(startMinor + of('grown') - of('shrunk'), startMinor),
      grr: rateOf(startMinor - of('shrunk'), startMinor),
      logoChurn: rateOf(gone, startCustomers),
      grossChurn: rateOf(lost, startMinor),
      netChurn: rateOf(lost - expansionMinor - reactivationMinor, startMinor),
      quickRatio: rateOf(newMinor + openingMinor + expansionMinor + reactivationMinor, lost),
      arpaMinor,
      ltvMinor: arpaMinor === null || gone === 0 ? null : Math.round((arpaMinor * startCustomers) / gone),
    };
  });
}

/** Sums the movements by kind, and for customers at the start their growth and shrinkage by the end. */
async function movedBetween(
  connection: Queryable,
  { from, to, asked }: Readonly<{ from: string; to: string; asked: AskedScope }>,
): Promise<readonly Moved[]> {
  const parameters = new Parameters();
  const [first, last] = [parameters.add(from), parameters.add(to)];
  const conditions = [
    // Uses the index on `at`; days in any two time zones start within two days of each other.
    `at >= ${first}::text::timestamptz - interval '2 days'`,
    `at < ${last}::text::timestamptz + interval '3 days'`,
    `day between ${first} and ${last}`,
    ...scopeConditions(asked, parameters, true),
  ];
  const kinds = KINDS.map(
    (kind) => `coalesce(sum(abs(amount)) filter (where kind = '${kind}'), 0)::text as ${kind}_minor`,
  );
  const { rows } = await connection.query<Moved>(
    `with moved as (
       select ${SCOPE_OF_ROW}, customer, kind, at, amount_minor as amount, before_minor as before, after_minor as after
       from ${VIEWS.movements} where ${conditions.join(' and ')}),
     each as (
       select livemode, account, currency, customer, (array_agg(before order by at))[1] as before, (array_agg(after order by at desc))[1] as after
       from moved group by livemode, account, currency, customer),
     customers as (
       select livemode, account, currency, sum(greatest(after - before, 0)) filter (where before > 0) as grown, sum(greatest(before - after, 0)) as shrunk,
         count(*) filter (where before > 0 and after = 0) as gone, count(*) filter (where after > 0) - count(*) filter (where before > 0) as customers_change
       from each group by livemode, account, currency)
     select livemode, moved.account, currency, ${kinds.join(', ')}, sum(amount)::text as change, max(coalesce(customers.grown, 0))::text as grown, max(customers.shrunk)::text as shrunk,
       max(customers.gone)::text as customers_gone, max(customers.customers_change)::text as customers_change
     from moved join customers using (livemode, currency) where moved.account is not distinct from customers.account
     group by livemode, moved.account, currency`,
    parameters.values,
  );
  return rows;
}
