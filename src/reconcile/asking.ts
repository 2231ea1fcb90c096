/** What the API asks the service for: a run that the role `reconcile` takes up, and its end. */
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

/** `resumed`: a backfill that was stopped goes on. `under_way`: there is one of its kind, which is to end first. */
export type Asked = Readonly<{ kind: 'wanted' | 'resumed' | 'under_way'; run: AnyRun }>;

const ATTEMPTS_MAX = 20;
/** A run that was listed further back is of no concern. */
const LOOK_BACK = 200;
/** So much longer than a silence lasts, since clocks of machines differ. */
const GONE_MS = SILENT_MS * 2;

/** Whether anybody works at a run, or is to. */
export const isUnderWay = (run: AnyRun, now: Date): boolean =>
  !hasEnded(run) && (run.standing.step === 'wanted' || now.getTime() - run.saidAt.getTime() < GONE_MS);

/** Asks the service for a run; one of a kind for each key and account at a time. @throws when the store does not take it */
export async function askForRun(store: EventStore, wanted: Wanted, isNew: boolean, now: Date): Promise<Asked> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const listEnd = await listEndOf(store);
    const runs = (await latestRuns(store, { max: LOOK_BACK })).filter((run) => isAlike(aboutOf(run), wanted));
    const underWay = runs.find((run) => isUnderWay(run, now));
    if (underWay !== undefined) return { kind: 'under_way', run: underWay };
    const unfinished = isNew ? null : unfinishedBackfill(runs, wanted.options);
    if (unfinished !== null && wanted.kind === 'backfill') {
      // Whoever was killed at it before counts no more: somebody wants it now.
      const state = { ...unfinished.standing.state, why: undefined, by: wanted.by, attempts: 0 };
      if (await stepOf(store, unfinished, { step: 'wanted', state })) return { kind: 'resumed', run: unfinished };
      continue;
    }
    const run = await wantRun(store, wanted, listEnd);
    if (run !== null) return { kind: 'wanted', run };
  }
  throw new Error('Many runs are asked for at one time: this one could not be listed.');
}

type About = Pick<Wanted, 'kind' | 'key' | 'livemode' | 'options'>;
const isAlike = (one: About, other: About): boolean =>
  one.kind === other.kind &&
  one.key === other.key &&
  one.livemode === other.livemode &&
  connectedOf(one) === connectedOf(other);

/** The last of these runs, if it is one to go on with: begun, not finished, and of what is asked for now, if anything is. */
export function unfinishedBackfill(runs: readonly AnyRun[], options: Wanted['options']): Run | null {
  const last = runs.find((run) => run.started?.kind === 'backfill');
  if (last === undefined || last.started === null || last.standing.step === 'finished') return null;
  const asked = whatOf(options);
  return Object.keys(asked).length === 0 || isDeepStrictEqual(whatOf(last.started.options), asked) ? last : null;
}

/** What of the options says what is read. */
const whatOf = ({ only, with: more, since, dryRun }: Wanted['options']) =>
  Object.fromEntries(
    Object.entries({ only, more, since, dryRun }).filter(([, value]) => value !== undefined && value !== false),
  );

/** Stops a run: at once where nobody works at it, else by its process at its next step. What has ended stays so; null: there is none. */
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
  throw new Error('Its process writes its progress meanwhile.');
}
