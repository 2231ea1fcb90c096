import type { Queryable } from '../../read-models/database.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import { monthAfter, Parameters, scopeConditions, SCOPE_OF_ROW, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';
import { monthsBetween } from '../revenue/income.js';

/**
 * Customers by the month of their first MRR: what they started with, and what remained at the end of each month since.
 */
export type Cohort = Readonly<{
  month: string;
  size: number;
  startMinor: number;
  months: readonly Readonly<{ month: string; customers: number; mrrMinor: number }>[];
}>;
export type Cohorts = Scope & Readonly<{ cohorts: readonly Cohort[] }>;

type Row = Scope &
  Readonly<{ cohort: string; month: string; change: string; customers: string; size: string; start: string }>;

/** Returns the cohorts of an inclusive range of months, with the months up to `until`. */
export async function cohorts(
  connection: Queryable,
  { from, to, until, ...asked }: AskedScope & Readonly<{ from: string; to: string; until: string }>,
): Promise<readonly Cohorts[]> {
  const parameters = new Parameters();
  const [first, last, end] = [from, to, until].map((month) => parameters.add(month)) as [string, string, string];
  const conditions = [
    `kind in ('new', 'opening')`,
    `at >= (${first} || '-01')::timestamptz - interval '2 days'`,
    `at < (${last} || '-01')::timestamptz + interval '34 days'`,
    `left(day, 7) between ${first} and ${last}`,
    ...scopeConditions(asked, parameters, true),
  ];
  const { rows } = await connection.query<Row>(
    `with born as (
       select customer, ${SCOPE_OF_ROW}, left(day, 7) as cohort, amount_minor as start from ${VIEWS.movements} own
       where ${conditions.join(' and ')}
         and not exists (select from ${VIEWS.movements} earlier where earlier.customer = own.customer and earlier.currency = own.currency and earlier.at < own.at))
     select born.livemode, born.account, born.currency, cohort, left(day, 7) as month, sum(amount_minor)::text as change,
       sum(case when before_minor = 0 then 1 when after_minor = 0 then -1 else 0 end)::text as customers,
       '0' as size, '0' as start
     from born join ${VIEWS.movements} moved on moved.customer = born.customer and moved.currency = born.currency
     where left(day, 7) <= ${end} group by 1, 2, 3, 4, 5
     union all select livemode, account, currency, cohort, '', '0', '0', count(*)::text, sum(start)::text from born group by 1, 2, 3, 4
     order by cohort, month`,
    parameters.values,
  );
  return byScope(rows).map(({ scope, rows: own }) => {
    const names = [...new Set(own.map(({ cohort }) => cohort))];
    return {
      ...scope,
      cohorts: names.map((name) =>
        cohortOf(
          name,
          until,
          own.filter(({ cohort }) => cohort === name),
        ),
      ),
    };
  });
}

function cohortOf(month: string, until: string, rows: readonly Row[]): Cohort {
  const born = rows.find((row) => row.month === '');
  const byMonth = new Map(rows.map((row) => [row.month, row]));
  let [mrr, customers] = [0n, 0n];
  return {
    month,
    size: Number(born?.size ?? 0),
    startMinor: amountOf(born?.start),
    months: monthsBetween(month, until < month ? monthAfter(month, -1) : until).map((name) => {
      const row = byMonth.get(name);
      mrr += BigInt(row?.change ?? 0);
      customers += BigInt(row?.customers ?? 0);
      return { month: name, customers: Number(customers), mrrMinor: amountOf(mrr) };
    }),
  };
}
