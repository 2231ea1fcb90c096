import type { AnyProjection, ReadModel, Table, Tables } from '../../projections/projection.js';
import type { Database, Queryable } from './database.js';
import { listIndexesOf, searchedJsonOf } from './listing.js';

/**
 * One set of tables of a projection or derivation. A version starts with generation 1; a rebuild fills the next one.
 */
export type Generation<M extends ReadModel = AnyProjection> = Readonly<{ projection: M; generation: number }>;

/**
 * Columns that the engine adds, with their Postgres types: the owner of a row (a stream or a key) and, for a key,
 * whether its facts are incomplete.
 */
export const engineColumnsOf = (model: ReadModel): Readonly<Record<string, string>> =>
  model.reads === undefined ? { stream: 'text' } : { key: 'text', is_incomplete: 'boolean' };
/** The column with the owner of a row. */
export const ownerColumnOf = (model: ReadModel): 'stream' | 'key' => (model.reads === undefined ? 'stream' : 'key');

/** Names of a generation's objects in Postgres. */
function nameOf(name: string, version: number, generation: number): string {
  return `${name}_v${version}_g${generation}`;
}
const stateNameOf = (name: string): string => `${name}_states`;
/** The name of a generation in checkpoints and parked streams. */
export const nameOfGeneration = ({ projection, generation }: Generation<ReadModel>): string =>
  nameOf(projection.name, projection.version, generation);
export const tableOf = ({ projection, generation }: Generation<ReadModel>, table: string): string =>
  `ledger.${nameOf(table, projection.version, generation)}`;
export const stateTableOf = (generation: Generation): string => `ledger.${stateNameOf(nameOfGeneration(generation))}`;
export const viewOf = <T extends Tables>({ version }: ReadModel<T>, table: keyof T & string): string =>
  `ledger.${table}_v${version}`;

/**
 * The index of event ids: a generation of its own, independent of projections. Raise its version when its columns or
 * its content change: builds of one version share it.
 */
const EVENT_INDEX_NAME = 'event_index';
const EVENT_INDEX_VERSION = 3;
const eventIndexTable = (version: number): string => `${EVENT_INDEX_NAME}_v${version}`;
export const EVENT_INDEX = `ledger.${eventIndexTable(EVENT_INDEX_VERSION)}`;
export const EVENT_INDEX_GENERATION = nameOf(EVENT_INDEX_NAME, EVENT_INDEX_VERSION, 1);

const tableNamesOf = ({ tables, rollups = {} }: ReadModel): string[] => [
  ...Object.keys(tables),
  ...Object.keys(rollups),
];

/** The version of a projection, as checkpoints name what a process follows. */
export const versionOf = ({ name, version }: Pick<ReadModel, 'name' | 'version'>): string => `${name}_v${version}`;

