import type { AnyProjection } from '../../projections/projection.js';
import { isLockConflict, type Database, type Queryable } from './database.js';
import { readLines, type Line } from './lines.js';
import { createGeneration, dropGeneration, lineOf, lockSchema, nameVersion, showGeneration, type Generation } from './schema.js';

/** How long the rows of a version or generation that nobody uses any more are kept for a rollback. */
const KEPT_FOR = `interval '3 days'`;
/** How long those of a dry run are kept that was killed: long enough for its reader to look, and for it to be started again. */
const ASIDE_KEPT_FOR = `interval '1 hour'`;
/** A version that no process has used for so long does not run any more. */
const GONE_AFTER = `interval '2 minutes'`;

/** Nobody waits longer than this behind a change of views or tables. */
const LOCK_TIMEOUT = `set local lock_timeout = '200ms'`;

/** Drops what nobody has used for a while, and lets the unversioned views show the newest version that runs; what is in use just now waits for the next time. */
export async function tidy(database: Database, projections: readonly AnyProjection[]): Promise<void> {
  await database.transaction((connection) => tidyWithin(connection, projections)).catch((error: unknown) => {
    if (!isLockConflict(error)) throw error;
  });
}

async function tidyWithin(connection: Queryable, projections: readonly AnyProjection[]): Promise<void> {
  await connection.query(LOCK_TIMEOUT);
  await lockSchema(connection);
  const { rows } = await connection.query<{ line: string }>(
    `select line from ledger.checkpoints where lease_until < clock_timestamp()
       and used_at < clock_timestamp() - case when aside then ${ASIDE_KEPT_FOR} else ${KEPT_FOR} end order by line for update`,
  );
  for (const { line } of rows) await dropGeneration(connection, line);
  for (const projection of projections) if (await isNewest(connection, projection)) await nameVersion(connection, projection);
}

/** Whether this version is at the end of the log, and no higher one that runs is. */
async function isNewest(connection: Queryable, { name, version }: AnyProjection): Promise<boolean> {
  const { rows } = await connection.query<{ newest: number | null }>(
    `select max(version) as newest from ledger.checkpoints where projection = $1 and shown and state = 'live' and used_at > clock_timestamp() - ${GONE_AFTER}`,
    [name],
  );
  return rows[0]?.newest === version;
}

/** A generation to be filled, and the rows to hold it against. */
export type Target = Readonly<{
  generation: Generation;
  /** Its line. */
  line: string;
  /** The generation that is shown: of this version, else of the newest other one; null where there is none. */
  against: Generation | null;
  /** Whether it is to take that one's place; a version that was never shown complete fills the tables that its views show. */
  replaces: boolean;
}>;

/**
 * What a rebuild of this projection fills: what an earlier one has begun, unless it is to be `fresh`, else a new generation. A dry
 * run goes on with what a dry run has begun, and leaves alone what is to be shown.
 */
export function beginRebuild(database: Database, projection: AnyProjection, { fresh, aside = false }: { fresh: boolean; aside?: boolean }): Promise<Target> {
  return database.transaction(async (connection) => {
    await lockSchema(connection);
    const { own, shown, others } = await generationsOf(connection, projection);
    if (shown.state === 'building') return resume(connection, targetOf(projection, shown, others.at(-1)));
    const begun = own.find((line) => line.state === 'building' && line.aside === aside && line.generation > shown.generation);
    if (begun !== undefined && !fresh) return resume(connection, targetOf(projection, begun, shown));
    if (begun !== undefined) await dropGeneration(connection, begun.line);
    const next = { projection, generation: Math.max(...own.map(({ generation }) => generation)) + 1 };
    await createGeneration(connection, next, { shown: false, aside });
    return targetOf(projection, next, shown);
  });
}

/** The generation that was shown before, to be brought up to date and shown again; null where none is kept. */
export function beginRollback(database: Database, projection: AnyProjection): Promise<Target | null> {
  return database.transaction(async (connection) => {
    await lockSchema(connection);
    const { own, shown } = await generationsOf(connection, projection);
    const before = own.filter((line) => line.state === 'kept' || (line.state === 'building' && !line.aside && line.generation < shown.generation)).at(-1);
    if (before === undefined) return null;
    await connection.query(`update ledger.checkpoints set state = 'building' where line = $1`, [before.line]);
    return resume(connection, targetOf(projection, before, shown));
  });
}

/** What is taken up again is in use from now on: it must not be dropped before its lease is acquired. */
async function resume(connection: Queryable, target: Target): Promise<Target> {
  await connection.query('update ledger.checkpoints set used_at = clock_timestamp() where line = $1', [target.line]);
  return target;
}

/** The lines of a projection, oldest first: those of this version, the one of them that is shown, and what is shown of others. */
async function generationsOf(connection: Queryable, { name, version }: AnyProjection): Promise<{ own: Line[]; shown: Line; others: Line[] }> {
  const lines = (await readLines(connection)).filter(({ projection }) => projection === name).sort((a, b) => a.version - b.version || a.generation - b.generation);
  const own = lines.filter((line) => line.version === version);
  const shown = own.find((line) => line.shown);
  if (shown === undefined) throw new Error(`${name}, version ${version}, has no generation that is shown; ensureSchema makes one.`);
  return { own, shown, others: lines.filter((line) => line.version !== version && line.shown && line.state === 'live') };
}

function targetOf(projection: AnyProjection, { generation }: Pick<Line, 'generation'>, against: Line | undefined): Target {
  const target = { projection, generation };
  return {
    generation: target,
    line: lineOf(target),
    against: against === undefined ? null : { projection: { ...projection, version: against.version }, generation: against.generation },
    replaces: against?.version === projection.version,
  };
}

/** Gives up what a rebuild has begun, unless another process has taken it up; what the views show stays. */
export async function abandon(database: Database, { line, replaces }: Target): Promise<void> {
  if (!replaces) return;
  await database.transaction(async (connection) => {
    await lockSchema(connection);
    const { rows } = await connection.query('select 1 from ledger.checkpoints where line = $1 and lease_until < clock_timestamp() for update', [line]);
    if (rows.length > 0) await dropGeneration(connection, line);
  });
}

/** Streams that are parked in a generation, and not in the one that it is held against. */
export async function newlyParked(connection: Queryable, { line, against }: Target): Promise<string[]> {
  const { rows } = await connection.query<{ stream: string }>(
    `select stream from ledger.parked_streams where generation = $1 and kind <> 'waiting' except select stream from ledger.parked_streams where generation = $2 order by stream`,
    [line, against === null ? '' : lineOf(against)],
  );
  return rows.map(({ stream }) => stream);
}

/**
 * Moves the views to a generation, within a transaction that has locked its line and that of the one shown before, which is
 * kept for a rollback; what was kept before that is dropped.
 */
export async function show(connection: Queryable, { generation, line }: Target): Promise<void> {
  const { projection } = generation;
  const { rows } = await connection.query<{ line: string }>(
    `select line from ledger.checkpoints where projection = $1 and version = $2 and state = 'kept' and line <> $3`,
    [projection.name, projection.version, line],
  );
  for (const kept of rows) await dropGeneration(connection, kept.line);
  await connection.query(`update ledger.checkpoints set shown = false, state = 'kept' where projection = $1 and version = $2 and shown`, [projection.name, projection.version]);
  await connection.query(`update ledger.checkpoints set shown = true, state = 'live' where line = $1`, [line]);
  await showGeneration(connection, generation);
}
