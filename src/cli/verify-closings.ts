import { earnedMoves } from '../../derivations/journal/moved.js';
import { journal } from '../../derivations/journal/journal.js';
import { projections } from '../../projections/index.js';
import type { Row } from '../../projections/projection.js';
import { VIEWS } from '../api/books/views.js';
import { pastTables, UnreadablePast } from '../as-of/past-rows.js';
import { nameOfBooks, type Closing, type Whose } from '../closings/closing.js';
import type { Closings, ClosedMonth } from '../closings/closing-log.js';
import { deriveFromRows, readBy, streamsOfKeys } from '../deriving/derive-past.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import type { Database } from '../read-models/database.js';
import { groupBy } from '../folding/group-by.js';

type Parts = Readonly<{ store: EventStore; database: Database; signal: AbortSignal }>;

/** A result for a closing; `isFault`: it was altered, or the log yields other figures. */
export type ClosingFinding = Readonly<{ text: string; isFault: boolean }>;

/** Keys of the journal that are derived at once. */
const PAGE_KEYS = 100;
/** The most accounts named per month. */
const NAMED_MAX = 5;
const { models: READ, tables: TABLES } = readBy(journal, projections);

/**
 * Derives the books again as known at the position of each closing, by its own policy, and compares the balance of each
 * account with the closing; also reads its rows. Months that were closed together are derived once.
 */
export async function* verifyClosings(parts: Parts, closings: Closings): AsyncGenerator<ClosingFinding> {
  for (const whose of closings.books) yield* verifyBooks(parts, closings, whose);
}

/** Verifies the closings of one account and mode. */
export async function* verifyBooks(parts: Parts, closings: Closings, whose: Whose): AsyncGenerator<ClosingFinding> {
  const together = groupBy(closings.of(whose), ({ position }) => position);
  for (const months of together.values()) {
    if (parts.signal.aborted) return;
    yield* verifyTogether(parts, closings, { whose, months });
  }
}

async function* verifyTogether(
  parts: Parts,
  closings: Closings,
  { whose, months }: Readonly<{ whose: Whose; months: readonly ClosedMonth[] }>,
): AsyncGenerator<ClosingFinding> {
  const findingOf = ({ month }: ClosedMonth, text: string, isFault = true): ClosingFinding => ({
    text: `The closing of ${month}, ${nameOfBooks(whose)}: ${text}`,
    isFault,
  });
  for (const one of months) {
    const fault = await closings.faultOfRows(one);
    if (fault !== null) yield findingOf(one, fault);
  }
  const last = months.at(-1);
  if (last === undefined) return;
  if (last.rules === undefined) {
    yield findingOf(last, 'not derived again: it was closed before closings recorded their policy.', false);
    return;
  }
  try {
    const sums = await derivedThen(parts, closings, { whose, last });
    if (sums === null) return;
    for (const one of months) {
      const wrong = differencesOf(await closings.read(one), sums);
      const named = wrong.slice(0, NAMED_MAX).join('; ');
      if (wrong.length > 0)
        yield findingOf(
          one,
          `derived again at its position ${one.position}, the balances differ (closed by build ${one.build}): ${named}${wrong.length > NAMED_MAX ? `; and ${wrong.length - NAMED_MAX} more` : ''}.`,
        );
    }
  } catch (error) {
    if (!(error instanceof UnreadablePast)) throw error;
    yield findingOf(last, `it cannot be derived again: ${error.message}`);
  }
}

/** Movements by currency and account, in each month. */
type Sums = ReadonlyMap<string, ReadonlyMap<string, bigint>>;

/** The accounts whose balance differs. */
function differencesOf({ month, balances }: Closing, sums: Sums): readonly string[] {
  const closed = new Map<string, bigint>(
    balances.flatMap(({ currency, accounts }) =>
      accounts.map(({ name, endMinor }) => [`${currency} ${name}`, BigInt(endMinor)] as const),
    ),
  );
  return [...new Set<string>([...closed.keys(), ...sums.keys()])].sort().flatMap((account) => {
    let derived = 0n;
    for (const [moved, amount] of sums.get(account) ?? []) if (moved <= month) derived += amount;
    const written = closed.get(account) ?? 0n;
    return derived === written ? [] : [`${account} ${derived} instead of ${written}`];
  });
}

