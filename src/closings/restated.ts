import { nameOfBooks, type Whose } from './closing.js';
import type { Closings } from './closing-log.js';

/** What moves on an account in a closed month, now and by what is compared with it: minor units as digits, plus is debit. */
export type RestatedMonth = Whose &
  Readonly<{ currency: string; month: string; name: string; before: string; after: string }>;

/** The last closed month of each books, by their names. */
export function lastClosedMonths(closings: Closings): ReadonlyMap<string, string> {
  return new Map(closings.books.map((whose) => [nameOfBooks(whose), closings.of(whose).at(-1)?.month ?? '']));
}

/** Of what moves in months, what differs and is closed. */
export const restatedOf = (
  months: Iterable<RestatedMonth>,
  closed: ReadonlyMap<string, string>,
): readonly RestatedMonth[] =>
  [...months].filter((one) => one.before !== one.after && one.month <= (closed.get(nameOfBooks(one)) ?? ''));
