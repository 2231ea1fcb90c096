import type { AnyProjection, Table, Tables } from '../../projections/projection.js';
import type { Database, Queryable } from './database.js';

const GENERATION = 1;

/** Names of what one version of a projection has in Postgres. */
const nameOf = (name: string, { version }: AnyProjection): string => `${name}_v${version}_g${GENERATION}`;
const stateNameOf = (projection: AnyProjection): string => `${nameOf(projection.name, projection)}_state`;
export const tableOf = (projection: AnyProjection, table: string): string => `ledger.${nameOf(table, projection)}`;
export const stateTableOf = (projection: AnyProjection): string => `ledger.${stateNameOf(projection)}`;
export const viewOf = <T extends Tables>({ version }: AnyProjection<T>, table: keyof T & string): string => `ledger.${table}_v${version}`;
export const EVENT_INDEX = 'ledger.event_index_v1';

/** What a projection of this build is called in the checkpoint and in parking. */
export const versionOf = ({ name, version }: AnyProjection): string => `${name}_v${version}`;

/** What a set of projections is called in the checkpoint. */
export const signatureOf = (projections: readonly AnyProjection[]): string => projections.map(versionOf).sort().join(' ');

/** Any number that nobody else uses for an advisory lock in this database. */
const SCHEMA_LOCK = 7_319_046_251;

/** Makes what is missing of the schema `ledger`. Several processes may call it at once. */
export async function ensureSchema(database: Database, projections: readonly AnyProjection[]): Promise<void> {
  await database.transaction(async (connection) => {
    await connection.query('select pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    await connection.query(BASE);
    for (const projection of projections) await createTables(connection, projection);
  });
}

/** Drops the tables of versions that no projection of this build has, and empties the parking of theirs. */
export async function dropOtherVersions(connection: Queryable, projections: readonly AnyProjection[]): Promise<void> {
  const kept = projections.flatMap((projection) => [stateNameOf(projection), ...Object.keys(projection.tables).map((table) => nameOf(table, projection))]);
  const { rows } = await connection.query<{ table: string }>(
    `select relname as table from pg_class join pg_namespace n on n.oid = relnamespace
     where nspname = 'ledger' and relkind = 'r' and relname ~ '_v[0-9]+_g[0-9]+(_state)?$' and not relname = any($1)`,
    [kept],
  );
  for (const { table } of rows) await connection.query(`drop table ledger.${quoted(table)} cascade`);
  await connection.query('delete from ledger.parked_streams where not projection = any($1)', [projections.map(versionOf)]);
}

const BASE = `
create schema if not exists ledger;
create table if not exists ledger.checkpoint (
  id boolean primary key default true check (id),
  log_name uuid not null,
  projections text not null,
  position int8,
  event_id uuid,
  owner text,
  owner_epoch int8 not null default 0,
  lease_until timestamptz not null default '-infinity'
);
create table if not exists ${EVENT_INDEX} (
  event_id uuid primary key,
  stream text collate "C" not null,
  revision int8 not null,
  position int8 not null,
  type text not null,
  stripe_event_id text collate "C",
  api_version text,
  account text collate "C",
  livemode boolean,
  quarantine text,
  received_at timestamptz not null,
  recorded_at timestamptz not null,
  unique (stream, revision)
);
create table if not exists ledger.parked_streams (
  projection text not null,
  stream text collate "C" not null,
  since timestamptz not null default now(),
  attempts int not null default 1,
  revision int8 not null,
  cause text not null,
  primary key (projection, stream)
);`;

async function createTables(connection: Queryable, projection: AnyProjection): Promise<void> {
  await connection.query(`create table if not exists ${stateTableOf(projection)} (stream text collate "C" primary key, revision int8 not null, state jsonb not null)`);
  for (const [name, table] of Object.entries(projection.tables)) {
    await createTable(connection, nameOf(name, projection), table);
    await createView(connection, viewOf(projection, name), tableOf(projection, name));
    await createView(connection, `ledger.${name}`, viewOf(projection, name));
  }
}

async function createTable(connection: Queryable, name: string, { columns, key, indexes }: Table): Promise<void> {
  const columnList = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
  await connection.query(`create table if not exists ledger.${name} (${columnList.join(', ')}, stream text collate "C" not null, primary key (${key.join(', ')}))`);
  for (const index of [['stream'], ...indexes]) {
    await connection.query(`create index if not exists ${name}_${index.join('_')} on ledger.${name} (${index.join(', ')})`);
  }
}

/** The unversioned view serves people and BI tools and follows the newest build. */
async function createView(connection: Queryable, view: string, source: string): Promise<void> {
  const { rows } = await connection.query<{ same: boolean }>(
    `select exists (select 1 from information_schema.view_table_usage where view_schema || '.' || view_name = $1 and table_schema || '.' || table_name = $2) as same`,
    [view, source],
  );
  if (rows[0]?.same === true) return;
  await connection.query(`drop view if exists ${view} cascade`);
  await connection.query(`create view ${view} as select * from ${source}`);
}

const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