async function derivedThen(
  parts: Parts,
  closings: Closings,
  { whose, last }: Readonly<{ whose: Whose; last: ClosedMonth }>,
): Promise<Sums | null> {
  const sums = new Map<string, Map<string, bigint>>();
  const add = (row: Row, name: unknown, minor: unknown): void => {
    const isOfBooks = (row['livemode'] === true) === whose.livemode && (row['account'] ?? null) === whose.account;
    if (!isOfBooks || String(row['month']) > last.month) return;
    const account = `${String(row['currency'])} ${String(name)}`;
    const months = sums.get(account) ?? new Map<string, bigint>();
    sums.set(account, months);
    months.set(String(row['month']), (months.get(String(row['month'])) ?? 0n) + BigInt(minor as number));
  };
  for await (const keys of keysOf(parts, closings, { whose, last })) {
    for (const rows of (await rowsThen(parts, keys, last)).values()) {
      for (const posting of rows['journal_postings'] ?? []) add(posting, posting['name'], posting['amount_minor']);
      for (const row of rows['revenue_months'] ?? [])
        for (const [name, minor] of earnedMoves(row['part'], {
          ...{ revenue: Number(row['revenue_minor']), unbilled: Number(row['unbilled_minor']) },
        }))
          add(row, name, minor);
    }
    if (parts.signal.aborted) return null;
  }
  return sums;
}

/** Yields the keys with rows up to the last month now, and those that had rows in a closing but have none now. */
async function* keysOf(
  { database }: Parts,
  closings: Closings,
  { whose, last }: Readonly<{ whose: Whose; last: ClosedMonth }>,
): AsyncGenerator<readonly string[]> {
  const own = `month <= $1 and coalesce(livemode, false) = $2 and coalesce(account, '') = $3`;
  const known = `select key from ${VIEWS.postings} where ${own} union select key from ${VIEWS.revenue} where ${own}`;
  const scope = [last.month, whose.livemode, whose.account ?? ''];
  for (let after = ''; ;) {
    const { rows } = await database.query<{ key: string }>(
      `select key from (${known}) as known where key collate "C" > $4 collate "C" order by key collate "C" limit ${PAGE_KEYS}`,
      [...scope, after],
    );
    if (rows.length > 0) yield rows.map(({ key }) => key);
    const end = rows.at(-1);
    if (end === undefined || rows.length < PAGE_KEYS) break;
    after = end.key;
  }
  const gone = new Set<string>();
  const look = async (keys: readonly string[]): Promise<void> => {
    const { rows } = await database.query<{ key: string }>(
      `select key from unnest($4::text[]) as given(key) where key not in (${known})`,
      [...scope, keys],
    );
    rows.forEach(({ key }) => gone.add(key));
  };
  for (const closing of closings.of(whose).filter(({ month }) => month <= last.month))
    for (const part of ['entries', 'revenue'] as const) {
      let keys = new Set<string>();
      for await (const { key } of closings.rowsOf<{ key: string }>(closing, part)) {
        keys.add(key);
        if (keys.size < PAGE_KEYS) continue;
        await look([...keys]);
        keys = new Set();
      }
      if (keys.size > 0) await look([...keys]);
    }
  const all = [...gone];
  for (let at = 0; at < all.length; at += PAGE_KEYS) yield all.slice(at, at + PAGE_KEYS);
}

/** Returns the rows of keys as known at the position of a closing, by its policy. */
async function rowsThen({ store, database }: Parts, keys: readonly string[], { position, rules = {} }: ClosedMonth) {
  const streams = await database.snapshot((connection) => streamsOfKeys(connection, journal, { keys, tables: TABLES }));
  const moment = { trueAt: null, knownAt: BigInt(position), revision: null };
  const rows: Record<string, Row[]> = {};
  for (const stream of streams) {
    const events: RecordedEvent[] = [];
    for await (const event of readStream(store, stream)) events.push(event);
    for (const [table, own] of Object.entries(pastTables(READ, new Map([[stream, events]]), moment)))
      (rows[table] ??= []).push(...own);
  }
  return database.snapshot((connection) =>
    deriveFromRows(connection, journal, { keys, models: READ, rows, policy: rules }),
  );
}
