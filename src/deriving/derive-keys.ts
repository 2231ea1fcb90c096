import { encodeRow, keyOf } from '../../projections/columns.js';
import type { FactRows, Policy } from '../../derivations/derivation.js';
import type { Row, Table } from '../../projections/projection.js';
import { canonicalJson, type Json } from '../events/json.js';
import { attempt, isStatementTimeout, type Queryable } from '../read-models/database.js';
import { atEvent, IS_WANTED, LACKS_EVENTS, park } from '../read-models/parked-streams.js';
import { deleteRows, findOwners, putRows } from '../read-models/rows.js';
import { tableOf } from '../read-models/schema.js';
import { BOUNDS, Held, TooMuch, within, type Bounds } from './bounds.js';
import { onTables, type OwnDerived } from './derived.js';
import { differences, moveRollup } from './rollups.js';
import { addRows, rowFrom, type RowsByTable } from './rows.js';

/** How many keys are derived together, and with how many facts: keys with more facts are derived in smaller pages. */
const PAGE_KEYS = 1_000;
const PAGE_FACTS = 50_000;

/** The policy and bounds for deriving keys, and the page size of each derivation, estimated from its last page. */
export class Deriving {
  readonly #fits = new Map<string, number>();

  constructor(
    readonly policy: Policy,
    readonly bounds: Bounds = BOUNDS,
  ) {}

  fits({ generation: { projection } }: OwnDerived): number {
    return this.#fits.get(projection.name) ?? PAGE_KEYS;
  }

  /** Records that a page of `keys` had this many facts; `Infinity` when it exceeded the bounds. */
  had(derived: OwnDerived, keys: number, facts: number): void {
    const fit = facts === Infinity ? keys / 2 : (keys * PAGE_FACTS) / Math.max(1, facts);
    const most = Math.min(PAGE_KEYS, 2 * this.fits(derived));
    this.#fits.set(derived.generation.projection.name, Math.max(1, Math.min(Math.floor(fit), most)));
  }
}

/** The result of deriving a key: rows as JSON, by table and row key, or the error. */
export type DerivedKey =
  Readonly<{ texts: ReadonlyMap<string, ReadonlyMap<string, string>> }> | Readonly<{ error: unknown }>;

/**
 * Derives the rows of keys and writes the differences, in a transaction. A key that throws, exceeds the bounds or is
 * rejected by Postgres is parked alone. Returns the removed and added rows, by table.
 * @throws when the database is unavailable
 */
export async function deriveKeys(
  connection: Queryable,
  derived: OwnDerived,
  { keys, deriving }: Readonly<{ keys: readonly string[]; deriving: Deriving }>,
): Promise<RowsByTable> {
  const changed: RowsByTable = new Map();
  const failed = new Map<string, unknown>();
  const rejected = new Map<string, unknown>();
  for (let left = await withoutLarge(connection, derived, keys); left.length > 0;) {
    const fits = deriving.fits(derived);
    await deriveSafely(connection, derived, { keys: left.slice(0, fits), deriving, changed, failed, rejected });
    left = left.slice(fits);
  }
  // A row may still be stored under another key that no longer derives it.
  for (const key of rejected.keys()) {
    const owners = await ownersOf(connection, derived, { key, deriving });
    await deriveSafely(connection, derived, { keys: [...owners, key], deriving, changed, failed, rejected: failed });
  }
  if (failed.size > 0)
    await park(
      connection,
      derived.generation,
      [...failed].map(([key, error]) => ({
        kind: error instanceof TooMuch ? 'large' : 'whole',
        stream: key,
        ...atEvent(undefined),
        cause: causeOf(error),
        stack: error instanceof Error ? (error.stack ?? null) : null,
        known: null,
      })),
    );
  return changed;
}

/**
 * Returns the keys without those parked as too large, which are retried on request or when due, not at every change.
 */
