import type { AnyDerivation } from '../../derivations/derivation.js';
import type { Row } from '../../projections/projection.js';
import { compareRows, type RowDifference } from '../read-models/comparison.js';
import type { Database, Queryable } from '../read-models/database.js';
import { tableOf, type Generation } from '../read-models/schema.js';
import { nameOfRow, type ConcernedKeys } from './concerned-keys.js';
import { derivedPages, type DerivedKey } from './derive-keys.js';
import { isOwn, type OwnDerived } from './derived.js';
import type { Deriver } from './deriver.js';
import { differences, sumsOf } from './rollups.js';
import { addRows, rowFrom, rowsWhere, rowToAsk, type RowsByTable } from './rows.js';

/**
 * A row that differs from the derived one, or a key or row, not parked, that cannot be derived or whose keys cannot be
 * determined.
 */
export type DerivedFault =
  | (Readonly<{ kind: 'difference'; projection: string }> & RowDifference)
  | Readonly<{ kind: 'unfoldable'; projection: string; stream: string; cause: string }>;

/** How many keys are verified per page. */
const VERIFIED_KEYS = 500;

type Verification = Readonly<{
  found: (fault: DerivedFault) => void;
  /** Called with the number of further keys compared; the result is awaited. */
  compared?: (keys: number) => Promise<void> | void;
  signal?: AbortSignal;
}>;

/**
 * Derives keys of a generation again and compares them with the stored rows, page by page. Given `owners` (streams or
 * keys), it verifies the keys that their rows concern, at most one page; given `null`, all keys and sums. Returns the
 * verified keys, which own rows that other derivations read.
 */
export async function verifyDerived(
  database: Database,
  { deriver, derived, ...verification }: Readonly<{ deriver: Deriver; derived: OwnDerived }> & Verification,
  owners: readonly string[] | null,
): Promise<readonly string[]> {
  const compare = async (keys: readonly string[]): Promise<void> => {
    for (let at = 0; at < keys.length && verification.signal?.aborted !== true; at += VERIFIED_KEYS) {
      const page = keys.slice(at, at + VERIFIED_KEYS);
      await verification.compared?.(
        await verifyKeys(database, { deriver, name: derived.name, keys: page, found: verification.found }),
      );
    }
  };
  const knownKeys = async ({ keys, silent }: ConcernedKeys): Promise<readonly string[]> => {
    const names = silent.map((one) => [nameOfRow(derived, one), one.error] as const);
    const open = new Set(
      await settledKeys(
        database,
        derived,
        names.map(([name]) => name),
      ),
    );
    for (const [stream, error] of names)
      if (open.has(stream))
        verification.found({
          kind: 'unfoldable',
          projection: derived.generation.projection.name,
          stream,
          cause: String(error),
        });
    return keys;
  };
  if (owners === null) {
    for await (const keys of storedKeys(database, derived.generation, VERIFIED_KEYS)) await compare(keys);
    for await (const all of deriver.allKeys((read) => database.snapshot(read), derived))
      await compare(await knownKeys(all));
    if (verification.signal?.aborted !== true) await verifyRollups(database, derived.generation, verification.found);
    return [];
  }
  const rows: RowsByTable = new Map();
  for (const source of derived.tables.values()) {
    const column = derived.keyed.has(source) ? 'key' : 'stream';
    addRows(rows, source, await rowsWhere(database, source, { column, values: owners }));
  }
  const concerned = await database.snapshot((connection) => deriver.keysOfRows(connection, derived, rows));
  const keys = (await knownKeys(concerned)).slice(0, VERIFIED_KEYS);
  await compare(keys);
  return keys;
}

/**
 * Verifies the keys that rows of these streams concern, in this build's live and shown generations; all keys for
 * `null`. Returns the number of keys compared.
 */
export async function verifyLive(
  database: Database,
  deriver: Deriver,
  { streams, found }: Pick<Verification, 'found'> & Readonly<{ streams: readonly string[] | null }>,
): Promise<number> {
  let count = 0;
  let owners = streams;
  for (const derived of (await deriver.read(database)).filter(isOwn)) {
    if (!derived.shown || derived.state !== 'live') continue;
    const compared = (keys: number): void => {
      count += keys;
    };
    const keys = await verifyDerived(database, { deriver, derived, found, compared }, owners);
    if (owners !== null) owners = [...owners, ...keys];
  }
  return count;
}

/**
 * Derives keys again and compares them with their rows, in one snapshot. Skips parked and noted keys. Returns the
 * number of keys compared.
 */
async function verifyKeys(
  database: Database,
  {
    deriver,
    name,
    keys,
    found,
  }: Readonly<{ deriver: Deriver; name: string; keys: readonly string[] }> & Pick<Verification, 'found'>,
): Promise<number> {
  return database.transaction(async (connection) => {
    await connection.query('set transaction isolation level repeatable read read only');
    const derived = (await deriver.read(connection)).find((one) => one.name === name);
    if (derived === undefined || !isOwn(derived) || derived.standsOn.length === 0) return 0;
    const judged = await settledKeys(connection, derived, keys);
    for await (const page of derivedPages(connection, derived, { keys: judged, deriving: deriver.deriving }))
      await comparePage(connection, derived.generation, page, found);
    return judged.length;
  });
}

