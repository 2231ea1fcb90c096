import type { Row } from '../../projections/projection.js';
import { jsonForPostgres, type Queryable } from './database.js';
import { stateTableOf, tableOf, type Generation } from './schema.js';

/** How far a projection has folded a stream, as stored. */
export type StoredState = Readonly<{ stream: string; revision: bigint; state: unknown }>;

/** What a batch leaves of one stream: its state, and all of its rows by table. */
export type StreamRows = StoredState & Readonly<{ rows: Readonly<Record<string, readonly Row[]>> }>;

/** The stored states of these streams. */
export async function readStates(database: Queryable, generation: Generation, streams: readonly string[]): Promise<Map<string, StoredState>> {
  const { rows } = await database.query<StoredState>(`select stream, revision, state from ${stateTableOf(generation)} where stream = any($1)`, [streams]);
  return new Map(rows.map((row) => [row.stream, row]));
}

/** Replaces states and rows of these streams. A row belongs to exactly one stream, so no other stream is touched. */
export async function writeStreams(connection: Queryable, generation: Generation, streams: readonly StreamRows[]): Promise<void> {
  for (const [name, { columns, key }] of Object.entries(generation.projection.tables)) {
    const target = { table: tableOf(generation, name), columns: { ...columns, stream: 'text' }, key };
    const rows = streams.flatMap(({ stream, rows: own }) => (own[name] ?? []).map((row) => ({ ...row, stream })));
    await deleteOthers(connection, target, { streams: streams.map(({ stream }) => stream), rows });
    await upsert(connection, target, rows);
  }
  const states = streams.map(({ stream, revision, state }) => ({ stream, revision, state }));
  await upsert(connection, { table: stateTableOf(generation), columns: { stream: 'text', revision: 'int8', state: 'jsonb' }, key: ['stream'] }, states);
}

type Target = Readonly<{ table: string; columns: Readonly<Record<string, string>>; key: readonly string[] }>;

/** Rows as one parameter, which Postgres reads as a table of these columns. */
export const givenAs = (columns: Target['columns'], parameter: string): string => `jsonb_to_recordset(${parameter}::jsonb) as given(${Object.entries(columns).map(([name, type]) => `${name} ${type.split(' ')[0]}`).join(', ')})`;

/** Deletes the rows of these streams that are not among `rows`. */
async function deleteOthers(connection: Queryable, { table, columns, key }: Target, { streams, rows }: { streams: readonly string[]; rows: readonly Row[] }): Promise<void> {
  const keys = rows.map((row) => Object.fromEntries(key.map((name) => [name, row[name]])));
  await connection.query(`delete from ${table} where stream = any($2) and (${key.join(', ')}) not in (select ${key.join(', ')} from ${givenAs(columns, '$1')})`, [jsonForPostgres(keys), streams]);
}

/** All rows in one statement; a row that stands already is replaced whole, unless it is the same. */
async function upsert(connection: Queryable, { table, columns, key }: Target, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(columns);
  const others = names.filter((name) => !key.includes(name));
  await connection.query(
    `insert into ${table} as old (${names.join(', ')}) select ${names.join(', ')} from ${givenAs(columns, '$1')}
     on conflict (${key.join(', ')}) do update set ${others.map((name) => `${name} = excluded.${name}`).join(', ')}
     where (${others.map((name) => `old.${name}`).join(', ')}) is distinct from (${others.map((name) => `excluded.${name}`).join(', ')})`,
    [jsonForPostgres(rows)],
  );
}
