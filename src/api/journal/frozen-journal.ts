import { earnedMoves } from '../../../derivations/journal/moved.js';
import type { Closing } from '../../closings/closing.js';
import type { Closings } from '../../closings/closing-log.js';
import type { Queryable } from '../../read-models/database.js';
import { compared, pageOfRows, placeOf, type Listing } from '../../read-models/listing.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { monthAfter, monthStart, type AskedScope } from '../books/query.js';
import { movesOf, Sums } from '../books/sums.js';
import { areKept, booksAsked, lastClosed, type FrozenBooks } from '../closings/frozen-books.js';
import { FirstInOrder } from '../first-in-order.js';
import { COUNT_MAX, findRows, pageOf, type Count, type Page } from '../lists.js';
import { trialBalanceOfMonth } from '../trial-balance/trial-balance.js';
import { ENTRIES, type PostingAnswer } from './journal.js';

/** An entry from a closing, or a correction; used in the list like a row. */
type KeptEntry = Row & Readonly<{ id: string; key: string; effective_at: string; postings: readonly PostingAnswer[] }>;

type Wanted = Readonly<{ closings: Closings; asked: AskedScope; zone: string; listing: Listing }>;

/** The list of entries, without those of closed months. */
const OPEN_ENTRIES = {
  ...ENTRIES,
  own: {
    ...ENTRIES.own,
    notBefore: (values: string) => `not exists (select from unnest(${values}::text[]) as closed(books)
      where split_part(books, ' ', 1) = coalesce(livemode, false)::text and split_part(books, ' ', 3) = coalesce(account, '')
        and effective_at < split_part(books, ' ', 2)::timestamptz)`,
  },
};

/**
 * Returns a page of the journal with closed months as they were closed: their entries come from the closing, and the
 * first open month has one entry that corrects them.
 */
export async function frozenPage(connection: Queryable, wanted: Wanted, isCounted = false): Promise<Page> {
  const { listing } = wanted;
  const { open, kept } = await frozenRows(connection, wanted);
  const keptById = new Map(kept.map((row) => [row.id, row]));
  const merged = pageOfRows(ENTRIES.table, [...open, ...kept], { ...listing, filters: {} });
  const page = pageOf(ENTRIES, listing, merged);
  const completed =
    (await ENTRIES.complete?.(
      connection,
      page.data.filter(({ id }) => !keptById.has(String(id))),
      false,
    )) ?? [];
  const byId = new Map(completed.map((one) => [String(one['id']), one]));
  return {
    ...page,
    ...(isCounted ? { count: await frozenCount(connection, wanted) } : {}),
    data: page.data.map((one) => {
      const id = String(one['id']);
      const row = keptById.get(id);
      return row === undefined ? (byId.get(id) ?? one) : entryAnswer(row);
    }),
  };
}

/** Counts the entries, reading at most `COUNT_MAX` from tables and closings each. */
async function frozenCount(connection: Queryable, wanted: Wanted): Promise<Count> {
  const listing = { ...wanted.listing, after: null, limit: COUNT_MAX };
  const { open, kept } = await frozenRows(connection, { ...wanted, listing });
  const found = open.length + kept.length;
  return { value: Math.min(found, COUNT_MAX), isAtLeast: found > COUNT_MAX };
}

/** Reads the entries for a page: of open months from the tables, and of closed months with their corrections. */
async function frozenRows(
  connection: Queryable,
  wanted: Wanted,
): Promise<Readonly<{ open: readonly Row[]; kept: readonly KeptEntry[] }>> {
  const { listing, zone, closings, asked } = wanted;
  const frozen: FrozenBooks[] = [];
  for (const whose of booksAsked(closings, asked).filter((one) => areKept(closings, one)))
    frozen.push(...[await lastClosed(closings, whose)].filter((one) => one !== undefined));
  const kept: KeptEntry[] = [];
  for (const books of frozen) kept.push(...(await keptEntries(connection, books, wanted)));
  const notBefore = frozen.map(
    ({ livemode, account, last }) => `${livemode} ${startOf(monthAfter(last), zone)} ${account ?? ''}`,
  );
  const open = await findRows(connection, OPEN_ENTRIES, {
    ...listing,
    filters: { ...listing.filters, ...(notBefore.length === 0 ? {} : { notBefore }) },
  });
  return { open, kept };
}

const startOf = (month: string, zone: string): string => new Date(monthStart(month, zone) * 1000).toISOString();

function entryAnswer({ postings, ...row }: KeptEntry): Answer {
  const { key, isIncomplete, ...entry } = answerOf(row);
  return { ...entry, book: key, isIncomplete, postings };
}

