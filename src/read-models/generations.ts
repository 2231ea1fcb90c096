import type { AnyProjection } from '../../projections/projection.js';
import { isLockTimeout, type Database, type Queryable } from './database.js';
import { dropGeneration, lockSchema, nameVersion } from './schema.js';

/** How long the rows of a version or generation that nobody uses any more are kept for a rollback. */
const KEPT_FOR = `interval '3 days'`;
/** A version that no process has used for so long does not run any more. */
const GONE_AFTER = `interval '2 minutes'`;

/** Nobody waits longer than this behind a change of views or tables. */
const LOCK_TIMEOUT = `set local lock_timeout = '200ms'`;

/** Drops what nobody has used for a while, and lets the unversioned views show the newest version that runs; what is in use just now waits for the next time. */
export async function tidy(database: Database, projections: readonly AnyProjection[]): Promise<void> {
  await database.transaction((connection) => tidyWithin(connection, projections)).catch((error: unknown) => {
    if (!isLockTimeout(error)) throw error;
  });
}

async function tidyWithin(connection: Queryable, projections: readonly AnyProjection[]): Promise<void> {
  await connection.query(LOCK_TIMEOUT);
  await lockSchema(connection);
  const { rows } = await connection.query<{ line: string }>(`select line from ledger.checkpoints where used_at < now() - ${KEPT_FOR} and lease_until < now()`);
  for (const { line } of rows) await dropGeneration(connection, line);
  for (const projection of projections) if (await isNewest(connection, projection)) await nameVersion(connection, projection);
}

/** Whether this version is at the end of the log, and no higher one that runs is. */
async function isNewest(connection: Queryable, { name, version }: AnyProjection): Promise<boolean> {
  const { rows } = await connection.query<{ newest: number | null }>(
    `select max(version) as newest from ledger.checkpoints where projection = $1 and shown and state = 'live' and used_at > now() - ${GONE_AFTER}`,
    [name],
  );
  return rows[0]?.newest === version;
}
