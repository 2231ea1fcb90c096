import type { Database } from '../read-models/database.js';
import { renew, type Checkpoint } from '../read-models/checkpoints.js';
import { repeat } from './repeating.js';

const RENEW_EVERY_MS = 2_000;
/** A lease lasts ten seconds. */
const GIVE_UP_AFTER_MS = 7_000;

/** A kept lease: the right to move checkpoints while working on them. */
export type Lease = Readonly<{
  /**
   * Aborts when another owner has taken a checkpoint, or Postgres does not answer; its reason is an error that explains
   * it.
   */
  lost: AbortSignal;
  readonly end: () => Promise<void>;
}>;

/** Keeps renewing the leases of this process's checkpoints. */
export function keepLease(database: Database, checkpoints: readonly Checkpoint[]): Lease {
  const losing = new AbortController();
  const lose = (reason: unknown) => losing.abort(reason);
  let renewedAt = performance.now();
  const work = async () => {
    if (!(await renew(database, checkpoints))) lose(new Error('Another process has taken over.'));
    renewedAt = performance.now();
  };
  // One failure is harmless: the next renewal comes before the lease expires.
  const failed = (error: unknown) => {
    if (performance.now() - renewedAt > GIVE_UP_AFTER_MS) lose(error);
  };
  return { lost: losing.signal, end: repeat(RENEW_EVERY_MS, { work, failed }).end };
}