async function withoutLarge(
  connection: Queryable,
  { name }: OwnDerived,
  keys: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await connection.query<{ stream: string }>(
    `select stream from ledger.parked_streams where generation = $1 and stream = any($2) and kind = 'large' and not (${IS_WANTED})`,
    [name, keys],
  );
  const large = new Set(rows.map(({ stream }) => stream));
  return large.size === 0 ? keys : keys.filter((key) => !large.has(key));
}

/** The most keys holding each other's rows that are derived together in one transaction. */
const OWNERS_MAX = 100;

/** Returns the keys that store rows which this key, or one of those keys in turn, now derives. */
async function ownersOf(
  connection: Queryable,
  derived: OwnDerived,
  { key, deriving }: Readonly<{ key: string; deriving: Deriving }>,
): Promise<string[]> {
  const known = new Set([key]);
  for (let asked = [key]; asked.length > 0 && known.size < OWNERS_MAX;) {
    const owners = new Set<string>();
    for await (const page of derivedPages(connection, derived, { keys: asked, deriving })) {
      const wanted = [...page].flatMap(([stream, one]) =>
        'error' in one
          ? []
          : [...one.texts].flatMap(([table, texts]) => [...texts.keys()].map((row) => ({ table, key: row, stream }))),
      );
      for (const { owner } of await findOwners(connection, derived.generation, wanted)) owners.add(owner);
    }
    asked = [...owners].filter((owner) => !known.has(owner));
    for (const owner of asked) known.add(owner);
  }
  known.delete(key);
  return [...known];
}

/** `failed`: the errors of keys that cannot be derived; `rejected`: those of keys whose rows Postgres rejects. */
type Keys = Readonly<{
  keys: readonly string[];
  deriving: Deriving;
  changed: RowsByTable;
  failed: Map<string, unknown>;
  rejected: Map<string, unknown>;
}>;

/** Derives keys, in halves after an error, so that it is attributed to the single key that causes it. */
async function deriveSafely(connection: Queryable, derived: OwnDerived, { keys, ...rest }: Keys): Promise<void> {
  const work = (some: readonly string[]) => derivePage(connection, derived, { keys: some, ...rest });
  for await (const done of inHalves(connection, keys, { work, statementMs: rest.deriving.bounds.queryMs }))
    if ('error' in done) (done.error instanceof TooMuch ? rest.failed : rest.rejected).set(done.key, done.error);
}

/** Does work for keys. After an error the work is rolled back and repeated in halves, down to single keys. */
async function* inHalves<T>(
  connection: Queryable,
  keys: readonly string[],
  { work, statementMs }: { work: (keys: readonly string[]) => Promise<T>; statementMs: number },
): AsyncGenerator<Readonly<{ value: T }> | Readonly<{ key: string; error: unknown }>> {
  const open = keys.length === 0 ? [] : [keys];
  for (let some = open.pop(); some !== undefined; some = open.pop()) {
    const asked = some;
    const done = await attempt(connection, () => work(asked), statementMs);
    if ('value' in done) {
      yield done;
      continue;
    }
    const half = Math.ceil(asked.length / 2);
    if (asked.length > 1) open.push(asked.slice(half), asked.slice(0, half));
    else for (const key of asked) yield { key, error: tooSlow(done.error, statementMs) };
  }
}

const tooSlow = (error: unknown, ms: number): unknown =>
  isStatementTimeout(error)
    ? new TooMuch(`Reading or writing its facts takes longer than ${ms} ms.`, { cause: error })
    : error;

