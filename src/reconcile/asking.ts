/** Requesting a run from the service, which the role `reconcile` works on, and stopping it. */
import { isDeepStrictEqual } from 'node:util';
import type { EventStore } from '../eventstore/event-store.js';
import { SILENT_MS } from './run-at-work.js';
import {
  aboutOf,
  connectedOf,
  hasEnded,
  latestRuns,
  listEndOf,
  readRun,
  stepOf,
  wantRun,
  type Run,
  type WaitingRun,
  type Wanted,
} from './run-log.js';

type AnyRun = Run | WaitingRun;

/** `resumed`: an unfinished backfill continues. `under_way`: a run of its kind must end first. */
export type Asked = Readonly<{ kind: 'wanted' | 'resumed' | 'under_way'; run: AnyRun }>;

const ATTEMPTS_MAX = 20;
/** How many of the latest runs are considered. */
const LOOK_BACK = 200;
/**
 * How long a run may be silent before it counts as abandoned, in ms: twice the usual limit, since the clocks of
 * machines differ.
 */
const GONE_MS = SILENT_MS * 2;

/** Whether a process works on a run or is still to begin it. */
export const isUnderWay = (run: AnyRun, now: Date): boolean =>
  !hasEnded(run) && (run.standing.step === 'wanted' || now.getTime() - run.saidAt.getTime() < GONE_MS);

/**
 * Requests a run from the service; at most one of each kind at a time per key and account. @throws when the store does
 * not accept it
 */
export async function askForRun(store: EventStore, wanted: Wanted, isNew: boolean, now: Date): Promise<Asked> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const listEnd = await listEndOf(store);
    const runs = (await latestRuns(store, { max: LOOK_BACK })).filter((run) => isAlike(aboutOf(run), wanted));
    const underWay = runs.find((run) => isUnderWay(run, now));
    if (underWay !== undefined) return { kind: 'under_way', run: underWay };
    const unfinished = isNew ? null : unfinishedBackfill(runs, wanted.options);
    if (unfinished !== null && wanted.kind === 'backfill') {
      // Earlier crashes no longer count, because a person requested the run again.
      const state = { ...unfinished.standing.state, why: undefined, by: wanted.by, attempts: 0 };
      if (await stepOf(store, unfinished, { step: 'wanted', state })) return { kind: 'resumed', run: unfinished };
      continue;
    }
    const run = await wantRun(store, wanted, listEnd);
    if (run !== null) return { kind: 'wanted', run };
  }
  throw new Error('Too many runs were requested at the same time; this one could not be recorded.');
}

type About = Pick<Wanted, 'kind' | 'key' | 'livemode' | 'options'>;
const isAlike = (one: About, other: About): boolean =>
  one.kind === other.kind &&
  one.key === other.key &&
  one.livemode === other.livemode &&
  connectedOf(one) === connectedOf(other);

/**
 * The last backfill of these runs, if it can be resumed: begun, not finished, and with the requested scope, if one is
 * given.
 */
export function unfinishedBackfill(runs: readonly AnyRun[], options: Wanted['options']): Run | null {
  const last = runs.find((run) => run.started?.kind === 'backfill');
  if (last === undefined || last.started === null || last.standing.step === 'finished') return null;
  const asked = whatOf(options);
  return Object.keys(asked).length === 0 || isDeepStrictEqual(whatOf(last.started.options), asked) ? last : null;
}

/** The options that determine what is read. */
const whatOf = ({ only, with: more, since, dryRun }: Wanted['options']) =>
  Object.fromEntries(
    Object.entries({ only, more, since, dryRun }).filter(([, value]) => value !== undefined && value !== false),
  );

/**
 * Stops a run: at once if no process works on it, else its process stops at its next step. A run that has ended stays
 * as it is; null: no such run.
 */
export async function stopRun(store: EventStore, id: string, by: string, now: Date): Promise<AnyRun | null> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const run = await readRun(store, id);
    if (run === null || hasEnded(run)) return run;
    const { step, state } = run.standing;
    const isWorkedAt = step !== 'wanted' && isUnderWay(run, now);
    if (isWorkedAt && step === 'stopping') return run;
    const { found: _, ...kept } = state;
    const standing = isWorkedAt
      ? ({ step: 'stopping', state: { ...kept, stoppedBy: by } } as const)
      : ({ step: 'stopped', state: { ...kept, why: `It was stopped by ${by}.` } } as const);
    if (await stepOf(store, run, standing)) return { ...run, standing, revision: run.revision + 1n };
  }
  throw new Error('Its process is writing its progress.');
}
