/**
 * Runs in the log: what was begun, how far it is, what it found. So they survive Postgres, and whoever appends the next checkpoint at
 * the expected revision is the one that works: another process that resumes the same run is told so.
 */
import { randomUUID } from 'node:crypto';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn, lastOf, latestOf } from '../eventstore/own-streams.js';
import { readEventAt } from '../eventstore/read.js';

export type RunKind = 'backfill' | 'recover' | 'reconcile';

/** What a run is about. Seconds are of Stripe's clock. */
export type Started = Readonly<{
  kind: RunKind;
  /** The key's own account, and its mode. */
  account: string;
  livemode: boolean;
  /** Label of the key. */
  key: string;
  apiVersion: string;
  /** When it began; what was made later is left to events. */
  at: number;
  /** What was asked for, as the kind knows it. */
  options: Readonly<Record<string, unknown>>;
}>;

/** How a run stands; `state` is for its kind to know. `finished`: nothing is left to do, though `complete` may be false. */
export type Standing = Readonly<{
  step: 'started' | 'checkpoint' | 'finished' | 'stopped';
  state: Readonly<Record<string, unknown>>;
}>;

export type Run = Readonly<{ id: string; started: Started; standing: Standing; revision: bigint }>;

/** Another process works on this run. */
export class RunTaken extends Error {
  readonly code = 'RUN_TAKEN';

  constructor(id: string) {
    super(`The run ${id} is being worked on by another process. Let it go on, or stop it first.`);
  }
}

const LIST = 'ledger-runs';
export const streamOfRun = (id: string): string => `ledger-run-${id}`;
const ATTEMPTS_TO_LIST = 20;

/** Begins a run. @throws when the store does not take it */
export async function beginRun(store: EventStore, started: Started): Promise<Run> {
  const id = randomUUID();
  const { kind, account, livemode } = started;
  for (let attempt = 1; ; attempt += 1) {
    const revision = (await lastOf(store, LIST))?.revision ?? -1n;
    if (await append(store, LIST, { type: 'ledger.run.listed', data: { id, kind, account, livemode }, revision }))
      break;
    if (attempt === ATTEMPTS_TO_LIST) throw new Error('Many runs begin at one time: none could be listed.');
  }
  await append(store, streamOfRun(id), { type: 'ledger.run.started', data: started, revision: -1n });
  return { id, started, standing: { step: 'started', state: {} }, revision: 0n };
}

/** A run as it stands; null when there is none of this id. */
export async function readRun(store: EventStore, id: string): Promise<Run | null> {
  const first = await readEventAt(store, streamOfRun(id), 0n);
  if (first === null) return null;
  const last = (await lastOf(store, streamOfRun(id))) ?? first;
  const step = last.revision === 0n ? 'started' : (last.type.slice('ledger.run.'.length) as Standing['step']);
  return {
    id,
    started: first.data as Started,
    standing: { step, state: last.revision === 0n ? {} : (last.data as Standing['state']) },
    revision: last.revision,
  };
}

/** The latest runs, the newest first: those that were listed before a place, else from the end. */
export async function latestRuns(
  store: EventStore,
  { before, max }: { before?: bigint | undefined; max: number },
): Promise<readonly (Run & Readonly<{ listedAt: bigint }>)[]> {
  const listed = await latestOf(store, LIST, { before, max });
  const runs = await Promise.all(
    listed.map(async ({ data, revision: listedAt }) => {
      const run = await readRun(store, (data as { id: string }).id);
      return run && { ...run, listedAt };
    }),
  );
  return runs.filter((run) => run !== null);
}

/** The run after a step of its. @throws RunTaken when another process has appended one meanwhile */
export async function stepOf(store: EventStore, run: Run, standing: Standing): Promise<Run> {
  const { id, revision } = run;
  const type = `ledger.run.${standing.step}`;
  if (!(await append(store, streamOfRun(id), { type, data: standing.state, revision }))) throw new RunTaken(id);
  return { ...run, standing, revision: revision + 1n };
}

type Step = Readonly<{ type: string; data: unknown; revision: bigint }>;

/** False when the stream does not end at the revision. @throws when the store does not take it */
export async function append(store: EventStore, stream: string, { type, data, revision }: Step): Promise<boolean> {
  const written = await appendOwn(store, stream, { events: [{ eventId: randomUUID(), type, data }], revision });
  if (written.kind === 'written') return true;
  if (written.kind === 'wrong_expected_revision') return false;
  throw written.kind === 'unavailable' && written.cause instanceof Error
    ? written.cause
    : new Error(`The event store does not take ${type} in ${stream}: ${written.kind}.`);
}
