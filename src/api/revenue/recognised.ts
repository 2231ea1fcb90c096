import type { Queryable } from '../../read-models/database.js';
import { amountOf, type Scope } from '../books/amounts.js';
import type { Closings } from '../../closings/closing-log.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, type AskedScope } from '../books/query.js';
import { closedMonthsOf, type FrozenBooks } from '../closings/frozen-books.js';
import { postedRevenue } from '../closings/posted-revenue.js';
import { SOLD_BY, type SoldBy } from '../books/schedules.js';
import { VIEWS } from '../books/views.js';
import type { CursorPlace } from '../cursor.js';

export const RECOGNISED_BY = ['month', ...SOLD_BY, 'line'] as const;
export type RecognisedBy = (typeof RECOGNISED_BY)[number];

export type Recognised = Scope &
  Readonly<{ key: string | null; revenueMinor: number; contraMinor: number; amountMinor: number }>;

type Wanted = AskedScope &
  Readonly<{
    from: string;
    to: string;
    /** The month in which it was billed. */
    bookedMonth: string | undefined;
    by: RecognisedBy;
    of: Readonly<Partial<Record<SoldBy, string | undefined>>>;
    after: CursorPlace | null;
    limit: number;
    closings: Closings;
    /** The closed months, starting with the month before `from`. */
    frozen: readonly FrozenBooks[];
  }>;

type Sum = Scope & Readonly<{ key: string | null; revenue: bigint; contra: bigint }>;

/** The key of corrections when the rows are not by month. */
const CORRECTIONS = 'corrections';

/**
 * Returns a page of the revenue that lines earned in an inclusive range of months, and what was deducted from it,
 * grouped by `by`. Closed months are as they were closed. Their corrections are in the first open month, as one amount
 * for all lines.
 */
export async function recognised(
  connection: Queryable,
  wanted: Wanted,
): Promise<Readonly<{ data: readonly Recognised[]; next: CursorPlace | null }>> {
  const { after, limit } = wanted;
  const isAfter = (sum: Sum): boolean => after === null || comparePlaces(placeOf(sum), after) > 0;
  const sums = new Map<string, Sum>();
  const add = (sum: Sum): void => {
    const name = JSON.stringify(placeOf(sum));
    const { revenue = 0n, contra = 0n } = sums.get(name) ?? {};
    sums.set(name, { ...sum, revenue: revenue + sum.revenue, contra: contra + sum.contra });
  };
  (await openSums(connection, wanted)).forEach(add);
  for await (const sum of closedSums(connection, wanted)) if (isAfter(sum)) add(sum);
  const found = [...sums.values()].sort((a, b) => comparePlaces(placeOf(a), placeOf(b)));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page.map(({ livemode, account, currency, key, revenue, contra }) => {
      const [revenueMinor, contraMinor] = [amountOf(revenue), amountOf(contra)];
      return { livemode, account, currency, key, revenueMinor, contraMinor, amountMinor: revenueMinor - contraMinor };
    }),
    next: found.length > limit && last !== undefined ? placeOf(last) : null,
  };
}

const placeOf = ({ key, livemode, account, currency }: Sum): readonly string[] => [
  ...[key ?? '', String(livemode), account ?? ''],
  currency,
];
function comparePlaces(one: CursorPlace, other: CursorPlace): number {
  const at = one.findIndex((part, place) => part !== other[place]);
  return at === -1 ? 0 : String(one[at]) < String(other[at]) ? -1 : 1;
}

/** The sums of open months from the tables, one more than a page. */
async function openSums(
  connection: Queryable,
  { from, to, bookedMonth, by, of, after, limit, frozen, ...asked }: Wanted,
): Promise<readonly Sum[]> {
  const parameters = new Parameters();
  const conditions = [
    `month between ${parameters.add(from)} and ${parameters.add(to)}`,
    ...scopeConditions(asked, parameters, true),
    ...(bookedMonth === undefined ? [] : [`booked_month = ${parameters.add(bookedMonth)}`]),
    ...SOLD_BY.flatMap((name) => (of[name] === undefined ? [] : [`${name} = ${parameters.add(of[name])}`])),
    ...frozen.map(
      ({ livemode, account, last }) =>
        `not (coalesce(livemode, false) = ${parameters.add(livemode)} and coalesce(account, '') = ${parameters.add(account ?? '')}
           and month <= ${parameters.add(last)})`,
    ),
  ];
  const place =
    after === null
      ? ''
      : `where (name, livemode::text, whose, currency) > (${after.map((value) => parameters.add(value)).join(', ')})`;
  const { rows } = await connection.query<Scope & { key: string | null; revenue: string; contra: string }>(
    `select * from (
       select ${by} as key, coalesce(${by}, '') as name, coalesce(account, '') as whose, ${SCOPE_OF_ROW}, sum(revenue_minor)::text as revenue, sum(contra_minor)::text as contra
       from ${VIEWS.revenue} where ${conditions.join(' and ')} group by 1, 2, 3, 4, 5, 6) as earned
     ${place} order by name collate "C", livemode::text collate "C", whose collate "C", currency collate "C" limit ${limit + 1}`,
    parameters.values,
  );
  return rows.map(({ livemode, account, currency, key, revenue, contra }) => ({
    ...{ livemode, account, currency, key },
    ...{ revenue: BigInt(revenue), contra: BigInt(contra) },
  }));
}

type KeptRow = Readonly<Record<SoldBy | 'line' | 'month' | 'booked_month' | 'currency', string | null>> &
  Readonly<{ revenue_minor: number; contra_minor: number }>;

/** The rows that closed months were closed with, and their corrections. */
async function* closedSums(connection: Queryable, wanted: Wanted): AsyncGenerator<Sum> {
  const { from, to, bookedMonth, by, of, closings, frozen } = wanted;
  if (frozen.length === 0) return;
  const isWanted = (row: KeptRow): boolean =>
    (wanted.currency === undefined || row.currency === wanted.currency) &&
    (bookedMonth === undefined || row.booked_month === bookedMonth) &&
    SOLD_BY.every((name) => of[name] === undefined || row[name] === of[name]);
  for (const { livemode, account, months } of closedMonthsOf(frozen, { from, to }))
    for (const closing of months)
      for await (const row of closings.rowsOf<KeptRow>(closing, 'revenue'))
        if (isWanted(row))
          yield {
            ...{ livemode, account, currency: String(row.currency), key: row[by] },
            ...{ revenue: BigInt(row.revenue_minor), contra: BigInt(row.contra_minor) },
          };
  // Corrections cover all lines together, so they have no part of one customer or product.
  if (SOLD_BY.some((name) => of[name] !== undefined)) return;
  for (const cell of await postedRevenue(connection, { closings, frozen, asked: wanted }))
    if (cell.isCorrection && cell.month >= from && cell.month <= to)
      if (bookedMonth === undefined || cell.bookedMonth === bookedMonth)
        yield {
          ...{ livemode: cell.livemode, account: cell.account, currency: cell.currency },
          ...{ key: by === 'month' ? cell.month : CORRECTIONS },
          ...{ revenue: BigInt(cell.revenueMinor), contra: BigInt(cell.contraMinor) },
        };
}
