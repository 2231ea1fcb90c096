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

/** So many closed books, each of one mode of one account, one answer reads. */
const BOOKS_MAX = 50;

/** Of the books that are asked for, those that have closed months, by the last refresh. @throws ProblemError 400 for too many */
export function booksAsked(closings: Closings, { livemode, account }: AskedScope): readonly Whose[] {
  const asked = closings.books.filter(
    (one) =>
      (livemode === undefined || livemode === one.livemode) &&
      (account === undefined || account === (one.account ?? '')),
  );
  if (asked.length > BOOKS_MAX)
    throw badQuery(
      `account: ${asked.length} accounts and modes have closed months, and one answer reads ${BOOKS_MAX} of them; name an account, or ask for view=restated`,
    );
  return asked;
}

/** Books whose closed months an answer by entries or lines cannot show as they were closed, since a closing of an older build kept sums alone. */
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
 * What is closed of the books that are asked for, where it is known what all closings consist of. Books of which a month was closed before rows
 * were kept are shown as they are known now, until that month is opened and closed again: `shownRestated` tells which.
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
