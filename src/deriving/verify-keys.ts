import type { AnyDerivation, Policy } from '../../derivations/derivation.js';
import type { ReadModel, Row } from '../../projections/projection.js';
import { compareRows, type RowDifference } from '../read-models/comparison.js';
import type { Database, Queryable } from '../read-models/database.js';
import { tableOf, type Generation } from '../read-models/schema.js';
import { deriveTexts } from './derive-keys.js';
import { readDerived, type Derived } from './derived.js';
import { differences, sumsOf } from './rollups.js';
import { rowFrom } from './rows.js';

/** A row that is not what its key gives, or a key that cannot be derived though it is not parked. */
export type DerivedFault =
  | (Readonly<{ kind: 'difference'; projection: string }> & RowDifference)
  | Readonly<{ kind: 'unfoldable'; projection: string; stream: string; cause: string }>;

type Asked = Readonly<{ models: ReadonlyMap<string, ReadModel>; policy: Policy; keys: readonly string[] }>;

/** Derives keys again, and compares the result with their rows as of one moment. Keys that are parked or noted are not judged. */
export async function verifyKeys(
  database: Database,
  generation: Generation<AnyDerivation>,
  { models, policy, keys, found }: Asked & { found: (fault: DerivedFault) => void },
): Promise<void> {
  await database.transaction(async (connection) => {
    await connection.query('set transaction isolation level repeatable read read only');
    const [derived] = await readDerived(connection, [generation], models);
    if (derived === undefined) return;
    const judged = await settledKeys(connection, derived, keys);
    const all = await deriveTexts(connection, derived, { keys: judged, policy });
    const { projection } = generation;
    for (const [key, one] of all)
      if ('error' in one)
        found({ kind: 'unfoldable', projection: projection.name, stream: key, cause: String(one.error) });
    const streams = judged.filter((key) => !('error' in (all.get(key) ?? {})));
    for (const name of Object.keys(projection.tables)) {
      const texts = streams.flatMap((key) => {
        const one = all.get(key);
        return one !== undefined && 'texts' in one ? [...(one.texts.get(name)?.values() ?? [])] : [];
      });
      for await (const difference of compareRows(connection, generation, { name, streams, texts }))
        found({ kind: 'difference', projection: projection.name, ...difference });
    }
  });
}

async function settledKeys(connection: Queryable, { name }: Derived, keys: readonly string[]): Promise<string[]> {
  const { rows } = await connection.query<{ key: string }>(
    `select key from unnest($2::text[]) as given(key)
     where not exists (select from ledger.parked_streams where generation = $1 and stream = key)
       and not exists (select from ledger.derivation_notes note where note.generation = $1 and note.key = given.key)`,
    [name, keys],
  );
  return rows.map(({ key }) => key);
}

/** Adds up the rollups anew from all rows, and compares; reads every row. */
export async function verifyRollups(
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
      for await (const row of allRows(connection, tableOf(generation, rollup.of))) add(row, 1);
      for await (const row of allRows(connection, tableOf(generation, table))) {
        const key = Object.fromEntries(rollup.key.map((column) => [column, row[column]]));
        const name = JSON.stringify(rollup.key.map((column) => key[column]));
        const numbers = sums.get(name)?.numbers ?? new Map<string, bigint>();
        for (const column of [...sumsOf(rollup), 'row_count'])
          numbers.set(column, (numbers.get(column) ?? 0n) - BigInt(Number(row[column])));
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
    for (const row of rows) yield rowFrom(row);
    if (rows.length < PAGE_ROWS) break;
  }
  await connection.query('close all_rows');
}

/** Keys that have rows, page by page. */
export async function* storedKeys(
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
