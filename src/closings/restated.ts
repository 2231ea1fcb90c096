import { nameOfBooks, type Whose } from './closing.js';
import type { Closings } from './closing-log.js';

/**
 * The movement on an account in a closed month: before and after a change, in minor units as digits, debit positive.
 */
export type RestatedMonth = Whose &
  Readonly<{ currency: string; month: string; name: string; before: string; after: string }>;

/** The last closed month of each set of books, by name. */
export function lastClosedMonths(closings: Closings): ReadonlyMap<string, string> {
  return new Map(closings.books.map((whose) => [nameOfBooks(whose), closings.of(whose).at(-1)?.month ?? '']));
}

/** The closed months whose movement differs. */
export const restatedOf = (
  months: Iterable<RestatedMonth>,
  closed: ReadonlyMap<string, string>,
): readonly RestatedMonth[] =>
  [...months].filter((one) => one.before !== one.after && one.month <= (closed.get(nameOfBooks(one)) ?? ''));
