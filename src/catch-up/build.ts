import type { AnyProjection } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import { nameOfLog } from '../eventstore/log-name.js';
import { lastPosition } from '../eventstore/read.js';
import type { Database } from '../read-models/database.js';
import { acquire, become, release } from '../read-models/lines.js';
import { Follower, type FollowOptions } from './follower.js';
import { keepLease } from './lease.js';
import { checkLog } from './log-check.js';
import { Projector } from './projector.js';

export type BuildOptions = Readonly<{
  /** Names of the lines to bring to the end of the log. */
  lines: readonly string[];
  projections: readonly AnyProjection[];
  owner: string;
  signal: AbortSignal;
  applied: FollowOptions['applied'];
}>;

/** `busy`: another process has one of the lines. `stopped` and `lost`, to another owner: what was written stays. */
export type BuildOutcome = Readonly<{ kind: 'built' | 'busy' | 'stopped' | 'lost' }> | Readonly<{ kind: 'failed'; cause: string }>;

const BATCH_EVENTS_MAX = 2_000;
/** So many events behind a log that grows, a line is handed to who follows it. */
const NEAR_EVENTS = 1_000;
const NAME_WITHIN_MS = 5_000;

/** As `buildLines`, with a failure of store or database as an outcome. */
export async function build(store: EventStore, database: Database, options: BuildOptions): Promise<BuildOutcome> {
  try {
    return await buildLines(store, database, options);
  } catch (error) {
    return { kind: 'failed', cause: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Brings lines that are far behind to the end of the log at full speed, all with one read of it, then lets them go: the
 * process that follows the log takes them up. What was written stays, so a build that was killed goes on where it was.
 */
async function buildLines(store: EventStore, database: Database, options: BuildOptions): Promise<BuildOutcome> {
  const { lines: names, projections, owner } = options;
  const lines = await acquire(database, owner, { lines: names, follows: projections });
  try {
    if (lines.length < names.length) return { kind: 'busy' };
    const logName = await nameOfLog(store, NAME_WITHIN_MS);
    await checkLog(store, logName, lines);
    const lease = keepLease(database, lines);
    try {
      const follower = new Follower(store, new Projector(store, database, projections));
      const kind = await bringToEnd({ store, follower }, { lines, logName, batchEventsMax: BATCH_EVENTS_MAX, signal: AbortSignal.any([options.signal, lease.lost]), applied: options.applied });
      if (kind === 'reached') await become(database, lines, 'live');
      return { kind: kind === 'reached' ? 'built' : lease.lost.aborted ? 'lost' : kind };
    } finally {
      lease.end();
    }
  } finally {
    await release(database, owner);
  }
}

type Pursuit = Omit<FollowOptions, 'until' | 'eventsMax'> & Parameters<Follower['bringTogether']>[1] & { lines: Parameters<Follower['bringTogether']>[0] };

async function bringToEnd({ store, follower }: { store: EventStore; follower: Follower }, { lines, ...pursuit }: Pursuit): Promise<'reached' | 'stopped' | 'lost'> {
  let followed: Awaited<ReturnType<Follower['follow']>> = await follower.bringTogether(lines, pursuit);
  for (let events = Infinity; followed.kind === 'reached' && events > NEAR_EVENTS; ) {
    const end = await lastPosition(store);
    if (end === null) break;
    events = 0;
    const applied: FollowOptions['applied'] = (count, result, tookMs) => {
      events += count;
      return pursuit.applied(count, result, tookMs);
    };
    followed = await follower.follow(followed.group, { ...pursuit, applied, until: { position: end } });
  }
  return followed.kind === 'exhausted' ? 'stopped' : followed.kind;
}
