import type { ReadModel } from '../../projections/projection.js';
import { isLockConflict, type Database, type Queryable } from './database.js';
import { readCheckpoints, type Checkpoint } from './checkpoints.js';
import {
  createGeneration,
  dropGeneration,
  letGo,
  nameOfGeneration,
  lockSchema,
  nameVersion,
  showGeneration,
  type Generation,
} from './schema.js';

/** How long the rows of an unused version or generation are kept for a rollback. */
const KEPT_FOR = `interval '3 days'`;
/** How long the rows of a killed dry run are kept: time to inspect them, and to restart it. */
const ASIDE_KEPT_FOR = `interval '1 hour'`;
/** A version that no process has used for this long no longer runs. */
const GONE_AFTER = `interval '2 minutes'`;

/**
 * How long changes are still noted for complete derived rows of a version that no process uses: a process that starts
 * within this time need not derive all again.
 */
const FOLLOWED_FOR = `interval '1 hour'`;

/** The longest that other transactions wait behind a change of views or tables. */
const LOCK_TIMEOUT = `set local lock_timeout = '200ms'`;

/**
 * Drops what has been unused for a while, and points the unversioned views to the newest running version. Anything
 * locked is left for the next run.
 */
export async function tidy(database: Database, projections: readonly ReadModel[]): Promise<void> {
  await database
    .transaction((connection) => tidyWithin(connection, projections))
    .catch((error: unknown) => {
      if (!isLockConflict(error)) throw error;
    });
}

async function tidyWithin(connection: Queryable, projections: readonly ReadModel[]): Promise<void> {
  await connection.query(LOCK_TIMEOUT);
  await lockSchema(connection);
  const { rows } = await connection.query<{ name: string }>(
    `select name from ledger.checkpoints where lease_until < clock_timestamp()
       and used_at < clock_timestamp() - case when aside then ${ASIDE_KEPT_FOR} else ${KEPT_FOR} end order by name for update`,
  );
  for (const { name } of rows) await dropGeneration(connection, name);
  await letGo(connection, await unusedDerived(connection));
  for (const projection of projections)
    if (await isNewest(connection, projection)) await nameVersion(connection, projection);
}

/** Generations of derivations for which changes are noted in vain: no process builds or follows them. */
async function unusedDerived(connection: Queryable): Promise<string[]> {
  const { rows } = await connection.query<{ name: string }>(
    `select name from ledger.derived_generations join ledger.checkpoints using (name) where stands_on <> '{}' and lease_until < clock_timestamp()
       and used_at < clock_timestamp() - case when state = 'building' then ${GONE_AFTER} else ${FOLLOWED_FOR} end`,
  );
  return rows.map(({ name }) => name);
}

/** Whether this version is at the end of the log, and no higher running one is. */
async function isNewest(connection: Queryable, { name, version }: ReadModel): Promise<boolean> {
  const { rows } = await connection.query<{ newest: number | null }>(
    `select max(version) as newest from ledger.checkpoints where projection = $1 and shown and state = 'live' and used_at > clock_timestamp() - ${GONE_AFTER}`,
    [name],
  );
  return rows[0]?.newest === version;
}

/** A generation to fill, and its counterpart for a comparison. */
export type Target = Readonly<{
  generation: Generation<ReadModel>;
  /** Its name. */
  name: string;
  /** The live generation: of this version, else of the newest other one; null where there is none. */
  against: Generation<ReadModel> | null;
  /** Whether it replaces that one; a version that was never complete fills the tables that its views already show. */
  replaces: boolean;
}>;

/**
 * Returns the target of a rebuild: the generation that an earlier rebuild has started, unless `fresh`, else a new one.
 * A dry run resumes only a dry run's generation.
 */
export function beginRebuild(
  database: Database,
  projection: ReadModel,
  { fresh, aside = false }: { fresh: boolean; aside?: boolean },
): Promise<Target> {
  return database.transaction(async (connection) => {
    await lockSchema(connection);
    const { own, shown, others } = await generationsOf(connection, projection);
    if (shown.state === 'building') return resume(connection, targetOf(projection, shown, others.at(-1)));
    const begun = own.find(
      (checkpoint) =>
        checkpoint.state === 'building' && checkpoint.aside === aside && checkpoint.generation > shown.generation,
    );
    if (begun !== undefined && !fresh) return resume(connection, targetOf(projection, begun, shown));
    if (begun !== undefined) await dropGeneration(connection, begun.name);
    const next = { projection, generation: Math.max(...own.map(({ generation }) => generation)) + 1 };
    await createGeneration(connection, next, { shown: false, aside });
    return targetOf(projection, next, shown);
  });
}

