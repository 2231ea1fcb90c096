import type { Queryable } from '../../read-models/database.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import { Parameters, scopeConditions, SCOPE_OF_SUM, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';

type Cell = Readonly<{ month: string; revenueMinor: number; contraMinor: number; amountMinor: number }>;
type BookedMonth = Readonly<{ bookedMonth: string; months: readonly Cell[] }>;
export type Waterfall = Scope & Readonly<{ booked: readonly BookedMonth[] }>;

type Row = Scope & Readonly<{ bookedMonth: string; month: string; revenue: string; contra: string }>;

/**
 * Of what was billed in each month, what is earned in which; `amountMinor` is less what was taken, which counts against the month that it was
 * taken in (docs.stripe.com/revenue-recognition/reports/waterfall).
 */
export async function waterfall(
  connection: Queryable,
  { from, to, ...asked }: AskedScope & Readonly<{ from: string; to: string }>,
): Promise<readonly Waterfall[]> {
  const parameters = new Parameters();
  const conditions = [
    `booked_month between ${parameters.add(from)} and ${parameters.add(to)}`,
    ...scopeConditions(asked, parameters),
  ];
  const { rows } = await connection.query<Row>(
    `select ${SCOPE_OF_SUM}, booked_month as "bookedMonth", month, sum(revenue_minor)::text as revenue, sum(contra_minor)::text as contra
     from ${VIEWS.revenueByMonth} where ${conditions.join(' and ')} group by 1, 2, 3, 4, 5 order by 4, 5`,
    parameters.values,
  );
  return byScope(rows).map(({ scope, rows: own }) => {
    const booked = new Map<string, Cell[]>();
    for (const { bookedMonth, month, revenue, contra } of own) {
      const cells = booked.get(bookedMonth) ?? [];
      booked.set(bookedMonth, cells);
      const [revenueMinor, contraMinor] = [amountOf(revenue), amountOf(contra)];
      cells.push({ month, revenueMinor, contraMinor, amountMinor: revenueMinor - contraMinor });
    }
    return { ...scope, booked: [...booked].map(([bookedMonth, months]) => ({ bookedMonth, months })) };
  });
}
