import type { AnyProjection, Row } from '../../projections/projection.js';
import { jsonForPostgres, type Queryable } from './database.js';
import { stateTableOf, tableOf } from './schema.js';

/** How far a projection has folded a stream, as stored. */
export type StoredState = Readonly<{ stream: string; revision: bigint; state: unknown }>;

/** What a batch leaves of one stream: its state, and all of its rows. */
export type StreamRows = StoredState & Readonly<{ rows: readonly Row[] }>;

/** The stored states of these streams. */
export async function readStates(database: Queryable, projection: AnyProjection, streams: readonly string[]): Promise<Map<string, StoredState>> {
  const { rows } = await database.query<StoredState>(`select stream, revision, state from ${stateTableOf(projection)} where stream = any($1)`, [streams]);
  return new Map(rows.map((row) => [row.stream, row]));
}

/** Replaces states and rows of these streams. A row belongs to exactly one stream, so no other stream is touched. */
export async function writeStreams(connection: Queryable, projection: AnyProjection, streams: readonly StreamRows[]): Promise<void> {
  const rows = streams.flatMap(({ stream, rows: own }) => own.map((row) => ({ ...row, stream })));
  const { key } = projection;
  await connection.query(`delete from ${tableOf(projection)} where stream = any($1) and not ${key} = any($2)`, [streams.map(({ stream }) => stream), rows.map((row) => (row as Row)[key])]);
  await upsert(connection, { table: tableOf(projection), key, columns: { ...projection.columns, stream: 'text' } }, rows);
  const states = streams.map(({ stream, revision, state }) => ({ stream, revision, state }));
  await upsert(connection, { table: stateTableOf(projection), key: 'stream', columns: { stream: 'text', revision: 'int8', state: 'jsonb' } }, states);
}

type Target = { table: string; key: string; columns: Readonly<Record<string, string>> };

/** All rows in one statement and one parameter; a row that stands already is replaced whole. */
async function upsert(connection: Queryable, { table, key, columns }: Target, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(columns);
  const types = Object.entries(columns).map(([name, type]) => `${name} ${type.split(' ')[0]}`);
  const replaced = names.filter((name) => name !== key).map((name) => `${name} = excluded.${name}`);
  await connection.query(
    `insert into ${table} (${names.join(', ')}) select ${names.join(', ')} from jsonb_to_recordset($1::jsonb) as given(${types.join(', ')})
     on conflict (${key}) do update set ${replaced.join(', ')}`,
    [jsonForPostgres(rows)],
  );
}
