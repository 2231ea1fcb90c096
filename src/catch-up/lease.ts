import type { Database } from '../read-models/database.js';
import { renew, type Checkpoint } from '../read-models/checkpoints.js';
import { repeat } from './repeating.js';

const RENEW_EVERY_MS = 2_000;
/** A lease lasts ten seconds. */
const GIVE_UP_AFTER_MS = 7_000;

/** The right to move checkpoints, kept while work on them goes on. */
export type Lease = Readonly<{
  /** Aborts when another owner has taken a checkpoint over, or Postgres does not answer; its reason is an error that says so. */
  lost: AbortSignal;
  readonly end: () => Promise<void>;
}>;

/** Renews the leases of checkpoints that this process has. */
export function keepLease(database: Database, checkpoints: readonly Checkpoint[]): Lease {
  const losing = new AbortController();
  const lose = (reason: unknown) => losing.abort(reason);
  let renewedAt = performance.now();
  const work = async () => {
    if (!(await renew(database, checkpoints))) lose(new Error('Another process has taken over.'));
    renewedAt = performance.now();
  };
  // One failure takes nothing: the next renewal comes before the lease is over.
  const failed = (error: unknown) => {
    if (performance.now() - renewedAt > GIVE_UP_AFTER_MS) lose(error);
  };
  return { lost: losing.signal, end: repeat(RENEW_EVERY_MS, { work, failed }).end };
}
