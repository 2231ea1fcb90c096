import type { Queryable } from '../../read-models/database.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import { MOVED } from '../books/moved.js';
import { monthAfter, Parameters, scopeConditions, SCOPE_OF_SUM, type AskedScope } from '../books/query.js';
import { badQuery } from '../query.js';

/** A month of income; minor units. `netMinor` is revenue and other income, less contra. */
export type IncomeMonth = Readonly<{
  month: string;
  revenueMinor: number;
  /** Refunds, disputes, credit notes, voids and bad debt, of what had been recognised. */
  contraMinor: number;
  /** Recoveries and platform fees. */
  otherMinor: number;
  netMinor: number;
  /** What is billed and not earned, at the end of the month. */
  deferredMinor: number;
}>;
export type Income = Scope & Readonly<{ months: readonly IncomeMonth[] }>;

const MONTHS_MAX = 600;

/** Months from one to another, both included. @throws ProblemError 400 for too many */
export function monthsBetween(from: string, to: string): readonly string[] {
  const months: string[] = [];
  for (let month = from; month <= to; month = monthAfter(month)) {
    months.push(month);
    if (months.length > MONTHS_MAX) throw badQuery(`to: leaves more than ${MONTHS_MAX} months; ask for fewer`);
  }
  return months;
}

type Row = Scope & Readonly<{ month: string; revenue: string; contra: string; other: string; deferred: string }>;

/** The income statement by months, and what was deferred at the end of each: the same numbers as the trial balance has. */
export async function incomeByMonth(
  connection: Queryable,
  { from, to, ...asked }: AskedScope & Readonly<{ from: string; to: string }>,
): Promise<readonly Income[]> {
  const months = monthsBetween(from, to);
  const parameters = new Parameters();
  const conditions = [
    `month <= ${parameters.add(to)}`,
    `(name like 'Income:%' or name = 'Liabilities:Deferred')`,
    ...scopeConditions(asked, parameters),
  ];
  const sum = (sign: '' | '-', which: string): string =>
    `coalesce(${sign}sum(debit - credit) filter (where ${which}), 0)::text`;
  const { rows } = await connection.query<Row>(
    `select ${SCOPE_OF_SUM}, month, ${sum('-', `name = 'Income:Revenue'`)} as revenue, ${sum('', `name like 'Income:Contra:%'`)} as contra,
       ${sum('-', `name like 'Income:%' and name <> 'Income:Revenue' and name not like 'Income:Contra:%'`)} as other, ${sum('-', `name = 'Liabilities:Deferred'`)} as deferred
     from (${MOVED}) as moved where ${conditions.join(' and ')} group by moved.livemode, moved.account, moved.currency, month order by month`,
    parameters.values,
  );
  return byScope(rows).map(({ scope, rows: own }) => {
    const byMonth = new Map(own.map((row) => [row.month, row]));
    let deferred = own.filter(({ month }) => month < from).reduce((all, row) => all + BigInt(row.deferred), 0n);
    return {
      ...scope,
      months: months.map((month) => {
        const row = byMonth.get(month);
        deferred += BigInt(row?.deferred ?? 0);
        const [revenueMinor, contraMinor, otherMinor] = [row?.revenue, row?.contra, row?.other].map(amountOf) as [
          number,
          number,
          number,
        ];
        const netMinor = revenueMinor - contraMinor + otherMinor;
        return { month, revenueMinor, contraMinor, otherMinor, netMinor, deferredMinor: amountOf(deferred) };
      }),
    };
  });
}
