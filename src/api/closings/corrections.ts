import assert from 'node:assert/strict';
import { earnedMoves, recognitionOf } from '../../../derivations/journal/moved.js';
import type { ClosedRow } from '../../closings/closed-rows.js';
import type { Closing, Whose } from '../../closings/closing.js';
import type { Closings } from '../../closings/closing-log.js';
import { eventIdOf, eventIdOfSight } from '../../events/event-id.js';
import type { Queryable } from '../../read-models/database.js';
import { firstPositions } from '../../read-models/event-index.js';
import { MOVED } from '../books/moved.js';
import { monthAfter, monthStart } from '../books/query.js';
import { movesOf, Sums, type Amount } from '../books/sums.js';
import { currentRows } from './closing-rows.js';
import { trialBalanceOfMonth } from '../trial-balance/trial-balance.js';
import type { FrozenBooks } from './frozen-books.js';

/** The balance of an account when its month was closed, and by what is known now. Minor units. */
export type CorrectedAccount = Readonly<{
  currency: string;
  name: string;
  closedMinor: number;
  nowMinor: number;
  changeMinor: number;
}>;

/**
 * What happened to an entry since its month was closed. Revenue that a line earned in a month counts as an entry, and
 * so does the sum that a closing of an older build has instead of parts (`not_kept`).
 */
export const CHANGES = ['added', 'changed', 'gone', 'not_kept'] as const;

/** A part of the corrections of closed months: the current postings of an entry, less those it was closed with. */
export type Correction = Readonly<{
  id: string;
  kind: string;
  change: (typeof CHANGES)[number];
  /** The closed month that it corrects. */
  month: string;
  /** ISO 8601, the time of the entry. */
  effectiveAt: string;
  object: string | null;
  book: string | null;
  invoice: string | null;
  customer: string | null;
  stripeEvent: string | null;
  postings: readonly Amount[];
}>;

/** A correction with the log position of its event; null where it has no event, or an unknown one. */
export type CorrectionAnswer = Correction & Readonly<{ position: string | null }>;

/** Returns the accounts whose balance at the end of a closed month would differ now. */
export async function correctedAccounts(
  connection: Queryable,
  { livemode, account, month, frozen }: Whose & Readonly<{ month: string; frozen: readonly FrozenBooks[] }>,
): Promise<readonly CorrectedAccount[]> {
  const asked = { livemode, account: account ?? '' };
  const all = new Map<string, { currency: string; name: string; closedMinor: number; nowMinor: number }>();
  for (const [field, view] of [['closedMinor', { ...asked, frozen }] as const, ['nowMinor', asked] as const])
    for (const { currency, accounts } of await trialBalanceOfMonth(connection, month, view))
      for (const { name, endMinor } of accounts) {
        const key = `${currency} ${name}`;
        all.set(key, { ...(all.get(key) ?? { currency, name, closedMinor: 0, nowMinor: 0 }), [field]: endMinor });
      }
  return [...all.values()]
    .filter(({ closedMinor, nowMinor }) => closedMinor !== nowMinor)
    .sort((one, other) => (`${one.currency} ${one.name}` < `${other.currency} ${other.name}` ? -1 : 1))
    .map((one) => ({ ...one, changeMinor: one.nowMinor - one.closedMinor }));
}

/** The part before a page; months and their entries come newest first. */
export type CorrectionPlace = Readonly<{ month: string; at: string; id: string }>;

type Wanted = Readonly<{
  closings: Closings;
  whose: Whose;
  /** The closed month whose closing balances differ. */
  month: string;
  zone: string;
  after?: CorrectionPlace | null;
}>;

/**
 * Yields the parts of the differences in a closed month's balances: their postings add up to them. Months without a
 * difference are skipped; for the others the rows of the closing and of the tables are read side by side.
 */
export async function* correctionsOf(connection: Queryable, wanted: Wanted): AsyncGenerator<Correction> {
  const { closings, whose, month, zone, after } = wanted;
  const closed = closings.of(whose).filter((one) => one.month <= month);
  const known = new Map<string, Closing>();
  for (const one of closed) known.set(one.month, await closings.read(one));
  const moved = await movedByMonth(connection, whose, month);
  const months = [...new Set([...known.keys(), ...moved.keys()])].sort().reverse();
  for (const one of months.filter((name) => after == null || name <= after.month)) {
    const of = { closings, whose, month: one, zone, closing: known.get(one), laterOnes: [...known.values()] };
    const parts = await correctionsIn(connection, { ...of, moved: moved.get(one) ?? [] });
    for (const part of parts) if (after == null || one < after.month || isAfter(part, after)) yield part;
  }
}

/** An empty sequence of rows. */
export async function* noCorrections(): AsyncGenerator<never> {
  await Promise.resolve();
  yield* [];
}