async function comparePage(
  connection: Queryable,
  generation: Generation<AnyDerivation>,
  page: ReadonlyMap<string, DerivedKey>,
  found: (fault: DerivedFault) => void,
): Promise<void> {
  const { projection } = generation;
  const good: { key: string; texts: ReadonlyMap<string, ReadonlyMap<string, string>> }[] = [];
  for (const [key, one] of page) {
    if ('texts' in one) good.push({ key, texts: one.texts });
    else found({ kind: 'unfoldable', projection: projection.name, stream: key, cause: String(one.error) });
  }
  const streams = good.map(({ key }) => key);
  for (const name of Object.keys(projection.tables)) {
    const texts = good.flatMap((one) => [...(one.texts.get(name)?.values() ?? [])]);
    for await (const difference of compareRows(connection, generation, { name, streams, texts }))
      found({ kind: 'difference', projection: projection.name, ...difference });
  }
}

/** Returns keys that are neither parked nor noted; none while changed rows wait, because these may concern any key. */
async function settledKeys(connection: Queryable, { name }: OwnDerived, keys: readonly string[]): Promise<string[]> {
  const { rows } = await connection.query<{ key: string }>(
    `select key from unnest($2::text[]) as given(key)
     where not exists (select from ledger.parked_streams where generation = $1 and stream = key)
       and not exists (select from ledger.derivation_notes note where note.generation = $1 and note.key = given.key)
       and not exists (select from ledger.derivation_changes change where change.generation = $1)`,
    [name, keys],
  );
  return rows.map(({ key }) => key);
}

/** Recomputes the rollups from all rows and compares them. */
async function verifyRollups(
  database: Database,
  generation: Generation<AnyDerivation>,
  found: (fault: DerivedFault) => void,
): Promise<void> {
  const { projection } = generation;
  await database.transaction(async (connection) => {
    await connection.query('set transaction isolation level repeatable read read only');
    for (const [table, rollup] of Object.entries(projection.rollups ?? {})) {
      const sums = new Map<string, { key: Row; numbers: Map<string, bigint> }>();
      const add = (row: Row, sign: 1 | -1): void => {
        const moved = differences(rollup, { gone: sign < 0 ? [row] : [], came: sign > 0 ? [row] : [] });
        for (const [name, { key, sums: own, rows }] of moved) {
          const numbers = sums.get(name)?.numbers ?? new Map<string, bigint>();
          for (const [column, sum] of [...own, ['row_count', rows] as const])
            numbers.set(column, (numbers.get(column) ?? 0n) + sum);
          sums.set(name, { key, numbers });
        }
      };
      const unreadable = (stream: string, error: unknown): void =>
        found({ kind: 'unfoldable', projection: projection.name, stream, cause: String(error) });
      for await (const row of allRows(connection, tableOf(generation, rollup.of)))
        try {
          add(rowFrom(row), 1);
        } catch (error) {
          unreadable(String(row['key']), error);
        }
      for await (const sum of allRows(connection, tableOf(generation, table))) {
        const row = rowToAsk(sum);
        const key = Object.fromEntries(rollup.key.map((column) => [column, row[column]]));
        const name = JSON.stringify(rollup.key.map((column) => key[column]));
        const numbers = sums.get(name)?.numbers ?? new Map<string, bigint>();
        for (const column of [...sumsOf(rollup), 'row_count'])
          numbers.set(column, (numbers.get(column) ?? 0n) - BigInt(sum[column] as bigint));
        sums.set(name, { key, numbers });
      }
      for (const { key, numbers } of sums.values()) {
        const wrong = [...numbers].filter(([, rest]) => rest !== 0n).map(([column]) => column);
        if (wrong.length > 0)
          found({
            kind: 'difference',
            projection: projection.name,
            table,
            key,
            stream: '',
            before: null,
            after: null,
            columns: wrong,
          });
      }
    }
  });
}

const PAGE_ROWS = 5_000;

async function* allRows(connection: Queryable, source: string): AsyncGenerator<Row> {
  await connection.query(`declare all_rows no scroll cursor for select * from ${source}`);
  for (;;) {
    const { rows } = await connection.query(`fetch ${PAGE_ROWS} from all_rows`);
    yield* rows;
    if (rows.length < PAGE_ROWS) break;
  }
  await connection.query('close all_rows');
}

/** Yields the keys that have rows, page by page. */
async function* storedKeys(
  database: Queryable,
  generation: Generation<AnyDerivation>,
  pageMax: number,
): AsyncGenerator<string[]> {
  const tables = Object.keys(generation.projection.tables).map(
    (name) => `(select distinct key from ${tableOf(generation, name)} where key > $1 order by key limit ${pageMax})`,
  );
  for (let after = ''; ;) {
    const { rows } = await database.query<{ key: string }>(
      `select key from (${tables.join(' union ')}) as own order by key limit ${pageMax}`,
      [after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ key }) => key);
    after = last.key;
  }
}
