import type { Columns } from '../../projections/columns.js';
import type { ReadModel, Table } from '../../projections/projection.js';
import { groupBy } from '../folding/group-by.js';
import { jsonForPostgres, type Queryable } from './database.js';
import { engineColumnsOf, EVENT_INDEX, ownerColumnOf, tableOf, type Generation } from './schema.js';

/** A row's table and its key, which is JSON. */
type RowName = Readonly<{ table: string; key: string }>;

/** Returns streams that have rows but no indexed event: the log does not account for these rows. */
export async function strayStreams(database: Queryable, generation: Generation, max: number): Promise<string[]> {
  const tables = Object.keys(generation.projection.tables).map(
    (name) => `select stream from ${tableOf(generation, name)}`,
  );
  const { rows } = await database.query<{ stream: string }>(
    `select distinct stream from (${tables.join(' union all ')}) as own where not exists (select 1 from ${EVENT_INDEX} event where event.stream = own.stream) order by stream limit $1`,
    [max],
  );
  return rows.map(({ stream }) => stream);
}

type Target = Readonly<{ table: string; columns: Readonly<Record<string, string>>; key: readonly string[] }>;

const targetOf = (generation: Generation<ReadModel>, name: string): Target => {
  const { columns, key } = generation.projection.tables[name] as Table;
  return {
    table: tableOf(generation, name),
    columns: { ...typesOf(columns), ...engineColumnsOf(generation.projection) },
    key,
  };
};

/** The Postgres types of columns. */
export const typesOf = (columns: Columns): Target['columns'] =>
  Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, type]));

/** SQL that reads rows from one JSON parameter as a table of these columns. */
export const givenAs = (columns: Target['columns'], parameter: string): string =>
  `jsonb_to_recordset(${parameter}::jsonb) as given(${Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})`;

export const arrayOf = (texts: readonly string[]): string => `[${texts.join(',')}]`;

/** Deletes all rows of these streams. */
export async function deleteStreams(
  connection: Queryable,
  generation: Generation,
  streams: readonly string[],
): Promise<void> {
  for (const name of Object.keys(generation.projection.tables))
    await connection.query(`delete from ${tableOf(generation, name)} where stream = any($1)`, [streams]);
}

/** Deletes rows by key; `stream` is their owner, a stream or a derivation's key. */
export async function deleteRows(
  connection: Queryable,
  generation: Generation<ReadModel>,
  gone: readonly (RowName & Readonly<{ stream: string }>)[],
): Promise<void> {
  const owner = ownerColumnOf(generation.projection);
  for (const [name, rows] of byTable(gone)) {
    const { table, columns, key } = targetOf(generation, name);
    const which = [...key, owner].join(', ');
    const given = rows.map((row) => ({ ...columnsOf(key, row.key), [owner]: row.stream }));
    await connection.query(
      `delete from ${table} where (${which}) in (select ${which} from ${givenAs(columns, '$1')})`,
      [jsonForPostgres(given)],
    );
  }
}

/** Puts rows, replacing existing ones; false when an existing one belongs to another stream and is left unchanged. */
export async function putRows(
  connection: Queryable,
  generation: Generation<ReadModel>,
  puts: readonly (RowName & Readonly<{ text: string }>)[],
): Promise<boolean> {
  const owner = ownerColumnOf(generation.projection);
  let mayPut = true;
  for (const [name, rows] of byTable(puts)) {
    const { table, columns, key } = targetOf(generation, name);
    const names = Object.keys(columns);
    const { rowCount } = await connection.query(
      `insert into ${table} as old (${names.join(', ')}) select ${names.join(', ')} from ${givenAs(columns, '$1')}
       on conflict (${key.join(', ')}) do update set ${names
         .filter((one) => !key.includes(one))
         .map((one) => `${one} = excluded.${one}`)
         .join(', ')}
       where old.${owner} = excluded.${owner}`,
      [arrayOf(rows.map(({ text }) => text))],
    );
    mayPut &&= rowCount === rows.length;
  }
  return mayPut;
}

/** Returns the owners (streams or keys) of those rows that do not belong to the `stream` that wants to write them. */
export async function findOwners<R extends RowName & Readonly<{ stream: string }>>(
  connection: Queryable,
  generation: Generation<ReadModel>,
  wanted: readonly R[],
): Promise<(R & { owner: string })[]> {
  const column = ownerColumnOf(generation.projection);
  const owned: (R & { owner: string })[] = [];
  for (const [name, rows] of byTable(wanted)) {
    const { table, columns, key } = targetOf(generation, name);
    const { rows: found } = await connection.query<{ at: bigint; owner: string }>(
      `select given.at, old.${column} as owner from ${givenAs({ at: 'int8', ...columns }, '$1')}
       join ${table} old on ${key.map((one) => `old.${one} = given.${one}`).join(' and ')} where old.${column} <> given.${column}`,
      [jsonForPostgres(rows.map(({ key: text, stream }, at) => ({ at, ...columnsOf(key, text), [column]: stream })))],
    );
    owned.push(
      ...found.flatMap(({ at, owner }) => {
        const row = rows[Number(at)];
        return row === undefined ? [] : [{ ...row, owner }];
      }),
    );
  }
  return owned;
}

/** The columns of a key that is JSON. */
export const columnsOf = (key: readonly string[], text: string): Record<string, unknown> =>
  Object.fromEntries((JSON.parse(text) as unknown[]).map((value, at) => [String(key[at]), value]));

const byTable = <R extends RowName>(rows: readonly R[]): Iterable<[string, R[]]> => groupBy(rows, ({ table }) => table);