/** Returns the generation that was live before, to be caught up and shown again; null where none is kept. */
export function beginRollback(database: Database, projection: ReadModel): Promise<Target | null> {
  return database.transaction(async (connection) => {
    await lockSchema(connection);
    const { own, shown } = await generationsOf(connection, projection);
    const before = own
      .filter(
        (checkpoint) =>
          checkpoint.state === 'kept' ||
          (checkpoint.state === 'building' && !checkpoint.aside && checkpoint.generation < shown.generation),
      )
      .at(-1);
    if (before === undefined) return null;
    await connection.query(`update ledger.checkpoints set state = 'building' where name = $1`, [before.name]);
    return resume(connection, targetOf(projection, before, shown));
  });
}

/** Marks a resumed generation as used, so that it is not dropped before its lease is acquired. */
async function resume(connection: Queryable, target: Target): Promise<Target> {
  await connection.query('update ledger.checkpoints set used_at = clock_timestamp() where name = $1', [target.name]);
  return target;
}

/**
 * Returns the checkpoints of a projection, oldest first: those of this version, the live one among them, and the live
 * ones of other versions.
 */
async function generationsOf(
  connection: Queryable,
  { name, version }: ReadModel,
): Promise<{ own: Checkpoint[]; shown: Checkpoint; others: Checkpoint[] }> {
  const checkpoints = (await readCheckpoints(connection))
    .filter(({ projection }) => projection === name)
    .sort((a, b) => a.version - b.version || a.generation - b.generation);
  const own = checkpoints.filter((checkpoint) => checkpoint.version === version);
  const shown = own.find((one) => one.shown);
  if (shown === undefined)
    throw new Error(`${name}, version ${version}, has no live generation; ensureSchema creates one.`);
  return {
    own,
    shown,
    others: checkpoints.filter((one) => one.version !== version && one.shown && one.state === 'live'),
  };
}

function targetOf(
  projection: ReadModel,
  { generation }: Pick<Checkpoint, 'generation'>,
  against: Checkpoint | undefined,
): Target {
  const target = { projection, generation };
  return {
    generation: target,
    name: nameOfGeneration(target),
    against:
      against === undefined
        ? null
        : { projection: { ...projection, version: against.version }, generation: against.generation },
    replaces: against?.version === projection.version,
  };
}

/** Drops what a rebuild has started, unless another process has its lease; generations that the views show stay. */
export async function abandon(database: Database, { name, replaces }: Target): Promise<void> {
  if (!replaces) return;
  await database.transaction(async (connection) => {
    await lockSchema(connection);
    const { rows } = await connection.query(
      'select 1 from ledger.checkpoints where name = $1 and lease_until < clock_timestamp() for update',
      [name],
    );
    if (rows.length > 0) await dropGeneration(connection, name);
  });
}

/** Returns the streams that are parked in a generation but not in its counterpart. */
export async function newlyParked(connection: Queryable, { name, against }: Target): Promise<string[]> {
  const { rows } = await connection.query<{ stream: string }>(
    `select stream from ledger.parked_streams where generation = $1 and kind not in ('waiting', 'passed') except select stream from ledger.parked_streams where generation = $2 order by stream`,
    [name, against === null ? '' : nameOfGeneration(against)],
  );
  return rows.map(({ stream }) => stream);
}

/**
 * Points the views to a generation, within a transaction that has locked its checkpoint and that of the live one, which
 * is then kept for a rollback; a generation kept before that is dropped.
 */
export async function show(connection: Queryable, { generation, name }: Target): Promise<void> {
  const { projection } = generation;
  const { rows } = await connection.query<{ name: string }>(
    `select name from ledger.checkpoints where projection = $1 and version = $2 and state = 'kept' and name <> $3`,
    [projection.name, projection.version, name],
  );
  for (const kept of rows) await dropGeneration(connection, kept.name);
  const { rows: before } = await connection.query<{ name: string }>(
    `update ledger.checkpoints set shown = false, state = 'kept' where projection = $1 and version = $2 and shown returning name`,
    [projection.name, projection.version],
  );
  if (projection.reads !== undefined)
    await letGo(
      connection,
      before.map((one) => one.name),
    );
  await connection.query(`update ledger.checkpoints set shown = true, state = 'live' where name = $1`, [name]);
  await showGeneration(connection, generation);
}
