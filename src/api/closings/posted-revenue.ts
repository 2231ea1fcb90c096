import type { Closing, Whose } from '../../closings/closing.js';
import type { Closings } from '../../closings/closing-log.js';
import type { Queryable } from '../../read-models/database.js';
import type { Scope } from '../books/amounts.js';
import { monthAfter, Parameters, scopeConditions, SCOPE_OF_SUM, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';
import type { FrozenBooks } from './frozen-books.js';

/** Revenue earned of what a month billed, in the month in which it is posted. Minor units. */
export type PostedCell = Scope &
  Readonly<{
    bookedMonth: string;
    month: string;
    revenueMinor: number;
    contraMinor: number;
    /** Whether it corrects an earlier closed month, by what became known later. */
    isCorrection: boolean;
  }>;

type Cell = Readonly<{
  currency: string;
  month: string;
  bookedMonth: string;
  revenueMinor: number;
  contraMinor: number;
}>;
type Kept = Readonly<{
  currency: string;
  month: string;
  booked_month: string;
  revenue_minor: number;
  contra_minor: number;
}>;

/**
 * Returns earned revenue by the month that billed it and the month that it is posted in: closed months as they were
 * closed, with their corrections in the first open month. The first month in `frozen` includes all earlier ones, so
 * `frozen` starts a month early.
 */
export async function postedRevenue(
  connection: Queryable,
  { closings, frozen, asked }: Readonly<{ closings: Closings; frozen: readonly FrozenBooks[]; asked: AskedScope }>,
): Promise<readonly PostedCell[]> {
  const parameters = new Parameters();
  const conditions = ['true', ...scopeConditions(asked, parameters)];
  const { rows } = await connection.query<Scope & Record<keyof Cell, string>>(
    `select ${SCOPE_OF_SUM}, month, booked_month as "bookedMonth", sum(revenue_minor)::text as "revenueMinor", sum(contra_minor)::text as "contraMinor"
     from ${VIEWS.revenueByMonth} where ${conditions.join(' and ')} group by 1, 2, 3, 4, 5`,
    parameters.values,
  );
  const now = rows.map((row) => ({
    ...row,
    ...{ revenueMinor: Number(row.revenueMinor), contraMinor: Number(row.contraMinor) },
  }));
  const isOf = (whose: Whose) => (row: Whose) => row.livemode === whose.livemode && row.account === whose.account;
  const open = now.filter((row) => !frozen.some((books) => isOf(books)(row)));
  const all: PostedCell[] = open.map((row) => ({ ...row, isCorrection: false }));
  for (const books of frozen) {
    const own = now.filter(isOf(books));
    const { livemode, account, last } = books;
    let before: readonly Cell[] = [];
    // The cells of a closing are cumulative: a month posts the difference from the closing before it.
    const post = (month: string, cells: readonly Cell[]): void => {
      for (const cell of differenceOf(cells, before))
        all.push({ ...cell, livemode, account, month, isCorrection: cell.month !== month });
      before = cells;
    };
    for (const closing of [...books.months.values()].sort((a, b) => (a.month < b.month ? -1 : 1))) {
      post(closing.month, await cellsOf(closings, closing, asked.currency));
    }
    if (!books.months.has(last)) continue;
    const next = monthAfter(last);
    post(
      next,
      own.filter(({ month }) => month <= next),
    );
    all.push(...own.filter(({ month }) => month > next).map((row) => ({ ...row, isCorrection: false })));
  }
  return all;
}

/** Revenue earned up to a closed month, as it was closed. */
async function cellsOf(closings: Closings, closing: Closing, currency: string | undefined): Promise<readonly Cell[]> {
  const sums = new Map<string, Cell>();
  for await (const row of closings.rowsOf<Kept>(closing, 'booked')) {
    if (currency !== undefined && row.currency !== currency) continue;
    const cell = {
      ...{ currency: row.currency, month: row.month, bookedMonth: row.booked_month },
      ...{ revenueMinor: row.revenue_minor, contraMinor: row.contra_minor },
    };
    sums.set(keyOf(cell), added(cell, sums.get(keyOf(cell))));
  }
  return [...sums.values()];
}

function differenceOf(cells: readonly Cell[], before: readonly Cell[]): readonly Cell[] {
  const sums = new Map(cells.map((cell) => [keyOf(cell), cell]));
  for (const cell of before) {
    const less = { ...cell, revenueMinor: 0 - cell.revenueMinor, contraMinor: 0 - cell.contraMinor };
    sums.set(keyOf(cell), added(less, sums.get(keyOf(cell))));
  }
  return [...sums.values()].filter(({ revenueMinor, contraMinor }) => revenueMinor !== 0 || contraMinor !== 0);
}

const keyOf = ({ currency, month, bookedMonth }: Cell): string => `${currency} ${bookedMonth} ${month}`;
const added = (one: Cell, other: Cell | undefined): Cell => ({
  ...one,
  revenueMinor: one.revenueMinor + (other?.revenueMinor ?? 0),
  contraMinor: one.contraMinor + (other?.contraMinor ?? 0),
});