const isAfter = ({ effectiveAt, id }: Correction, { at, id: last }: CorrectionPlace): boolean =>
  effectiveAt < at || (effectiveAt === at && id < last);

type OfMonth = Readonly<{
  closings: Closings;
  whose: Whose;
  month: string;
  zone: string;
  /** The closing of the month; undefined for months before the first closed one. */
  closing: Closing | undefined;
  laterOnes: readonly Closing[];
  /** The movements in it by what is known now. */
  moved: readonly Amount[];
}>;

async function correctionsIn(connection: Queryable, of: OfMonth): Promise<readonly Correction[]> {
  const { closings, whose, month, zone, closing, moved } = of;
  // What a later closing has posted of this month is no longer a difference.
  const posted = await postedOf(of);
  const wasMoved = new Sums();
  for (const { postings } of posted.values()) wasMoved.add(postings);
  if (closing !== undefined) wasMoved.add(ownMovesOf(closing));
  const difference = new Sums().add(moved).add(wasMoved.postings, -1).postings;
  const end = new Date((monthStart(monthAfter(month), zone) - 1) * 1000).toISOString();
  const summed = (id: string, postings: readonly Amount[]): Correction[] =>
    postings.length === 0
      ? []
      : [{ ...NOTHING, id, kind: 'sum', change: 'not_kept', month, effectiveAt: end, postings }];
  const sumsAlone = closing === undefined ? [] : summed(`correction:${month}`, unkeptOf(closing));
  if (difference.length === 0) return sumsAlone;
  if (closing !== undefined && closing.rows === undefined)
    return [...summed(`month:${month}`, difference), ...sumsAlone];
  const found: Correction[] = [];
  for (const part of ['entries', 'revenue'] as const) {
    const before = closing === undefined ? noCorrections() : closings.rowsOf(closing, part);
    const now = currentRows(connection, part, { ...whose, month, zone });
    const partOf = part === 'entries' ? asEntry : (row: ClosedRow) => asEarned(row, end);
    for await (const { was, is } of sideBySide(mapped(before, partOf), mapped(now, partOf), ORDERS[part])) {
      const one = (is ?? was)?.part;
      assert(one !== undefined, 'Merged sequences have an item on one side at least.');
      const earlier = posted.get(one.id);
      posted.delete(one.id);
      const sums = new Sums()
        .add(is?.part.postings ?? [])
        .add(was?.part.postings ?? [], -1)
        .add(earlier?.postings ?? [], -1);
      if (sums.postings.length === 0) continue;
      const change = is === null ? 'gone' : was === null && earlier === undefined ? 'added' : 'changed';
      found.push({ ...one, change, month, postings: sums.postings });
    }
  }
  // Later closings posted these entries, and the tables no longer have them.
  for (const one of posted.values())
    found.push({ ...one, change: 'gone', postings: new Sums().add(one.postings, -1).postings });
  return [...found, ...sumsAlone].filter(({ postings }) => postings.length > 0).sort(newestFirst);
}

const newestFirst = (one: Correction, other: Correction): number =>
  one.effectiveAt === other.effectiveAt ? (one.id < other.id ? 1 : -1) : one.effectiveAt < other.effectiveAt ? 1 : -1;

const NOTHING = { object: null, book: null, invoice: null, customer: null, stripeEvent: null } as const;

/** The movements that a closing has of its own month. */
const ownMovesOf = (closing: Closing): readonly Amount[] =>
  new Sums().add(movesOf(closing.balances)).add(correctionsIncluded(closing), -1).postings;

const correctionsIncluded = ({ balances }: Closing): readonly Amount[] =>
  balances.flatMap(({ currency, accounts }) =>
    accounts.map(({ name, correctionMinor }) => ({ name, currency, amountMinor: correctionMinor })),
  );

/**
 * The corrections that a closing of an older build posted without their parts: the earlier months show them again, so
 * this month reverses them.
 */
const unkeptOf = (closing: Closing): readonly Amount[] =>
  closing.rows?.chunks.corrections === undefined ? new Sums().add(correctionsIncluded(closing), -1).postings : [];

/** The corrections of a month that later closings posted, by entry. */
async function postedOf({ closings, month, laterOnes }: OfMonth): Promise<Map<string, Correction>> {
  const posted = new Map<string, Correction>();
  for (const later of laterOnes.filter((one) => one.month > month))
    for await (const one of closings.rowsOf<Correction>(later, 'corrections')) {
      if (one.month !== month) continue;
      const before = posted.get(one.id)?.postings ?? [];
      posted.set(one.id, { ...one, postings: new Sums().add(before).add(one.postings).postings });
    }
  return posted;
}

type Content = Readonly<{ part: Omit<Correction, 'change' | 'month'>; place: readonly [string, string] }>;

