import type { Queryable } from '../../read-models/database.js';
import { amountOf, type Scope } from '../books/amounts.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, type AskedScope } from '../books/query.js';
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
    /** In which it was billed. */
    bookedMonth: string | undefined;
    by: RecognisedBy;
    of: Readonly<Partial<Record<SoldBy, string | undefined>>>;
    after: CursorPlace | null;
    limit: number;
  }>;

const ORDER = ['name', 'livemode', 'whose', 'currency'] as const;

/** What lines earned in months, both included, and what was taken of what they had earned: by what they sold, a page of it. */
export async function recognised(
  connection: Queryable,
  { from, to, bookedMonth, by, of, after, limit, ...asked }: Wanted,
): Promise<Readonly<{ data: readonly Recognised[]; next: CursorPlace | null }>> {
  const parameters = new Parameters();
  const conditions = [
    `month between ${parameters.add(from)} and ${parameters.add(to)}`,
    ...scopeConditions(asked, parameters, true),
    ...(bookedMonth === undefined ? [] : [`booked_month = ${parameters.add(bookedMonth)}`]),
    ...SOLD_BY.flatMap((name) => (of[name] === undefined ? [] : [`${name} = ${parameters.add(of[name])}`])),
  ];
  const place =
    after === null
      ? ''
      : `where (name, livemode::text, whose, currency) > (${after.map((value) => parameters.add(value)).join(', ')})`;
  const { rows } = await connection.query<
    Scope & { name: string; whose: string; key: string | null; revenue: string; contra: string }
  >(
    `select * from (
       select ${by} as key, coalesce(${by}, '') as name, coalesce(account, '') as whose, ${SCOPE_OF_ROW}, sum(revenue_minor)::text as revenue, sum(contra_minor)::text as contra
       from ${VIEWS.revenue} where ${conditions.join(' and ')} group by 1, 2, 3, 4, 5, 6) as earned
     ${place} order by name collate "C", livemode::text collate "C", whose collate "C", currency collate "C" limit ${limit + 1}`,
    parameters.values,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page.map(({ livemode, account, currency, key, revenue, contra }) => {
      const [revenueMinor, contraMinor] = [amountOf(revenue), amountOf(contra)];
      return { livemode, account, currency, key, revenueMinor, contraMinor, amountMinor: revenueMinor - contraMinor };
    }),
    next: rows.length > limit && last !== undefined ? ORDER.map((name) => String(last[name])) : null,
  };
}
