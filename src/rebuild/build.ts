import type { BuildOutcome } from '../catch-up/catch-up.js';
import { positionOf, type Group } from '../projector/group.js';
import type { Applied } from '../projector/projector.js';
import { LogEndSearch, type LogEnd } from '../eventstore/log-end.js';
import { become } from '../read-models/checkpoints.js';
import { bringTogether, type AppliedBatch, type Followed } from '../catch-up/follower.js';
import { withLeases, type BuildOptions, type Held, type Parts } from './held.js';

/** So many events behind a goal that moves, the goal counts as reached. */
const NEAR_EVENTS = 1_000;

/**
 * Brings generations that are far behind to the end of the log at full speed, all with one read of it, then lets them go: the
 * process that follows the log takes them up. What was written stays, so a build that was killed goes on where it was.
 */
export async function build(parts: Parts, options: BuildOptions): Promise<BuildOutcome> {
  try {
    const logEnd = new LogEndSearch(parts.store);
    const kind = await withLeases(parts, options, async (held) => {
      const chased = await chase(held, () => logEnd.find());
      if (chased.kind !== 'reached') return 'stopped';
      if (!(await become(parts.database, held.checkpoints, 'live'))) throw new Error('Another process has taken over.');
      return 'built';
    });
    return { kind: kind ?? 'busy' };
  } catch (error) {
    return { kind: 'failed', cause: error instanceof Error ? error.message : String(error) };
  }
}

/** Brings checkpoints together, and near to a goal that may move on. A goal that is not known yet is asked for again. */
export async function chase(
  { checkpoints, far, near, projector, pursuit }: Held,
  goal: () => Promise<LogEnd>,
): Promise<Followed> {
  let followed: Followed = await bringTogether(far, checkpoints, pursuit);
  let follow = far;
  for (let events = Infinity; followed.kind === 'reached' && events > NEAR_EVENTS; follow = near) {
    events = 0;
    const applied = (batch: AppliedBatch) => {
      events += batch.events;
      return pursuit.applied(batch);
    };
    const position = await knownGoal(goal, pursuit.signal);
    if (position === null) return { kind: 'stopped', group: followed.group };
    followed = await follow(followed.group, { ...pursuit, applied, until: { position } });
    const { group } = followed;
    if (followed.kind !== 'reached') continue;
    const folded = await projector.workOff(() => group, pursuit.signal, workedOff(pursuit, group));
    if (folded !== 'done') return { kind: folded, group };
  }
  return followed;
}

/** What is folded beside the batches is reported as a batch without events. */
export const workedOff =
  (pursuit: Held['pursuit'], group: Group) =>
  (result: Applied): void => {
    void pursuit.applied({
      events: 0,
      result,
      tookMs: result.longestRefoldMs,
      position: positionOf(group),
      recordedAt: null,
      group,
    });
  };

/** The position of a goal, -1n for an empty log; null when it is to stop before it is known. */
async function knownGoal(goal: () => Promise<LogEnd>, signal: AbortSignal): Promise<bigint | null> {
  while (!signal.aborted) {
    const end = await goal();
    if (end.kind !== 'unknown') return end.kind === 'at' ? end.position : -1n;
  }
  return null;
}
