import { encodeRow, keyOf } from '../../projections/columns.js';
import type { FactRows, Policy } from '../../derivations/derivation.js';
import type { Row, Table } from '../../projections/projection.js';
import { canonicalJson, type Json } from '../events/json.js';
import { attempt, type Queryable } from '../read-models/database.js';
import { atEvent, LACKS_EVENTS, park } from '../read-models/parked-streams.js';
import { deleteRows, findOwners, putRows } from '../read-models/rows.js';
import { tableOf } from '../read-models/schema.js';
import { onTables, type OwnDerived } from './derived.js';
import { differences, moveRollup } from './rollups.js';
import { addRows, rowFrom, type RowsByTable } from './rows.js';

/** How many keys are in memory at once, with their facts and rows; fewer where they have had more facts than this. */
const PAGE_KEYS = 1_000;
const PAGE_FACTS = 50_000;
/** How many keys of a derivation fit, as the last ones were. */
const fitting = new Map<string, number>();

/** What a key is derived to: rows as JSON, by table and key of the row; or why it cannot be derived. */
export type DerivedKey =
  Readonly<{ texts: ReadonlyMap<string, ReadonlyMap<string, string>> }> | Readonly<{ error: unknown }>;

/**
 * Derives the rows of keys and writes what is different, within a transaction. What a key throws, or Postgres rejects of it, parks that
 * key alone. Returns the rows that went and came, by table.
 * @throws when the database is away
 */
export async function deriveKeys(
  connection: Queryable,
  derived: OwnDerived,
  { keys, policy }: Readonly<{ keys: readonly string[]; policy: Policy }>,
): Promise<RowsByTable> {
  const changed: RowsByTable = new Map();
  const failed = new Map<string, unknown>();
  const rejected = new Map<string, unknown>();
  for (let left = keys; left.length > 0;) {
    const fits = fitting.get(derived.name) ?? PAGE_KEYS;
    await deriveSafely(connection, derived, { keys: left.slice(0, fits), policy, changed, failed, rejected });
    left = left.slice(fits);
  }
  // A row may still stand under another key, which does not have it any more.
  for (const key of rejected.keys()) {
    const owners = await ownersOf(connection, derived, { key, policy });
    await deriveSafely(connection, derived, { keys: [...owners, key], policy, changed, failed, rejected: failed });
  }
  if (failed.size > 0)
    await park(
      connection,
      derived.generation,
      [...failed].map(([key, error]) => ({
        kind: 'whole',
        stream: key,
        ...atEvent(undefined),
        cause: causeOf(error),
        stack: error instanceof Error ? (error.stack ?? null) : null,
        known: null,
      })),
    );
  return changed;
}

/** How many keys may hold rows of each other: more are not let go of in one transaction. */
const OWNERS_MAX = 100;

/** The keys under which rows of this one stand, or rows of these, and so on. */
async function ownersOf(
  connection: Queryable,
  derived: OwnDerived,
  { key, policy }: Readonly<{ key: string; policy: Policy }>,
): Promise<string[]> {
  const known = new Set([key]);
  for (let asked = [key]; asked.length > 0 && known.size < OWNERS_MAX;) {
    const wanted = [...(await deriveEach(connection, derived, { keys: asked, policy }))].flatMap(([stream, one]) =>
      'error' in one
        ? []
        : [...one.texts].flatMap(([table, texts]) => [...texts.keys()].map((row) => ({ table, key: row, stream }))),
    );
    const owners = new Set((await findOwners(connection, derived.generation, wanted)).map(({ owner }) => owner));
    asked = [...owners].filter((owner) => !known.has(owner));
    for (const owner of asked) known.add(owner);
  }
  known.delete(key);
  return [...known];
}

/** `failed`: what could not be derived, and why; `rejected`: what Postgres did not take. */
type Keys = Readonly<{
  keys: readonly string[];
  policy: Policy;
  changed: RowsByTable;
  failed: Map<string, unknown>;
  rejected: Map<string, unknown>;
}>;

/** What is rejected is undone and done again in halves, until the key is alone that is to blame. */
async function deriveSafely(connection: Queryable, derived: OwnDerived, { keys, ...rest }: Keys): Promise<void> {
  await inHalves(connection, keys, {
    work: (some) => derivePage(connection, derived, { keys: some, ...rest }),
    rejected: (key, error) => rest.rejected.set(key, error),
  });
}

/** Does work for keys; where something is thrown for some of them, it is undone and done again in halves, until one key is alone. */
async function inHalves(
  connection: Queryable,
  keys: readonly string[],
  {
    work,
    rejected,
  }: { work: (keys: readonly string[]) => Promise<void>; rejected: (key: string, error: unknown) => void },
): Promise<void> {
  const open = keys.length === 0 ? [] : [keys];
  for (let some = open.pop(); some !== undefined; some = open.pop()) {
    const asked = some;
    const done = await attempt(connection, () => work(asked));
    if ('value' in done) continue;
    const half = Math.ceil(asked.length / 2);
    if (asked.length > 1) open.push(asked.slice(half), asked.slice(0, half));
    else for (const key of asked) rejected(key, done.error);
  }
}