/** Returns entries of closed months and the first open one, by month in the list's order, until a page is full. */
async function keptEntries(
  connection: Queryable,
  books: FrozenBooks,
  { closings, listing, zone }: Wanted,
): Promise<readonly KeptEntry[]> {
  const open = monthAfter(books.last);
  const known = new Map(closings.of(books).map((one) => [one.month, one] as const));
  const months = [...known.keys(), open].sort();
  const found: KeptEntry[] = [];
  for (const month of listing.isNewestFirst ? months.toReversed() : months) {
    const [start, end] = [startOf(month, zone), startOf(monthAfter(month), zone)];
    if (!isWithin({ start, end }, listing)) continue;
    const closed = known.get(month);
    const closing = closed === undefined ? undefined : await closings.read(closed);
    const first = new FirstInOrder<KeptEntry>(listing.limit + 1, orderOf(listing));
    const isAsked = ownFilters(listing);
    const keep = (entry: KeptEntry): void => {
      if (isAsked(entry) && pageOfRows(ENTRIES.table, [entry], plain(listing)).length > 0) first.add(entry);
    };
    const correction = await correctionOf(connection, month, { books, closing, closings, keep, zone });
    if (correction !== null) keep(correction);
    found.push(...first.all());
    if (found.length > listing.limit) break;
  }
  return found;
}

/** Whether any entry of a month may be on a page. */
function isWithin(
  { start, end }: Readonly<{ start: string; end: string }>,
  { filters, after, isNewestFirst }: Listing,
): boolean {
  const at = after?.at == null ? null : Date.parse(after.at);
  const isBefore = (filters['since'] ?? []).some((since) => Date.parse(end) <= Date.parse(String(since)));
  const isAfter = (filters['until'] ?? []).some((until) => Date.parse(start) > Date.parse(String(until)));
  const isPassed = at !== null && (isNewestFirst ? Date.parse(start) > at : Date.parse(end) <= at);
  return !isBefore && !isAfter && !isPassed;
}

/** The filters that need other tables than the list's own, for entries that include their postings. */
const ownFilters =
  ({ filters: { name, book } }: Listing) =>
  ({ key, postings }: KeptEntry): boolean =>
    (name === undefined || postings.some((posting) => name.includes(posting.name))) &&
    (book === undefined || book.includes(key));
const plain = (listing: Listing): Listing => {
  const { name: _, book: __, ...filters } = listing.filters;
  return { ...listing, filters };
};

const orderOf =
  ({ isNewestFirst }: Listing) =>
  (one: KeptEntry, other: KeptEntry): number =>
    (isNewestFirst ? -1 : 1) * compared(placeOf(ENTRIES.table, one), placeOf(ENTRIES.table, other));

/**
 * The correction entry of a month; null when zero. For a closed month: the difference between its balances and its
 * entries, each of which is passed to `keep`. For the first open month: what became known of closed ones.
 */
async function correctionOf(
  connection: Queryable,
  month: string,
  {
    books,
    closing,
    closings,
    keep,
    zone,
  }: Readonly<{
    books: FrozenBooks;
    closing: Closing | undefined;
    closings: Closings;
    keep: (entry: KeptEntry) => void;
    zone: string;
  }>,
): Promise<KeptEntry | null> {
  const { livemode, account } = books;
  const postings = await correctingPostings(connection, month, { books, closing, closings, seen: keep });
  if (postings.length === 0) return null;
  const id = ['correction', month, ...(livemode ? [] : ['test']), ...(account === null ? [] : [account])].join(':');
  const at = new Date((monthStart(monthAfter(month), zone) - 1) * 1000).toISOString();
  return {
    ...{ id, key: id, kind: 'correction', effective_at: at, object: month, livemode, account, postings },
    ...{ customer: null, subscription: null, invoice: null, payment: null, is_inferred: false, inference: null },
    // A closing caused it, not an event of Stripe.
    ...{ stripe_event_id: `closing:${books.last}`, stripe_event_type: 'ledger.month_closed', api_version: null },
    stripe_event_created: books.months.get(books.last)?.closedAt ?? at,
    is_incomplete: false,
  };
}

type KeptRevenue = Readonly<{ part: string; currency: string; revenue_minor: number; unbilled_minor: number }>;

/** The difference between the shown month and the sum of its entries and its earned revenue. */
export async function correctingPostings<E extends Readonly<{ postings: readonly Omit<PostingAnswer, 'line'>[] }>>(
  connection: Queryable,
  month: string,
  {
    books,
    closing,
    closings,
    seen,
  }: Readonly<{
    books: FrozenBooks;
    closing: Closing | undefined;
    closings: Closings;
    /** Called with each entry that the closing holds. */
    seen: (entry: E) => void;
  }>,
): Promise<readonly PostingAnswer[]> {
  const asked = { livemode: books.livemode, account: books.account ?? '' };
  const sums = new Sums();
  if (closing === undefined) {
    sums.add(movesOf(await trialBalanceOfMonth(connection, month, { ...asked, frozen: [books] })));
    sums.add(movesOf(await trialBalanceOfMonth(connection, month, asked)), -1);
  } else {
    sums.add(movesOf(closing.balances));
    for await (const entry of closings.rowsOf<E>(closing, 'entries')) {
      sums.add(entry.postings, -1);
      seen(entry);
    }
    for await (const {
      part,
      currency,
      revenue_minor: revenue,
      unbilled_minor: unbilled,
    } of closings.rowsOf<KeptRevenue>(closing, 'revenue')) {
      const moves = earnedMoves(part, { revenue, unbilled });
      sums.add(
        moves.map(([name, amountMinor]) => ({ name, currency, amountMinor })),
        -1,
      );
    }
  }
  return sums.postings.map((posting) => ({ ...posting, line: null }));
}
