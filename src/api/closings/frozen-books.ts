import type { Closing, Whose } from '../../closings/closing.js';
import type { Closings } from '../../closings/closing-log.js';
import { asClosed, corrected, type Moved } from '../../closings/frozen.js';
import type { Scope } from '../books/amounts.js';
import { monthAfter, type AskedScope } from '../books/query.js';
import { badQuery } from '../query.js';

/** The closed months of some books, from `first` to `last`, and those closings that an answer needs. */
export type FrozenBooks = Whose & Readonly<{ first: string; last: string; months: ReadonlyMap<string, Closing> }>;

/** Returns the closed months of the requested books within this range. @throws when the event store is unavailable */
export async function frozenIn(
  closings: Closings,
  { livemode, account, currency }: AskedScope,
  { from, to }: Readonly<{ from: string; to: string }>,
): Promise<readonly FrozenBooks[]> {
  await closings.refresh();
  const asked = booksAsked(closings, { livemode, account });
  const all: FrozenBooks[] = [];
  for (const whose of asked) {
    const closed = closings.of(whose);
    const [first, last] = [closed[0]?.month, closed.at(-1)?.month];
    if (first === undefined || last === undefined) continue;
    const open = monthAfter(last);
    const needed = closed.filter(
      ({ month }) => (month >= from && month <= to) || (month === last && from <= open && open <= to),
    );
    const months = new Map<string, Closing>();
    for (const one of needed) {
      const closing = await closings.read(one);
      const balances = closing.balances.filter((balance) => currency === undefined || balance.currency === currency);
      months.set(one.month, { ...closing, balances });
    }
    all.push({ ...whose, first, last, months });
  }
  return all;
}

/** The most closed books (one mode of one account each) in one answer. */
const BOOKS_MAX = 50;

/** Returns the requested books with closed months, as of the last refresh. @throws ProblemError 400 for too many */
export function booksAsked(closings: Closings, { livemode, account }: AskedScope): readonly Whose[] {
  const asked = closings.books.filter(
    (one) =>
      (livemode === undefined || livemode === one.livemode) &&
      (account === undefined || account === (one.account ?? '')),
  );
  if (asked.length > BOOKS_MAX)
    throw badQuery(
      `account: ${asked.length} accounts and modes have closed months, but one answer reads at most ${BOOKS_MAX}; name an account, or ask for view=restated`,
    );
  return asked;
}

/** Returns the books not shown as closed by entries or lines: a closing of an older build has only sums. */
export const shownRestated = (closings: Closings, asked: AskedScope): readonly Whose[] =>
  booksAsked(closings, asked)
    .filter((one) => !areKept(closings, one))
    .map(({ livemode, account }) => ({ livemode, account }));

/**
 * Returns the closed months of some books as of the last refresh, with only the last closing; undefined without any.
 */
export async function lastClosed(closings: Closings, whose: Whose): Promise<FrozenBooks | undefined> {
  const closed = closings.of(whose);
  const [first, last] = [closed[0], closed.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const months = new Map([[last.month, await closings.read(last)]]);
  return { ...whose, first: first.month, last: last.month, months };
}

/**
 * Returns the closed months of the requested books that have the rows of all their closings. Books with a month that
 * was closed before rows were stored are shown by what is known now (`shownRestated` lists them), until that month is
 * reopened and closed again.
 */
export async function keptIn(
  closings: Closings,
  asked: AskedScope,
  range: Readonly<{ from: string; to: string }>,
): Promise<readonly FrozenBooks[]> {
  const frozen = await frozenIn(closings, asked, range);
  return frozen.filter((books) => areKept(closings, books));
}

export const areKept = (closings: Closings, whose: Whose): boolean =>
  closings.of(whose).every(({ rows }) => rows !== undefined);

/** The closings of a range, by books. */
export const closedMonthsOf = (
  frozen: readonly FrozenBooks[],
  { from, to }: Readonly<{ from: string; to: string }>,
): readonly (Whose & Readonly<{ months: readonly Closing[] }>)[] =>
  frozen.map(({ livemode, account, months }) => ({
    ...{ livemode, account },
    months: [...months.values()].filter(({ month }) => month >= from && month <= to),
  }));

export type ScopedMove = Scope & Omit<Moved, 'currency'> & Readonly<{ correction: bigint; closing: Closing | null }>;

/** Applies closings to the amounts moved in a month: `moved` is what is known now. */
export function frozenMoves(
  moved: readonly (Scope & Omit<Moved, 'currency'>)[],
  month: string,
  frozen: readonly FrozenBooks[],
): readonly ScopedMove[] {
  const isOf = (scope: Whose, { livemode, account }: Whose): boolean =>
    scope.livemode === livemode && scope.account === account;
  const others = moved.filter((row) => !frozen.some((one) => isOf(row, one)));
  const all: ScopedMove[] = others.map((row) => ({ ...row, correction: 0n, closing: null }));
  for (const books of frozen) {
    const { livemode, account, last, months } = books;
    const own = moved.filter((row) => isOf(row, books));
    const closing = months.get(month) ?? null;
    const rows =
      month <= last
        ? asClosed(closing?.balances ?? [])
        : month === monthAfter(last)
          ? corrected(own, months.get(last)?.balances ?? [])
          : own.map((row) => ({ ...row, correction: 0n }));
    all.push(...rows.map((row) => ({ ...row, livemode, account, closing })));
  }
  return all;
}