/** Derives keys together and writes the differences. Deletes rows first, because a row may move to another key. */
async function derivePage(connection: Queryable, derived: OwnDerived, { keys, deriving, changed, failed }: Keys) {
  const { generation } = derived;
  const all = await deriveTexts(connection, derived, { keys, deriving });
  const good = keys.filter((key) => 'texts' in (all.get(key) ?? {}));
  const { bytesMax } = deriving.bounds;
  const held = new Held({ bytesMax, factsMax: bytesMax });
  const rows: RowsByTable = new Map();
  const puts: { table: string; key: string; text: string }[] = [];
  const gone: { table: string; key: string; stream: string }[] = [];
  const moves = new Map<string, { gone: Row[]; came: Row[] }>();
  for (const [name, table] of Object.entries(generation.projection.tables)) {
    const stored = await storedRows(connection, tableOf(generation, name), { table, keys: good, held });
    const move = { gone: [] as Row[], came: [] as Row[] };
    for (const key of good) {
      const one = all.get(key);
      const texts =
        (one !== undefined && 'texts' in one ? one.texts.get(name) : undefined) ?? new Map<string, string>();
      const before = stored.get(key) ?? new Map<string, Row>();
      for (const [rowKey, row] of before) {
        if (texts.has(rowKey)) continue;
        gone.push({ table: name, key: rowKey, stream: key });
        move.gone.push(row);
      }
      for (const [rowKey, text] of texts) {
        const row = JSON.parse(text) as Row;
        const old = before.get(rowKey);
        if (old !== undefined && isSame(old, row)) continue;
        puts.push({ table: name, key: rowKey, text });
        if (old !== undefined) move.gone.push(old);
        move.came.push(row);
      }
    }
    moves.set(name, move);
    addRows(rows, tableOf(generation, name), [...move.gone, ...move.came]);
  }
  await deleteRows(connection, generation, gone);
  if (!(await putRows(connection, generation, puts)))
    throw new Error('A row of this key already belongs to another key.');
  for (const [name, rollup] of Object.entries(generation.projection.rollups ?? {})) {
    const move = moves.get(rollup.of) ?? { gone: [], came: [] };
    await moveRollup(connection, { table: tableOf(generation, name), rollup }, differences(rollup, move));
  }
  await connection.query('delete from ledger.parked_streams where generation = $1 and stream = any($2)', [
    derived.name,
    good,
  ]);
  for (const key of good) failed.delete(key);
  for (const [table, own] of rows) addRows(changed, table, own);
  for (const [key, one] of all) if ('error' in one) failed.set(key, one.error);
}

/**
 * Derives keys from the current rows, in a transaction and in pages that fit in memory, without writing. An error that
 * Postgres raises for one key affects that key only.
 */
export async function* derivedPages(
  connection: Queryable,
  derived: OwnDerived,
  { keys, deriving }: Readonly<{ keys: readonly string[]; deriving: Deriving }>,
): AsyncGenerator<ReadonlyMap<string, DerivedKey>> {
  const work = (some: readonly string[]) => deriveTexts(connection, derived, { keys: some, deriving });
  for await (const done of inHalves(connection, keys, { work, statementMs: deriving.bounds.queryMs }))
    yield 'value' in done ? done.value : new Map([[done.key, { error: done.error }]]);
}

/** @throws TooMuch, and any error that Postgres raises for one of these keys */
async function deriveTexts(
  connection: Queryable,
  derived: OwnDerived,
  { keys, deriving }: Readonly<{ keys: readonly string[]; deriving: Deriving }>,
): Promise<Map<string, DerivedKey>> {
  const { projection } = derived.generation;
  const held = new Held(deriving.bounds);
  const { facts, unreadable } = await readFacts(connection, derived, { keys, held, deriving });
  const stale = await staleStreams(connection, derived, facts);
  const derive = (key: string): DerivedKey => {
    if (unreadable.has(key)) return { error: unreadable.get(key) };
    const own = facts.get(key) ?? {};
    try {
      const rows = projection.derive(key, { ...nothingOf(projection.facts), ...own }, deriving.policy);
      const isIncomplete = Object.values(own).some((some) =>
        some.some(({ stream, is_incomplete }) => is_incomplete === true || stale.has(String(stream))),
      );
      return { texts: textsOf(projection.tables, rows, { key, isIncomplete, held }) };
    } catch (error) {
      if (error instanceof TooMuch) throw error;
      return { error };
    }
  };
  return within(deriving.bounds.deriveMs, () => new Map(keys.map((key) => [key, derive(key)])));
}

