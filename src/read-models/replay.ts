import { setTimeout as pause } from 'node:timers/promises';
import type { Queryable } from './database.js';
import { isReplayWanted, listParked, wantReplay, type Parking, type ParkingFilter } from './parked-streams.js';

/** `replayed`: folded again, nothing is parked any more. `parked_again`: it failed once more. `wanted`: asked for, and not done yet. */
export type Replay = Readonly<{ outcome: 'replayed' | 'parked_again' | 'wanted'; parked: readonly Parking[] }>;

const POLL_MS = 100;
/** So many of the parked streams are told; all are waited for. */
export const TOLD_MAX = 200;

/** Asks for parked streams to be folded again, and waits for whoever moves their lines on; null when none of these is parked. */
export async function replayParked(database: Queryable, filter: Omit<ParkingFilter, 'after'>, waitMs: number): Promise<Replay | null> {
  const deadline = performance.now() + waitMs;
  if ((await wantReplay(database, filter)) === 0) return null;
  for (;;) {
    const isWanted = await isReplayWanted(database, filter);
    if (!isWanted || performance.now() > deadline) {
      const parked = await listParked(database, filter, TOLD_MAX);
      return { outcome: isWanted ? 'wanted' : parked.length === 0 ? 'replayed' : 'parked_again', parked };
    }
    await pause(POLL_MS);
  }
}