/** An advisory lock number that nothing else in this database uses. */
const SCHEMA_LOCK = 7_319_046_251;
/** Held for the transaction only, so that it works behind a transaction pooler. */
export const lockSchema = (connection: Queryable) =>
  connection.query('select pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);

/** Whether a service has ever created the schema `ledger` in this database. */
export async function hasSchema(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(
    `select to_regclass('ledger.checkpoints') is not null as found`,
  );
  return rows[0]?.found === true;
}

/** Returns the identity of these read models, unlike that of others on the same log; dropping them changes it. */
export async function identityOf(database: Queryable): Promise<string> {
  const { rows } = await database.query<{ name: string }>('select name from ledger.identity');
  const [identity] = rows;
  if (identity === undefined) throw new Error('ledger.identity has no row; ensureSchema creates one.');
  return identity.name;
}

/**
 * Creates what is missing in the schema `ledger` for the versions of this build. Several processes may call it at once.
 */
export async function ensureSchema(database: Database, models: readonly ReadModel[]): Promise<void> {
  await database.transaction(async (connection) => {
    await lockSchema(connection);
    await connection.query(BASE);
    const index = { projection: EVENT_INDEX_NAME, version: EVENT_INDEX_VERSION, generation: 1 };
    await addCheckpoint(connection, { name: EVENT_INDEX_GENERATION, ...index, tables: [], shown: true, aside: false });
    for (const model of models) await ensureVersion(connection, model);
  });
}

async function ensureVersion(connection: Queryable, projection: ReadModel): Promise<void> {
  const { rows } = await connection.query('select 1 from ledger.checkpoints where projection = $1 and version = $2', [
    projection.name,
    projection.version,
  ]);
  if (rows.length > 0) return;
  const first = { projection, generation: 1 };
  await createGeneration(connection, first, { shown: true });
  await showGeneration(connection, first);
  for (const name of tableNamesOf(projection)) {
    const { rows: named } = await connection.query<{ view: string | null }>('select to_regclass($1)::text as view', [
      `ledger.${name}`,
    ]);
    if (named[0]?.view === null) await replaceView(connection, `ledger.${name}`, viewOf(projection, name));
  }
}

type GenerationUse = Readonly<{
  /** Whether the views of its version show it. */
  shown: boolean;
  /** Whether a dry run fills it for a comparison and then drops it: it is never shown. */
  aside?: boolean;
}>;

/** Creates the empty tables and the checkpoint of a generation. */
export async function createGeneration(
  connection: Queryable,
  generation: Generation<ReadModel>,
  { shown, aside = false }: GenerationUse,
): Promise<void> {
  const { projection } = generation;
  if (projection.reads === undefined)
    await connection.query(`create table if not exists ledger.${stateNameOf(nameOfGeneration(generation))} (
    stream text collate "C" not null, object text collate "C" not null, revision int8 not null, state text not null, kept text, primary key (stream, object)) ${INLINE}`);
  else await addDerived(connection, generation);
  for (const [name, table] of Object.entries(projection.tables)) {
    await createTable(connection, nameOf(name, projection.version, generation.generation), {
      table,
      engineColumns: ENGINE_COLUMNS[ownerColumnOf(projection)],
      owner: ownerColumnOf(projection),
    });
  }
  for (const [name, rollup] of Object.entries(projection.rollups ?? {}))
    await createTable(connection, nameOf(name, projection.version, generation.generation), {
      table: rollup,
      engineColumns: ROLLUP_COLUMNS,
      owner: null,
    });
  const { name, version, tables } = projection;
  await addCheckpoint(connection, {
    name: nameOfGeneration(generation),
    projection: name,
    version,
    generation: generation.generation,
    tables: [...Object.keys(tables), ...Object.keys(projection.rollups ?? {})],
    shown,
    aside,
  });
}

/** Postgres compresses rows above 2 KB by default, which doubles the cost of writing them; here only above 8 KB. */
const INLINE = 'with (toast_tuple_target = 8160)';

const ENGINE_COLUMNS = {
  stream: 'stream text collate "C" not null',
  key: 'key text collate "C" not null, is_incomplete boolean not null',
};
/** The number of rows behind a sum; a sum of none is no row. */
const ROLLUP_COLUMNS = 'row_count int8 not null';

/** Registers a generation of a derivation; its sources are recorded when it starts to be filled. */
const addDerived = (connection: Queryable, generation: Generation<ReadModel>) =>
  connection.query('insert into ledger.derived_generations (name) values ($1) on conflict do nothing', [
    nameOfGeneration(generation),
  ]);

type NewCheckpoint = Readonly<{
  name: string;
  projection: string;
  version: number;
  generation: number;
  tables: readonly string[];
}> &
  Required<GenerationUse>;

async function addCheckpoint(
  connection: Queryable,
  { name, projection, version, generation, tables, shown, aside }: NewCheckpoint,
): Promise<void> {
  await connection.query(
    `insert into ledger.checkpoints (name, projection, version, generation, tables, shown, aside) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict do nothing`,
    [name, projection, version, generation, tables, shown, aside],
  );
}

/** The statistics target of JSON columns: with too small a sample, Postgres takes rare values for common ones. */
const JSON_STATISTICS = 1_000;

async function createTable(
  connection: Queryable,
  name: string,
  { table, engineColumns, owner }: { table: Table; engineColumns: string; owner: string | null },
): Promise<void> {
  const { columns, key, indexes } = table;
  const columnList = Object.entries(columns).map(([column, { sql }]) => `${column} ${sql}`);
  await connection.query(
    `create table if not exists ledger.${name} (${columnList.join(', ')}, ${engineColumns}, primary key (${key.join(', ')})) ${INLINE}`,
  );
  for (const index of [...(owner === null ? [] : [[owner]]), ...indexes]) {
    const known =
      index.length === 1 && columns[index[0] ?? '']?.isNullable === true ? `where ${index[0]} is not null` : '';
    await connection.query(
      `create index if not exists ${name}_${index.join('_')} on ledger.${name} (${index.join(', ')}) ${known}`,
    );
  }
  for (const column of searchedJsonOf(table))
    await connection.query(`alter table ledger.${name} alter column ${column} set statistics ${JSON_STATISTICS}`);
  for (const [by, index] of listIndexesOf(table))
    await connection.query(`create index if not exists ${name}_list_${by} on ledger.${name} ${index}`);
}

/** Points the views of a version to a generation. */
export async function showGeneration(connection: Queryable, generation: Generation<ReadModel>): Promise<void> {
  for (const name of tableNamesOf(generation.projection))
    await replaceView(connection, viewOf(generation.projection, name), tableOf(generation, name));
}

/** Points the unversioned views, which serve people and BI tools, to a version. */
export async function nameVersion(connection: Queryable, projection: ReadModel): Promise<void> {
  for (const name of tableNamesOf(projection)) {
    const { rows } = await connection.query(
      `select 1 from information_schema.view_table_usage where view_schema = 'ledger' and view_name = $1 and 'ledger.' || table_name = $2`,
      [name, viewOf(projection, name)],
    );
    if (rows.length === 0) await replaceView(connection, `ledger.${name}`, viewOf(projection, name));
  }
}

/** Replaces a view; views that depend on it survive, unless its columns have changed. */
async function replaceView(connection: Queryable, view: string, source: string): Promise<void> {
  await connection.query('savepoint one_view');
  try {
    await connection.query(`create or replace view ${view} as select * from ${source}`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== OTHER_COLUMNS) throw error;
    await connection.query('rollback to savepoint one_view');
    await connection.query(`drop view ${view} cascade`);
    await connection.query(`create view ${view} as select * from ${source}`);
  }
}

/** SQLSTATE invalid_table_definition. */
const OTHER_COLUMNS = '42P16';

/** Drops a generation: its checkpoint, its tables, and the views that show it. */
export async function dropGeneration(connection: Queryable, name: string): Promise<void> {
  const { rows } = await connection.query<Dropped>(
    'delete from ledger.checkpoints where name = $1 returning projection, version, generation, tables',
    [name],
  );
  for (const table of rows.flatMap(tablesOf))
    await connection.query(`drop table if exists ledger.${quoted(table)} cascade`);
  await connection.query(`drop table if exists ledger.${quoted(stateNameOf(name))}`);
  await connection.query('delete from ledger.parked_streams where generation = $1', [name]);
  await letGo(connection, [name]);
  await connection.query('delete from ledger.derived_generations where name = $1', [name]);
}

/** Stops noting changes for these generations of derivations: they stay as they are, or start anew. */
export async function letGo(connection: Queryable, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await connection.query(
    `update ledger.derived_generations set stands_on = '{}', is_noted = false, epoch = epoch + 1 where name = any($1)`,
    [names],
  );
  await connection.query('delete from ledger.derivation_notes where generation = any($1)', [names]);
  await connection.query('delete from ledger.derivation_changes where generation = any($1)', [names]);
}

type Dropped = Readonly<{ projection: string; version: number; generation: number; tables: readonly string[] }>;

/** The names of a generation's tables. */
const tablesOf = ({ projection, version, generation, tables }: Dropped): string[] =>
  projection === EVENT_INDEX_NAME
    ? [eventIndexTable(version)]
    : tables.map((table) => nameOf(table, version, generation));

/**
 * Takes no lock on a table that is up to date: an `alter table` without effect would wait for the longest transaction
 * that reads it, and all others would wait behind it.
 */
const BASE = `
create schema if not exists ledger;
create table if not exists ledger.checkpoints (
  name text collate "C" primary key,
  projection text not null,
  version int not null,
  generation int not null,
  tables text[] not null,
  state text not null default 'building' check (state in ('building', 'live', 'kept')),
  shown boolean not null,
  aside boolean not null default false,
  log_name uuid,
  position int8,
  event_id uuid,
  owner text,
  owner_epoch int8 not null default 0,
  owner_follows text[] not null default '{}',
  lease_until timestamptz not null default '-infinity',
  used_at timestamptz not null default clock_timestamp()
);
create table if not exists ${EVENT_INDEX} (
  event_id uuid primary key,
  stream text collate "C" not null,
  revision int8 not null,
  position int8 not null,
  unique (stream, revision)
);
create table if not exists ledger.identity (one boolean primary key default true check (one), name uuid not null default gen_random_uuid());
insert into ledger.identity default values on conflict do nothing;
create table if not exists ledger.parked_streams (
  generation text not null,
  stream text collate "C" not null,
  since timestamptz not null default clock_timestamp(),
  attempts int not null default 1,
  kind text not null default 'whole' check (kind in ('event', 'whole', 'waiting', 'unread', 'passed', 'large')),
  revision int8 not null,
  cause text not null,
  stack text,
  attempted_at timestamptz not null default clock_timestamp(),
  replay_wanted_at timestamptz,
  stripe_event_id text,
  event_type text,
  primary key (generation, stream)
);
create table if not exists ledger.derived_generations (
  name text collate "C" primary key,
  stands_on text[] not null default '{}',
  policy text not null default '',
  epoch int8 not null default 0,
  is_noted boolean not null default false
);
create table if not exists ledger.derivation_notes (
  generation text collate "C" not null,
  key text collate "C" not null,
  primary key (generation, key)
);
create table if not exists ledger.derivation_changes (
  generation text collate "C" not null,
  no int8 generated always as identity,
  source text not null,
  content text not null,
  primary key (generation, no)
);
do $$ begin
  if exists (select from pg_attribute where attrelid = 'ledger.checkpoints'::regclass and attname = 'line') then
    alter table ledger.checkpoints rename column line to name;
  end if;
  if not exists (select from pg_attribute where attrelid = 'ledger.checkpoints'::regclass and attname = 'aside') then
    alter table ledger.checkpoints add column aside boolean not null default false;
  end if;
  if not exists (select from pg_attribute where attrelid = 'ledger.derived_generations'::regclass and attname = 'epoch') then
    alter table ledger.derived_generations add column epoch int8 not null default 0;
  end if;
  if exists (select from pg_attribute where attrelid = 'ledger.parked_streams'::regclass and attname = 'projection') then
    alter table ledger.parked_streams rename column projection to generation;
  end if;
  if not exists (select from pg_attribute where attrelid = 'ledger.parked_streams'::regclass and attname = 'kind') then
    alter table ledger.parked_streams
      add column if not exists kind text not null default 'whole',
      add column if not exists stack text,
      add column if not exists attempted_at timestamptz not null default clock_timestamp(),
      add column if not exists replay_wanted_at timestamptz,
      add column if not exists stripe_event_id text,
      add column if not exists event_type text;
  end if;
  if exists (select from pg_constraint where conname = 'parked_streams_kind_check' and pg_get_constraintdef(oid) not like '%large%') then
    alter table ledger.parked_streams drop constraint parked_streams_kind_check;
  end if;
  if to_regclass('ledger.checkpoints_shown') is null then
    create unique index checkpoints_shown on ledger.checkpoints (projection, version) where shown;
  end if;
  if to_regclass('ledger.parked_streams_waiting') is null then
    create index parked_streams_waiting on ledger.parked_streams (generation) where kind = 'waiting' or replay_wanted_at is not null;
    drop index if exists ledger.parked_streams_wanted;
  end if;
  if to_regclass('ledger.parked_streams_large') is null then
    create index parked_streams_large on ledger.parked_streams (generation) where kind = 'large';
  end if;
end $$;`;

const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
