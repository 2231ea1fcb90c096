import { encodeRow, keyOf, type Columns } from '../../projections/columns.js';
import type { Row } from '../../projections/projection.js';
import { jsonForPostgres, type Queryable } from './database.js';
import { EVENT_INDEX, stateTableOf, tableOf, type Generation } from './schema.js';

/** How far a projection has folded a stream. */
export type StoredState = Readonly<{ stream: string; revision: bigint; state: unknown }>;

/** What a batch leaves of one stream: its state, and all of its rows by table. */
export type StreamRows = StoredState & Readonly<{ rows: Readonly<Record<string, readonly Row[]>> }>;

/** Rows as JSON, by table and by their key, which is JSON too. */
export type RowTexts = Readonly<Record<string, ReadonlyMap<string, string>>>;

/** `StreamRows` as they are written; `before` is what stands there, where that is known: then only what differs is written. */
export type WrittenStream = StoredState & Readonly<{ stateText: string; texts: RowTexts; before: RowTexts | null }>;

/** The rows as JSON. @throws BadValue */
export function writtenOf({ projection }: Generation, { stream, revision, state, rows }: StreamRows, before: RowTexts | null): WrittenStream {
  const texts = Object.entries(projection.tables).map(([name, table]) => [
    name,
    new Map((rows[name] ?? []).map((row) => [keyOf(table, row), ofStream(stream, encodeRow(name, table, row))])),
  ] as const);
  return { stream, revision, state, stateText: JSON.stringify(state), texts: Object.fromEntries(texts), before };
}

/** The JSON of a row, with the stream that it belongs to. */
const ofStream = (stream: string, row: string): string => `${row.slice(0, -1)},"stream":${jsonForPostgres(stream)}}`;

/** The stored states of these streams. */
export async function readStates(database: Queryable, generation: Generation, streams: readonly string[]): Promise<Map<string, StoredState>> {
  const { rows } = await database.query<{ stream: string; revision: bigint; state: string }>(`select stream, revision, state from ${stateTableOf(generation)} where stream = any($1)`, [streams]);
  return new Map(rows.map(({ stream, revision, state }) => [stream, { stream, revision, state: JSON.parse(state) as unknown }]));
}

/** Streams that have rows though no event of them is indexed: nothing in the log accounts for these rows. */
export async function strayStreams(database: Queryable, generation: Generation, max: number): Promise<string[]> {
  const tables = Object.keys(generation.projection.tables).map((name) => `select stream from ${tableOf(generation, name)}`);
  const { rows } = await database.query<{ stream: string }>(
    `select distinct stream from (${tables.join(' union all ')}) as own where not exists (select 1 from ${EVENT_INDEX} event where event.stream = own.stream) order by stream limit $1`, [max]);
  return rows.map(({ stream }) => stream);
}

/** A row that a stream wants to write, and that belongs to another one; `key` is JSON. */
export type Claim = Readonly<{ table: string; key: string; owner: string }>;

/** The rows of a stream that are there as rows of other streams. */
export async function findClaims(connection: Queryable, generation: Generation, { stream, texts }: WrittenStream): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const [name, { columns, key }] of Object.entries(generation.projection.tables)) {
    const keys = [...(texts[name]?.keys() ?? [])];
    if (keys.length === 0) continue;
    const { rows } = await connection.query<{ at: bigint; owner: string }>(
      `select given.at, old.stream as owner from ${givenAs({ at: 'int8', ...typesOf(columns) }, '$1')}
       join ${tableOf(generation, name)} old on ${key.map((column) => `old.${column} = given.${column}`).join(' and ')} where old.stream <> $2`,
      [jsonForPostgres(keys.map((text, at) => ({ at, ...columnsOf(key, text) }))), stream],
    );
    claims.push(...rows.map(({ at, owner }) => ({ table: name, key: keys[Number(at)] ?? '', owner })));
  }
  return claims;
}

/** Deletes rows of other streams, so that the one that claims them may write them. */
export async function deleteClaimed(connection: Queryable, generation: Generation, claims: readonly Claim[]): Promise<void> {
  for (const [name, { columns, key }] of Object.entries(generation.projection.tables)) {
    const target = { table: tableOf(generation, name), columns: { ...typesOf(columns), stream: 'text' }, key };
    await deleteRows(connection, target, claims.filter(({ table }) => table === name).map((claim) => ({ stream: claim.owner, key: claim.key })));
  }
}

