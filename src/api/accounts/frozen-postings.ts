import { earnedMoves, recognitionOf } from '../../../derivations/journal/moved.js';
import type { Closing } from '../../closings/closing.js';
import type { Closings } from '../../closings/closing-log.js';
import type { Queryable } from '../../read-models/database.js';
import { amountOf } from '../books/amounts.js';
import { monthAfter, monthStart } from '../books/query.js';
import { FirstInOrder } from '../first-in-order.js';
import type { FrozenBooks } from '../closings/frozen-books.js';
import { correctingPostings } from '../journal/frozen-journal.js';
import type { PostingAnswer } from '../journal/journal.js';
import { postingsOf, type AccountPosting, type AskedAccount, type PostingPlace } from './postings.js';

type Wanted = Readonly<{
  from: string;
  to: string;
  zone: string;
  after: PostingPlace;
  limit: number;
  closings: Closings;
  /** The closed months of these books; undefined: none, or the restated view was requested. */
  books: FrozenBooks | undefined;
}>;
type Found = Omit<AccountPosting, 'balanceMinor'> & Readonly<{ at: string }>;

/**
 * Returns the postings of an account in an inclusive range of months, the oldest first: for closed months as they were
 * closed, with the corrections in the first open month.
 */
export async function postingsShown(
  connection: Queryable,
  asked: AskedAccount,
  wanted: Wanted,
): Promise<Readonly<{ data: readonly AccountPosting[]; next: PostingPlace | null }>> {
  const { from, to, zone, after, limit, closings, books } = wanted;
  if (books === undefined || books.months.size === 0)
    return postingsOf(connection, asked, { from, to, zone, after, limit });
  const found: AccountPosting[] = [];
  let place = after;
  const open = monthAfter(books.last);
  const isBehind = (month: string): boolean =>
    BigInt(place.at) >= BigInt(monthStart(monthAfter(month), zone)) * 1_000_000n;
  const months = monthsTo(from, to < open ? to : open);
  for (const month of months) {
    if (isBehind(month)) continue;
    const closing = books.months.get(month);
    const isKept = closing !== undefined && month <= books.last;
    const first = new FirstInOrder<Found>(limit - found.length + 1, inOrder);
    const from = place;
    const add = (posting: Found): void => {
      if (inOrder(posting, from) > 0) first.add(posting);
    };
    if (isKept) for await (const posting of earnedOf(closings, closing, { asked, zone })) add(posting);
    else
      for await (const posting of openOf(connection, asked, {
        month,
        zone,
        after: from,
        limit: limit - found.length + 1,
      }))
        add(posting);
    const corrections = await correctingPostings<Kept>(connection, month, {
      ...{ books, closing: isKept ? closing : undefined, closings },
      seen: (entry) => {
        for (const posting of keptOf(entry, asked)) add(posting);
      },
    });
    const correction = corrections.find(({ name, currency }) => name === asked.name && currency === asked.currency);
    if (correction !== undefined) add(correctionIn(month, correction, zone));
    for (const posting of first.all()) {
      if (found.length === limit) return { data: found, next: place };
      const { at, ...shown } = posting;
      const balanceMinor = amountOf(BigInt(place.balance) + BigInt(posting.amountMinor));
      place = { at, entry: posting.entry, no: posting.no, balance: String(balanceMinor) };
      found.push({ ...shown, balanceMinor });
    }
  }
  if (to <= open) return { data: found, next: null };
  const rest = await postingsOf(connection, asked, {
    ...{ from: open < from ? from : monthAfter(open), to, zone, after: place },
    limit: Math.max(1, limit - found.length),
  });
  if (found.length === limit) return { data: found, next: rest.data.length === 0 ? null : place };
  return { data: [...found, ...rest.data], next: rest.next };
}

function monthsTo(from: string, to: string): readonly string[] {
  const months: string[] = [];
  for (let month = from; month <= to; month = monthAfter(month)) months.push(month);
  return months;
}

type Ordered = Readonly<{ at: string; entry: string; no: number }>;
const inOrder = (one: Ordered, other: Ordered): number =>
  Number(BigInt(one.at) - BigInt(other.at)) ||
  (one.entry === other.entry ? one.no - other.no : one.entry < other.entry ? -1 : 1);

type Kept = Readonly<{
  id: string;
  kind: string;
  effective_at: string;
  object: string;
  invoice: string | null;
  customer: string | null;
  stripe_event_id: string | null;
  postings: readonly PostingAnswer[];
}>;
type KeptRevenue = Readonly<{
  line: string;
  part: string;
  month: string;
  currency: string;
  invoice: string | null;
  customer: string | null;
  revenue_minor: number;
  unbilled_minor: number;
  stripe_event_id: string | null;
}>;

const microsOf = (time: string): string => String(BigInt(Date.parse(time)) * 1_000n);

/** The postings on an account of an entry of a closed month. */
const keptOf = (row: Kept, { name, currency }: AskedAccount): Found[] =>
  [...row.postings.entries()].flatMap(([place, posting]) =>
    posting.name === name && posting.currency === currency
      ? {
          ...{ at: microsOf(row.effective_at), entry: row.id, no: place + 1, kind: row.kind },
          ...{ effectiveAt: new Date(row.effective_at), amountMinor: posting.amountMinor, line: posting.line },
          ...{ object: row.object, invoice: row.invoice, customer: row.customer, stripeEvent: row.stripe_event_id },
        }
      : [],
  );

/** Revenue earned in a closed month, on an account. */
async function* earnedOf(
  closings: Closings,
  closing: Closing,
  { asked: { name, currency }, zone }: Readonly<{ asked: AskedAccount; zone: string }>,
): AsyncGenerator<Found> {
  const end = new Date((monthStart(monthAfter(closing.month), zone) - 1) * 1000);
  for await (const row of closings.rowsOf<KeptRevenue>(closing, 'revenue')) {
    const moves = earnedMoves(row.part, { revenue: row.revenue_minor, unbilled: row.unbilled_minor });
    const amountMinor = moves.find(([of]) => of === name)?.[1] ?? 0;
    if (amountMinor === 0 || row.currency !== currency) continue;
    yield {
      entry: recognitionOf(row, row.month),
      ...{ at: microsOf(end.toISOString()), no: 1, kind: 'recognition', effectiveAt: end, amountMinor },
      ...{ line: row.line, object: row.line, invoice: row.invoice, customer: row.customer },
      stripeEvent: row.stripe_event_id,
    };
  }
}

/** The postings of an open month on an account, after a place: at most one page. */
async function* openOf(
  connection: Queryable,
  asked: AskedAccount,
  { month, zone, after, limit }: Readonly<{ month: string; zone: string; after: PostingPlace; limit: number }>,
): AsyncGenerator<Found> {
  const { data } = await postingsOf(connection, asked, { from: month, to: month, zone, after, limit });
  for (const { balanceMinor: _, ...one } of data) yield { ...one, at: microsOf(one.effectiveAt.toISOString()) };
}

function correctionIn(month: string, { amountMinor }: PostingAnswer, zone: string): Found {
  const effectiveAt = new Date((monthStart(monthAfter(month), zone) - 1) * 1000);
  return {
    ...{ entry: `correction:${month}`, no: 1, kind: 'correction', at: microsOf(effectiveAt.toISOString()) },
    ...{ effectiveAt, amountMinor, line: null, object: null, invoice: null, customer: null, stripeEvent: null },
  };
}
