import type { Queryable } from '../../read-models/database.js';
import type { Closings } from '../../closings/closing-log.js';
import { byScope, type Scope } from '../books/amounts.js';
import type { AskedScope } from '../books/query.js';
import type { FrozenBooks } from '../closings/frozen-books.js';
import { postedRevenue } from '../closings/posted-revenue.js';

type Cell = Readonly<{ month: string; revenueMinor: number; contraMinor: number; amountMinor: number }>;
type BookedMonth = Readonly<{ bookedMonth: string; months: readonly Cell[] }>;
export type Waterfall = Scope & Readonly<{ booked: readonly BookedMonth[] }>;

/**
 * Returns for each month how much of what it billed is earned in which month; `amountMinor` is revenue less contra,
 * which counts in the month of the deduction (docs.stripe.com/revenue-recognition/reports/waterfall). Closed months are
 * as they were closed, with their corrections in the first open month.
 */
export async function waterfall(
  connection: Queryable,
  {
    from,
    to,
    closings,
    frozen,
    ...asked
  }: AskedScope & Readonly<{ from: string; to: string; closings: Closings; frozen: readonly FrozenBooks[] }>,
): Promise<readonly Waterfall[]> {
  const posted = await postedRevenue(connection, { closings, frozen, asked });
  const wanted = posted
    .filter(({ bookedMonth }) => bookedMonth >= from && bookedMonth <= to)
    .sort((a, b) => (`${a.bookedMonth} ${a.month}` < `${b.bookedMonth} ${b.month}` ? -1 : 1));
  return byScope(wanted).map(({ scope, rows: own }) => {
    const booked = new Map<string, Map<string, Cell>>();
    for (const { bookedMonth, month, revenueMinor, contraMinor } of own) {
      const cells = booked.get(bookedMonth) ?? new Map<string, Cell>();
      booked.set(bookedMonth, cells);
      const known = cells.get(month) ?? { revenueMinor: 0, contraMinor: 0 };
      const sums = {
        revenueMinor: known.revenueMinor + revenueMinor,
        contraMinor: known.contraMinor + contraMinor,
      };
      cells.set(month, { month, ...sums, amountMinor: sums.revenueMinor - sums.contraMinor });
    }
    return {
      ...scope,
      booked: [...booked].map(([bookedMonth, cells]) => ({ bookedMonth, months: [...cells.values()] })),
    };
  });
}