function asEntry(row: ClosedRow): Content {
  const { id, kind, key, object, invoice, customer, stripe_event_id: stripeEvent, postings } = row as EntryRow;
  const effectiveAt = new Date(row['effective_at'] as string).toISOString();
  const part = { id, kind, effectiveAt, object, book: key, invoice, customer, stripeEvent, postings };
  return { part, place: [effectiveAt, id] };
}

function asEarned(row: ClosedRow, effectiveAt: string): Content {
  const { line, part, month, key, invoice, customer, currency, stripe_event_id: stripeEvent } = row as RevenueRow;
  const moves = earnedMoves(part, { revenue: Number(row['revenue_minor']), unbilled: Number(row['unbilled_minor']) });
  return {
    part: {
      ...{ id: recognitionOf({ line, part }, month), kind: 'recognition', effectiveAt, object: line, book: key },
      ...{ invoice, customer, stripeEvent },
      postings: moves.map(([name, amountMinor]) => ({ name, currency, amountMinor })),
    },
    place: [line, part],
  };
}

type Own = Readonly<{ key: string; invoice: string | null; customer: string | null; stripe_event_id: string | null }>;
type EntryRow = Own & Readonly<{ id: string; kind: string; object: string; postings: readonly Amount[] }>;
type RevenueRow = Own & Readonly<{ line: string; part: string; month: string; currency: string }>;

type InOrder = (one: Content, other: Content) => number;
/** The orders of the database, which compares bytes. */
const ORDERS: Readonly<Record<'entries' | 'revenue', InOrder>> = {
  entries: ({ place: [at, id] }, { place: [otherAt, otherId] }) => byBytes(at, otherAt) || byBytes(id, otherId),
  revenue: ({ place: [line, part] }, { place: [otherLine, otherPart] }) =>
    byBytes(line, otherLine) || byBytes(part, otherPart),
};
const byBytes = (one: string, other: string): number =>
  one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));

async function* mapped<T, U>(rows: AsyncIterable<T>, to: (row: T) => U): AsyncGenerator<U> {
  for await (const row of rows) yield to(row);
}

/** Merges two ordered sequences by place; null where one of them has no item. Reads both to their ends. */
async function* sideBySide(
  before: AsyncGenerator<Content>,
  now: AsyncGenerator<Content>,
  inOrder: InOrder,
): AsyncGenerator<Readonly<{ was: Content | null; is: Content | null }>> {
  const next = async (of: AsyncGenerator<Content>): Promise<Content | null> => {
    const result: IteratorResult<Content, unknown> = await of.next();
    return result.done === true ? null : result.value;
  };
  let [was, is] = [await next(before), await next(now)];
  while (was !== null || is !== null) {
    const order = was === null ? 1 : is === null ? -1 : inOrder(was, is);
    yield { was: order <= 0 ? was : null, is: order >= 0 ? is : null };
    if (order <= 0) was = await next(before);
    if (order >= 0) is = await next(now);
  }
}

/** Returns the movements on accounts by what is known now, by month, up to a month. */
async function movedByMonth(
  connection: Queryable,
  { livemode, account }: Whose,
  month: string,
): Promise<ReadonlyMap<string, readonly Amount[]>> {
  const { rows } = await connection.query<Omit<Amount, 'amountMinor'> & { month: string; amount: string }>(
    `select month, name, currency, sum(debit - credit)::text as amount from (${MOVED}) as moved
     where livemode = $1 and account = $2 and month <= $3 group by month, name, currency`,
    [livemode, account ?? '', month],
  );
  const months = new Map<string, Amount[]>();
  for (const { month: of, name, currency, amount } of rows) {
    const own = months.get(of) ?? [];
    months.set(of, own);
    own.push({ name, currency, amountMinor: Number(amount) });
  }
  return months;
}

/** Returns a page of corrections, each with the log position of its event. */
export async function pageOfCorrections(
  connection: Queryable,
  all: AsyncIterable<Correction>,
  limit: number,
): Promise<Readonly<{ data: readonly CorrectionAnswer[]; next: CorrectionPlace | null }>> {
  const found: Correction[] = [];
  for await (const one of all) if (found.push(one) > limit) break;
  const page = found.slice(0, limit);
  const events = [...new Set(page.flatMap(({ stripeEvent }) => stripeEvent ?? []))];
  const positions = await firstPositions(
    connection,
    events.map((event) => eventIdOfSight(event) ?? eventIdOf(event, null)),
  );
  const byEvent = new Map(events.map((event, at) => [event, positions[at] ?? null]));
  const last = page.at(-1);
  return {
    data: page.map((one) => {
      const position = one.stripeEvent === null ? null : (byEvent.get(one.stripeEvent) ?? null);
      return { ...one, position: position === null ? null : String(position) };
    }),
    next: found.length > limit && last !== undefined ? { month: last.month, at: last.effectiveAt, id: last.id } : null,
  };
}