const nothingOf = (facts: Readonly<Record<string, string>>): FactRows =>
  Object.fromEntries(Object.keys(facts).map((name) => [name, []]));

function textsOf(
  tables: Readonly<Record<string, Table>>,
  rows: Readonly<Record<string, readonly Row[] | undefined>>,
  { key, isIncomplete, held }: { key: string; isIncomplete: boolean; held: Held },
): Map<string, Map<string, string>> {
  const engine = `{"key":${JSON.stringify(key)},"is_incomplete":${isIncomplete},`;
  return new Map(
    Object.entries(tables).map(([name, table]) => {
      const texts = new Map<string, string>();
      for (const row of rows[name] ?? []) {
        const [text, rowKey] = [engine + encodeRow(name, table, row).slice(1), keyOf(table, row)];
        if (texts.has(rowKey)) throw new Error(`It gives two rows of ${name} with the key ${rowKey}.`);
        texts.set(rowKey, text);
        held.addBytes(text.length);
      }
      return [name, texts];
    }),
  );
}

async function readFacts(
  connection: Queryable,
  derived: OwnDerived,
  { keys, held, deriving }: Readonly<{ keys: readonly string[]; held: Held; deriving: Deriving }>,
): Promise<Readonly<{ facts: Map<string, Record<string, Row[]>>; unreadable: ReadonlyMap<string, unknown> }>> {
  const facts = new Map<string, Record<string, Row[]>>();
  const unreadable = new Map<string, unknown>();
  try {
    for (const [name, sql] of Object.entries(derived.generation.projection.facts)) {
      for (const row of await held.read(connection, onTables(sql, derived), [keys])) {
        const { key, engine_size: _, engine_held: __, ...values } = row;
        const own = facts.get(String(key)) ?? {};
        facts.set(String(key), own);
        try {
          (own[name] ??= []).push(rowFrom(values));
        } catch (error) {
          unreadable.set(String(key), error);
        }
      }
    }
  } catch (error) {
    if (error instanceof TooMuch) deriving.had(derived, keys.length, Infinity);
    throw error;
  }
  deriving.had(derived, keys.length, held.facts);
  return { facts, unreadable };
}

/** Returns the parked streams among those of these facts. Their rows lack events. */
async function staleStreams(
  connection: Queryable,
  { standsOn }: OwnDerived,
  facts: ReadonlyMap<string, FactRows>,
): Promise<ReadonlySet<string>> {
  const streams = new Set<string>();
  for (const own of facts.values())
    for (const rows of Object.values(own))
      for (const { stream } of rows) if (typeof stream === 'string') streams.add(stream);
  if (streams.size === 0) return streams;
  const { rows } = await connection.query<{ stream: string }>(
    `select stream from ledger.parked_streams where generation = any($1) and stream = any($2) and ${LACKS_EVENTS}`,
    [standsOn, [...streams]],
  );
  return new Set(rows.map(({ stream }) => stream));
}

async function storedRows(
  connection: Queryable,
  name: string,
  { table, keys, held }: { table: Table; keys: readonly string[]; held: Held },
): Promise<Map<string, Map<string, Row>>> {
  const stored = new Map<string, Map<string, Row>>();
  for (const values of await held.read(connection, `select * from ${name} where key = any($1)`, [keys])) {
    const { engine_size: _, engine_held: __, ...row } = rowFrom(values);
    const own = stored.get(String(row['key'])) ?? new Map<string, Row>();
    stored.set(String(row['key']), own);
    own.set(keyOf(table, row), row);
  }
  return stored;
}

/** Whether two rows with the same columns are equal; Postgres does not preserve the order of keys in JSON. */
const isSame = (one: Row, other: Row): boolean =>
  Object.keys(other).every((column) => {
    const [a, b] = [one[column], other[column]];
    return a === b || (typeof a === 'object' && a !== null && canonicalJson(a as Json) === canonicalJson(b as Json));
  });

const causeOf = (error: unknown): string => {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? `Postgres rejects a row (SQLSTATE ${code}): ${String(message)}` : String(error);
};
