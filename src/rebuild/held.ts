import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { kindsOf, type AnyProjection } from '../../projections/projection.js';
import type { Deriver } from '../deriving/deriver.js';
import type { EventStore } from '../eventstore/event-store.js';
import { nameOfLog } from '../eventstore/log-name.js';
import type { Database } from '../read-models/database.js';
import { acquire, release, type Checkpoint } from '../read-models/checkpoints.js';
import { Follower, type Follow, type FollowSettings } from '../catch-up/follower.js';
import { keepLease } from '../catch-up/lease.js';
import { checkLog } from '../catch-up/log-check.js';
import { readHere } from '../catch-up/log-reading.js';
import { readModelsIn } from '../projector/postgres-read-models.js';
import { Projector } from '../projector/projector.js';
import { eventReader } from '../projector/stream-reading.js';
import { followInShards } from './shards.js';

/** The dependencies of work on checkpoints. `workers`: threads for long distances; 1 starts no thread. */
export type Parts = Readonly<{
  store: EventStore;
  database: Database;
  projections: readonly AnyProjection[];
  deriver: Deriver;
  workers?: number;
}>;

/**
 * Leased checkpoints and two ways to move them: `far` for long distances, in threads that take some tenths of a second
 * to start; `near` for the last steps.
 */
export type Held = Readonly<{
  checkpoints: readonly Checkpoint[];
  far: Follow;
  near: Follow;
  projector: Projector;
  settings: FollowSettings & { logName: string };
}>;

export type BuildOptions = Readonly<{ generations: readonly string[] }> & Pick<FollowSettings, 'signal' | 'applied'>;

const BATCH_MAX = { events: 4_000, bytes: 64 * 1024 * 1024 };
const NAME_WITHIN_MS = 5_000;
/** One core is left for reading, the store and Postgres: on two cores, two workers are slower than one. */
const WORKERS = Math.max(1, Math.min(availableParallelism() - 1, 4));

/** Leases checkpoints, runs `work` on them, and releases them; null when another process holds one of them. */
export async function withLeases<T>(
  { store, database, projections, deriver, workers = WORKERS }: Parts,
  options: BuildOptions,
  work: (held: Held) => Promise<T>,
): Promise<T | null> {
  const owner = randomUUID();
  const checkpoints = await acquire(database, owner, { names: options.generations, follows: deriver.models });
  try {
    if (checkpoints.length < options.generations.length) return null;
    const logName = await nameOfLog(store, NAME_WITHIN_MS);
    await checkLog({ store, database }, logName, checkpoints);
    const lease = keepLease(database, checkpoints);
    try {
      const signal = AbortSignal.any([options.signal, lease.lost]);
      const projector = new Projector({
        reader: eventReader(store, projections),
        models: readModelsIn(database, deriver),
        projections,
      });
      const kinds = kindsOf(projections);
      const near = new Follower(readHere(store, kinds), projector).follow;
      const far = workers === 1 ? near : followInShards({ store, database }, workers);
      const done = await work({
        checkpoints,
        far,
        near,
        projector,
        settings: { logName, batchMax: BATCH_MAX, signal, applied: options.applied },
      });
      lease.lost.throwIfAborted();
      return done;
    } finally {
      void lease.end();
    }
  } finally {
    await release(database, owner);
  }
}