async function derivePage(connection: Queryable, derived: OwnDerived, { keys, policy, changed, failed }: Keys) {
  const { generation } = derived;
  const all = await deriveTexts(connection, derived, { keys, policy });
  const good = keys.filter((key) => 'texts' in (all.get(key) ?? {}));
  const rows: RowsByTable = new Map();
  const puts: { table: string; key: string; text: string }[] = [];
  const gone: { table: string; key: string; stream: string }[] = [];
  const moves = new Map<string, { gone: Row[]; came: Row[] }>();
  for (const [name, table] of Object.entries(generation.projection.tables)) {
    const stored = await storedRows(connection, tableOf(generation, name), { table, keys: good });
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
    throw new Error('A row of this key is that of another key already.');
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

/** What keys are derived to from what the tables have now, within a transaction; what Postgres rejects of one key concerns that key alone. */
export async function deriveEach(
  connection: Queryable,
  derived: OwnDerived,
  { keys, policy }: Readonly<{ keys: readonly string[]; policy: Policy }>,
): Promise<Map<string, DerivedKey>> {
  const all = new Map<string, DerivedKey>();
  await inHalves(connection, keys, {
    work: async (some) => {
      for (const [key, one] of await deriveTexts(connection, derived, { keys: some, policy })) all.set(key, one);
    },
    rejected: (key, error) => all.set(key, { error }),
  });
  return all;
}

/** @throws what Postgres rejects of any of these keys */
async function deriveTexts(
  connection: Queryable,
  derived: OwnDerived,
  { keys, policy }: Readonly<{ keys: readonly string[]; policy: Policy }>,
): Promise<Map<string, DerivedKey>> {
  const { projection } = derived.generation;
  const { facts, unreadable } = await readFacts(connection, derived, keys);
  const stale = await staleStreams(connection, derived, facts);
  return new Map(
    keys.map((key): [string, DerivedKey] => {
      const own = facts.get(key) ?? {};
      if (unreadable.has(key)) return [key, { error: unreadable.get(key) }];
      try {
        const rows = projection.derive(key, { ...nothingOf(projection.facts), ...own }, policy);
        const isIncomplete = Object.values(own).some((some) =>
          some.some(({ stream, is_incomplete }) => is_incomplete === true || stale.has(String(stream))),
        );
        return [key, { texts: textsOf(projection.tables, rows, { key, isIncomplete }) }];
      } catch (error) {
        return [key, { error }];
      }
    }),
  );
}

const nothingOf = (facts: Readonly<Record<string, string>>): FactRows =>
  Object.fromEntries(Object.keys(facts).map((name) => [name, []]));

function textsOf(
  tables: Readonly<Record<string, Table>>,
  rows: Readonly<Record<string, readonly Row[] | undefined>>,
  { key, isIncomplete }: { key: string; isIncomplete: boolean },
): Map<string, Map<string, string>> {
  const engine = `{"key":${JSON.stringify(key)},"is_incomplete":${isIncomplete},`;
  return new Map(
    Object.entries(tables).map(([name, table]) => {
      const texts = new Map<string, string>();
      for (const row of rows[name] ?? []) {
        const [text, rowKey] = [engine + encodeRow(name, table, row).slice(1), keyOf(table, row)];
        if (texts.has(rowKey)) throw new Error(`It has two rows of ${name} with the key ${rowKey}.`);
        texts.set(rowKey, text);
      }
      return [name, texts];
    }),
  );
}

async function readFacts(
  connection: Queryable,
  derived: OwnDerived,
  keys: readonly string[],
): Promise<Readonly<{ facts: Map<string, Record<string, Row[]>>; unreadable: ReadonlyMap<string, unknown> }>> {
  const facts = new Map<string, Record<string, Row[]>>();
  const unreadable = new Map<string, unknown>();
  let count = 0;
  for (const [name, sql] of Object.entries(derived.generation.projection.facts)) {
    const { rows } = await connection.query<Record<string, unknown>>(onTables(sql, derived), [keys]);
    count += rows.length;
    for (const { key, ...values } of rows) {
      const own = facts.get(String(key)) ?? {};
      facts.set(String(key), own);
      try {
        (own[name] ??= []).push(rowFrom(values));
      } catch (error) {
        unreadable.set(String(key), error);
      }
    }
  }
  const fits = Math.floor((keys.length * PAGE_FACTS) / Math.max(1, count));
  fitting.set(derived.name, Math.max(1, Math.min(PAGE_KEYS, fits, 2 * (fitting.get(derived.name) ?? PAGE_KEYS))));
  return { facts, unreadable };
}

/** Which streams of these facts are parked: their rows are the last good ones. */
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
  { table, keys }: { table: Table; keys: readonly string[] },
): Promise<Map<string, Map<string, Row>>> {
  const { rows } = await connection.query<Record<string, unknown>>(`select * from ${name} where key = any($1)`, [keys]);
  const stored = new Map<string, Map<string, Row>>();
  for (const values of rows) {
    const row = rowFrom(values);
    const own = stored.get(String(row['key'])) ?? new Map<string, Row>();
    stored.set(String(row['key']), own);
    own.set(keyOf(table, row), row);
  }
  return stored;
}

/** Whether two rows of the same columns say the same; Postgres keeps no order of keys in JSON. */
const isSame = (one: Row, other: Row): boolean =>
  Object.keys(other).every((column) => {
    const [a, b] = [one[column], other[column]];
    return a === b || (typeof a === 'object' && a !== null && canonicalJson(a as Json) === canonicalJson(b as Json));
  });

const causeOf = (error: unknown): string => {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? `Postgres rejects a row (SQLSTATE ${code}): ${String(message)}` : String(error);
};
