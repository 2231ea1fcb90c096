import { setTimeout as pause } from 'node:timers/promises';
import type { Queryable } from './database.js';
import { listParked, wantReplay, whichWantReplay, type Parking, type ParkingFilter } from './parked-streams.js';

/** `replayed`: nothing is parked any more. `parked_again`: it failed again. `wanted`: requested, but not done yet. */
export type Replay = Readonly<{ outcome: 'replayed' | 'parked_again' | 'wanted'; parked: readonly Parking[] }>;
/** Selects the parked streams to fold again. */
export type ReplayFilter = Omit<ParkingFilter, 'after'>;

export const REPLAY_POLL_MS = 100;
/** At most this many streams are listed in an answer; the wait covers all. */
export const LISTED_MAX = 200;

/** Requests a replay of parked streams, and waits until it is done or the signal aborts; null when none is parked. */
export async function replayParked(
  database: Queryable,
  filter: ReplayFilter,
  waitMs: number,
  signal?: AbortSignal,
): Promise<Replay | null> {
  const deadline = performance.now() + waitMs;
  if ((await wantReplay(database, filter)) === 0) return null;
  for (;;) {
    const isDone = (await whichWantReplay(database, [filter])).size === 0;
    if (isDone || performance.now() > deadline || signal?.aborted === true) return replayOf(database, filter, isDone);
    await pause(REPLAY_POLL_MS);
  }
}

/** Returns the outcome of a replay, with the streams parked now. */
export async function replayOf(database: Queryable, filter: ReplayFilter, isDone: boolean): Promise<Replay> {
  const parked = await listParked(database, filter, LISTED_MAX);
  return { outcome: !isDone ? 'wanted' : parked.length === 0 ? 'replayed' : 'parked_again', parked };
}
