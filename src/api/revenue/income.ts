import type { Queryable } from '../../read-models/database.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import { MOVED } from '../books/moved.js';
import { monthAfter, Parameters, scopeConditions, SCOPE_OF_SUM, type AskedScope } from '../books/query.js';
import type { MonthOfAccount } from '../../closings/closing.js';
import type { FrozenBooks } from '../closings/frozen-books.js';
import { badQuery } from '../query.js';

/** A month of income; minor units. `netMinor` is revenue and other income, less contra. */
export type IncomeMonth = Readonly<{
  month: string;
  revenueMinor: number;
  /** Refunds, disputes, credit notes, voids and bad debt of recognised revenue. */
  contraMinor: number;
  /** Recoveries and platform fees. */
  otherMinor: number;
  netMinor: number;
  /** Billed but not earned at the end of the month. */
  deferredMinor: number;
}>;
export type Income = Scope & Readonly<{ months: readonly IncomeMonth[] }>;

const MONTHS_MAX = 600;

/** The months of an inclusive range. @throws ProblemError 400 for too many */
export function monthsBetween(from: string, to: string): readonly string[] {
  const months: string[] = [];
  for (let month = from; month <= to; month = monthAfter(month)) {
    months.push(month);
    if (months.length > MONTHS_MAX) throw badQuery(`to: gives more than ${MONTHS_MAX} months; ask for fewer`);
  }
  return months;
}

type Row = Scope & Readonly<{ month: string; revenue: string; contra: string; other: string; deferred: string }>;

/**
 * Returns the income statement by month, and the deferred revenue at the end of each: the same figures as the trial
 * balance. Closed months of `frozen` books are as they were closed, and the first open month has the corrections.
 */
export async function incomeByMonth(
  connection: Queryable,
  { from, to, frozen, ...asked }: AskedScope & Readonly<{ from: string; to: string; frozen: readonly FrozenBooks[] }>,
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
  const known = rows.map(({ livemode, account, currency, month, revenue, contra, other, deferred }) => ({
    ...{ livemode, account, currency, month },
    sums: [revenue, contra, other, deferred].map(BigInt) as unknown as Sums,
  }));
  const closed = frozen.flatMap(({ livemode, account, months: own }) =>
    [...own.values()].flatMap(({ balances, month }) =>
      balances.map(({ currency }) => ({ livemode, account, currency, month, sums: NOTHING })),
    ),
  );
  return byScope([...known, ...closed]).map(({ scope, rows: own }) => {
    const books = frozen.find(({ livemode, account }) => livemode === scope.livemode && account === scope.account);
    const of = (first: string, last: string): Sums =>
      added(own.filter(({ month }) => month >= first && month <= last).map(({ sums }) => sums));
    return {
      ...scope,
      months: months.map((month) => {
        const [ended, moved] = [of('', month), of(month, month)];
        if (books === undefined || month > monthAfter(books.last)) return incomeOf(month, moved, ended);
        const closing = (name: string): readonly MonthOfAccount[] =>
          books.months.get(name)?.balances.find(({ currency }) => currency === scope.currency)?.accounts ?? [];
        if (month <= books.last)
          return incomeOf(
            month,
            sumsOf(closing(month), movement),
            sumsOf(closing(month), ({ endMinor }) => endMinor),
          );
        const before = sumsOf(closing(books.last), ({ endMinor }) => endMinor);
        return incomeOf(month, minus(ended, before), ended);
      }),
    };
  });
}

/** Revenue, contra, other and deferred, each on its own side. */
type Sums = readonly [revenue: bigint, contra: bigint, other: bigint, deferred: bigint];
const NOTHING: Sums = [0n, 0n, 0n, 0n];

const added = (all: readonly Sums[]): Sums =>
  all.reduce<Sums>(([a, b, c, d], [e, f, g, h]) => [a + e, b + f, c + g, d + h], NOTHING);
const minus = (one: Sums, [e, f, g, h]: Sums): Sums => added([one, [-e, -f, -g, -h]]);

const movement = ({ debitMinor, creditMinor }: MonthOfAccount): number => debitMinor - creditMinor;

function sumsOf(accounts: readonly MonthOfAccount[], amountIn: (account: MonthOfAccount) => number): Sums {
  return added(
    accounts.map((account): Sums => {
      const { name } = account;
      const amount = BigInt(amountIn(account));
      if (name === 'Income:Revenue') return [-amount, 0n, 0n, 0n];
      if (name.startsWith('Income:Contra:')) return [0n, amount, 0n, 0n];
      if (name.startsWith('Income:')) return [0n, 0n, -amount, 0n];
      return name === 'Liabilities:Deferred' ? [0n, 0n, 0n, -amount] : NOTHING;
    }),
  );
}

function incomeOf(month: string, [revenue, contra, other]: Sums, [, , , deferred]: Sums): IncomeMonth {
  const [revenueMinor, contraMinor, otherMinor] = [amountOf(revenue), amountOf(contra), amountOf(other)];
  const netMinor = revenueMinor - contraMinor + otherMinor;
  return { month, revenueMinor, contraMinor, otherMinor, netMinor, deferredMinor: amountOf(deferred) };
}