/**
 * Replaces states and rows of these streams. A row belongs to exactly one stream, so no other stream is touched: Postgres rejects
 * a row that is another stream's.
 */
export async function writeStreams(connection: Queryable, generation: Generation, streams: readonly WrittenStream[]): Promise<void> {
  for (const [name, { columns, key }] of Object.entries(generation.projection.tables)) {
    const target = { table: tableOf(generation, name), columns: { ...typesOf(columns), stream: 'text' }, key };
    await deleteOthers(connection, target, { name, streams: streams.filter(({ before }) => before === null) });
    const gone = streams.flatMap(({ stream, texts, before }) =>
      [...(before?.[name]?.keys() ?? [])].filter((one) => texts[name]?.has(one) !== true).map((one) => ({ stream, key: one })));
    await deleteRows(connection, target, gone);
    await upsert(connection, target, streams.flatMap(({ texts, before }) => [...(texts[name] ?? [])].filter(([one, text]) => before?.[name]?.get(one) !== text).map(([, text]) => text)));
  }
  const states = streams.map(({ stream, revision, stateText }) => JSON.stringify({ stream, revision: String(revision), state: stateText }));
  await upsert(connection, { table: stateTableOf(generation), columns: { stream: 'text', revision: 'int8', state: 'text' }, key: ['stream'] }, states);
}

const replacing = (column: string): string =>
  (column === 'stream' ? 'stream = case when old.stream = excluded.stream then excluded.stream end' : `${column} = excluded.${column}`);

/** `columns`: their SQL types by name. */
type Target = Readonly<{ table: string; columns: Readonly<Record<string, string>>; key: readonly string[] }>;

/** The SQL types of columns by name. */
export const typesOf = (columns: Columns): Target['columns'] => Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, type]));

/** Rows as one parameter, which Postgres reads as a table of these columns. */
export const givenAs = (columns: Target['columns'], parameter: string): string => `jsonb_to_recordset(${parameter}::jsonb) as given(${Object.entries(columns).map(([name, type]) => `${name} ${type}`).join(', ')})`;

const arrayOf = (texts: readonly string[]): string => `[${texts.join(',')}]`;

/** Deletes the rows of streams, of which nobody knows which they have, that are not among those to be written. */
async function deleteOthers(connection: Queryable, { table, columns, key }: Target, { name, streams }: { name: string; streams: readonly WrittenStream[] }): Promise<void> {
  if (streams.length === 0) return;
  const rows = arrayOf(streams.flatMap(({ texts }) => [...(texts[name]?.values() ?? [])]));
  await connection.query(`delete from ${table} where stream = any($2) and (${key.join(', ')}) not in (select ${key.join(', ')} from ${givenAs(columns, '$1')})`, [rows, streams.map(({ stream }) => stream)]);
}

/** Deletes rows of streams by their keys, which are JSON. */
async function deleteRows(connection: Queryable, { table, columns, key }: Target, rows: readonly Readonly<{ stream: string; key: string }>[]): Promise<void> {
  if (rows.length === 0) return;
  const which = [...key, 'stream'].join(', ');
  const given = rows.map((row) => ({ ...columnsOf(key, row.key), stream: row.stream }));
  await connection.query(`delete from ${table} where (${which}) in (select ${which} from ${givenAs(columns, '$1')})`, [jsonForPostgres(given)]);
}

/** The columns of a key that is JSON. */
const columnsOf = (key: readonly string[], text: string): Record<string, unknown> =>
  Object.fromEntries((JSON.parse(text) as unknown[]).map((value, at) => [key[at], value]));

/**
 * All rows in one statement; a row that stands already is replaced whole, unless it is the same. A row of another stream would get
 * no stream, which the column does not take: SQLSTATE 23502.
 */
async function upsert(connection: Queryable, { table, columns, key }: Target, texts: readonly string[]): Promise<void> {
  if (texts.length === 0) return;
  const names = Object.keys(columns);
  const others = names.filter((name) => !key.includes(name));
  await connection.query(
    `insert into ${table} as old (${names.join(', ')}) select ${names.join(', ')} from ${givenAs(columns, '$1')}
     on conflict (${key.join(', ')}) do update set ${others.map(replacing).join(', ')}
     where (${others.map((name) => `old.${name}`).join(', ')}) is distinct from (${others.map((name) => `excluded.${name}`).join(', ')})`,
    [arrayOf(texts)],
  );
}
