import type { BuildOutcome } from '../catch-up/catch-up.js';
import { positionOf, type Group } from '../projector/group.js';
import type { Applied } from '../projector/projector.js';
import { LogEndSearch, type LogEnd } from '../eventstore/log-end.js';
import { become } from '../read-models/checkpoints.js';
import { joinCheckpoints, type AppliedBatch, type Followed } from '../catch-up/follower.js';
import { withLeases, type BuildOptions, type Held, type Parts } from './held.js';

/** A moving goal counts as reached within this many events. */
const NEAR_EVENTS = 1_000;

/**
 * Brings generations that are far behind to the end of the log with one read of it, then releases them to the process
 * that follows the log. Progress is kept, so a killed build resumes.
 */
export async function build(parts: Parts, options: BuildOptions): Promise<BuildOutcome> {
  try {
    const logEnd = new LogEndSearch(parts.store);
    const kind = await withLeases(parts, options, async (held) => {
      const followed = await followToGoal(held, () => logEnd.find());
      if (followed.kind !== 'reached') return 'stopped';
      if (!(await become(parts.database, held.checkpoints, 'live'))) throw new Error('Another process has taken over.');
      return 'built';
    });
    return { kind: kind ?? 'busy' };
  } catch (error) {
    return { kind: 'failed', cause: error instanceof Error ? error.message : String(error) };
  }
}

/** Joins checkpoints and brings them close to a goal that may move. Asks again while the goal is unknown. */
export async function followToGoal(
  { checkpoints, far, near, projector, settings }: Held,
  goal: () => Promise<LogEnd>,
): Promise<Followed> {
  let followed: Followed = await joinCheckpoints(far, checkpoints, settings);
  let follow = far;
  for (let events = Infinity; followed.kind === 'reached' && events > NEAR_EVENTS; follow = near) {
    events = 0;
    const applied = (batch: AppliedBatch) => {
      events += batch.events;
      return settings.applied(batch);
    };
    const position = await knownGoal(goal, settings.signal);
    if (position === null) return { kind: 'stopped', group: followed.group };
    followed = await follow(followed.group, { ...settings, applied, until: { position } });
    const { group } = followed;
    if (followed.kind !== 'reached') continue;
    const folded = await projector.workOff(() => group, settings.signal, workedOff(settings, group));
    if (folded !== 'done') return { kind: folded, group };
  }
  return followed;
}

/** Reports folds outside batches as a batch without events. */
export const workedOff =
  (settings: Held['settings'], group: Group) =>
  (result: Applied): void => {
    void settings.applied({
      events: 0,
      result,
      tookMs: result.longestRefoldMs,
      position: positionOf(group),
      recordedAt: null,
      group,
    });
  };

/** Returns the position of a goal, -1n for an empty log; null when `signal` aborts first. */
async function knownGoal(goal: () => Promise<LogEnd>, signal: AbortSignal): Promise<bigint | null> {
  while (!signal.aborted) {
    const end = await goal();
    if (end.kind !== 'unknown') return end.kind === 'at' ? end.position : -1n;
  }
  return null;
}
