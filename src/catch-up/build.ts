import { lastPosition } from '../eventstore/read.js';
import { become } from '../read-models/lines.js';
import type { AppliedBatch, Followed } from './follower.js';
import { withLines, type BuildOptions, type HeldLines, type Parts } from './held-lines.js';

/** `busy`: another process has one of the lines. `stopped`, `failed`: what was written stays, and is gone on from. */
export type BuildOutcome = Readonly<{ kind: 'built' | 'busy' | 'stopped' }> | Readonly<{ kind: 'failed'; cause: string }>;

/** So many events behind a goal that moves, the goal counts as reached. */
const NEAR_EVENTS = 1_000;

/**
 * Brings lines that are far behind to the end of the log at full speed, all with one read of it, then lets them go: the
 * process that follows the log takes them up. What was written stays, so a build that was killed goes on where it was.
 */
export async function build(parts: Parts, options: BuildOptions): Promise<BuildOutcome> {
  try {
    const kind = await withLines(parts, options, async (held) => {
      const chased = await chase(held, async () => (await lastPosition(parts.store)) ?? -1n);
      if (chased.kind === 'reached') await become(parts.database, held.lines, 'live');
      return chased.kind === 'reached' ? 'built' : 'stopped';
    });
    return { kind: kind ?? 'busy' };
  } catch (error) {
    return { kind: 'failed', cause: error instanceof Error ? error.message : String(error) };
  }
}

/** Brings lines together, and near to a goal that may move on. */
export async function chase({ lines, far, near, pursuit }: HeldLines, goal: () => Promise<bigint>): Promise<Followed> {
  let followed: Followed = await far.bringTogether(lines, pursuit);
  let follower = far;
  for (let events = Infinity; followed.kind === 'reached' && events > NEAR_EVENTS; follower = near) {
    events = 0;
    const applied = (batch: AppliedBatch) => {
      events += batch.events;
      return pursuit.applied(batch);
    };
    followed = await follower.follow(followed.group, { ...pursuit, applied, until: { position: await goal() } });
  }
  return followed;
}
