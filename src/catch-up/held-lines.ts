import { randomUUID } from 'node:crypto';
import { kindsOf, type AnyProjection } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import { nameOfLog } from '../eventstore/log-name.js';
import type { Database } from '../read-models/database.js';
import { acquire, release, type Line } from '../read-models/lines.js';
import { Follower, type Pursuit } from './follower.js';
import { keepLease } from './lease.js';
import { checkLog } from './log-check.js';
import { readHere, readInThread } from './log-reading.js';
import { Projector } from './projector.js';

/** What work on lines needs. */
export type Parts = Readonly<{ store: EventStore; database: Database; projections: readonly AnyProjection[] }>;

/**
 * Lines that this work has for itself, and the means to move them: `far` for a long way, which it reads in a thread that takes
 * a few tenths of a second to start, `near` for the last steps.
 */
export type HeldLines = Readonly<{ lines: readonly Line[]; far: Follower; near: Follower; pursuit: Pursuit & { logName: string } }>;

export type BuildOptions = Readonly<{ lines: readonly string[] }> & Pick<Pursuit, 'signal' | 'applied'>;

const BATCH_MAX = { events: 4_000, bytes: 64 * 1024 * 1024 };
const NAME_WITHIN_MS = 5_000;

/** Takes lines that nobody has, works on them, and lets them go; null when another process has one of them. */
export async function withLines<T>({ store, database, projections }: Parts, options: BuildOptions, work: (held: HeldLines) => Promise<T>): Promise<T | null> {
  const owner = randomUUID();
  const lines = await acquire(database, owner, { lines: options.lines, follows: projections });
  try {
    if (lines.length < options.lines.length) return null;
    const logName = await nameOfLog(store, NAME_WITHIN_MS);
    await checkLog({ store, database }, logName, lines);
    const lease = keepLease(database, lines);
    try {
      const signal = AbortSignal.any([options.signal, lease.lost]);
      const projector = new Projector(store, database, projections);
      const kinds = kindsOf(projections);
      const far = new Follower(readInThread(store, kinds), projector);
      const near = new Follower(readHere(store, kinds), projector);
      const done = await work({ lines, far, near, pursuit: { logName, batchMax: BATCH_MAX, signal, applied: options.applied } });
      lease.lost.throwIfAborted();
      return done;
    } finally {
      lease.end();
    }
  } finally {
    await release(database, owner);
  }
}
