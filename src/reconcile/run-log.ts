/**
 * Runs in the log: what was begun, how far it is, what it found. So runs survive the loss of Postgres, and the process
 * that appends the next step at the expected revision holds the run; another that resumes it gets `RunTaken`.
 */
import { randomUUID } from 'node:crypto';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn, lastOf, latestOf } from '../eventstore/own-streams.js';
import { readEventAt } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';

export type RunKind = 'backfill' | 'recover' | 'reconcile' | 'money';

type About = Readonly<{
  kind: RunKind;
  /** The mode of the key, which belongs to one account. */
  livemode: boolean;
  /** Label of the key. */
  key: string;
  /** The requested options, specific to the kind. */
  options: Readonly<Record<string, unknown>>;
}>;

/** A run requested from the service. `at`: when, in seconds by the clock of the process that received the request. */
export type Wanted = About & Readonly<{ by: string; at: number }>;

/** What a run is about. Seconds are of Stripe's clock. */
export type Started = About &
  Readonly<{
    /** The account of the run: the key's own, or a connected one. */
    account: string;
    apiVersion: string;
    /** When it began; events cover what was created later. */
    at: number;
  }>;

/**
 * The state of a run; `state` is specific to its kind. `wanted`: no process works on it, and one should. `stopping`:
 * someone wants it stopped, and its process has not stopped yet. `finished`: nothing is left to do.
 */
export type Standing = Readonly<{
  step: 'wanted' | 'started' | 'checkpoint' | 'stopping' | 'finished' | 'stopped';
  state: Readonly<Record<string, unknown>>;
}>;

type Common = Readonly<{
  id: string;
  standing: Standing;
  revision: bigint;
  /** When its last step was recorded, by the store's clock. */
  saidAt: Date;
}>;
export type Run = Common & Readonly<{ started: Started }>;
/** A run that no process has begun yet. */
export type WaitingRun = Common & Readonly<{ started: null; wanted: Wanted }>;

/** The connected account of a run; null: the key's own account. */
export const connectedOf = ({ options }: Pick<About, 'options'>): string | null =>
  (options['account'] as string | undefined) ?? null;

export const aboutOf = (run: Run | WaitingRun): Wanted | Started => run.started ?? run.wanted;
export const hasEnded = ({ standing: { step } }: Common): boolean => step === 'finished' || step === 'stopped';

/** Another process works on this run. */
export class RunTaken extends Error {
  readonly code = 'RUN_TAKEN';

  constructor(id: string) {
    super(`Another process is working on run ${id}. Let it continue, or stop it first.`);
  }
}

const LIST = 'ledger-runs';
const PREFIX = 'ledger.run.';
export const streamOfRun = (id: string): string => `ledger-run-${id}`;
const ATTEMPTS_TO_LIST = 20;
const READ_AT_ONCE = 16;

/** Begins a run. @throws when the store does not accept it */
export async function beginRun(store: EventStore, started: Started): Promise<Run> {
  const id = randomUUID();
  for (let attempt = 1; ; attempt += 1) {
    if (await listRun(store, { id, ...started }, await listEndOf(store))) break;
    if (attempt === ATTEMPTS_TO_LIST)
      throw new Error('Too many runs are starting at the same time; this one could not be recorded.');
  }
  await append(store, streamOfRun(id), { type: `${PREFIX}started`, data: started, revision: -1n });
  return { id, started, standing: { step: 'started', state: {} }, revision: 0n, saidAt: new Date() };
}

/** Appends a run to the list of all runs, which ends at `revision`; false when it does not. */
const listRun = (
  store: EventStore,
  { id, kind, livemode, key }: Pick<About, 'kind' | 'livemode' | 'key'> & { id: string },
  revision: bigint,
): Promise<boolean> => append(store, LIST, { type: `${PREFIX}listed`, data: { id, kind, livemode, key }, revision });

/**
 * Records that a run is wanted, if the list of all runs ends at `listEnd`; null when it does not, so that of two
 * simultaneous requests each sees the other.
 */
export async function wantRun(store: EventStore, wanted: Wanted, listEnd: bigint): Promise<WaitingRun | null> {
  const id = randomUUID();
  await append(store, streamOfRun(id), { type: `${PREFIX}wanted`, data: wanted, revision: -1n });
  if (!(await listRun(store, { id, ...wanted }, listEnd))) return null;
  return { id, started: null, wanted, standing: { step: 'wanted', state: {} }, revision: 0n, saidAt: new Date() };
}

/** The revision at which the list of all runs ends; -1n: there are none. */
export const listEndOf = async (store: EventStore): Promise<bigint> => (await lastOf(store, LIST))?.revision ?? -1n;

/** The current state of a run; null when none has this id. */
export async function readRun(store: EventStore, id: string): Promise<Run | WaitingRun | null> {
  const first = await readEventAt(store, streamOfRun(id), 0n);
  if (first === null) return null;
  const last = (await lastOf(store, streamOfRun(id))) ?? first;
  const step = last.type.slice(PREFIX.length) as Standing['step'];
  const isAbout = last.type === `${PREFIX}started` || last.revision === 0n;
  const asked = first.type === `${PREFIX}wanted` ? { by: (first.data as Wanted).by } : {};
  const common = {
    id,
    standing: { step, state: isAbout ? asked : (last.data as Standing['state']) },
    revision: last.revision,
    saidAt: last.recordedAt,
  };
  const started = await startedOf(store, id, first);
  return started === null ? { ...common, started, wanted: first.data as Wanted } : { ...common, started };
}

/** How a run began; null when it has not. A wanted run begins with its second event. */
async function startedOf(store: EventStore, id: string, first: RecordedEvent): Promise<Started | null> {
  if (first.type === `${PREFIX}started`) return first.data as Started;
  const second = await readEventAt(store, streamOfRun(id), 1n);
  return second?.type === `${PREFIX}started` ? (second.data as Started) : null;
}

/**
 * The latest runs, newest first, before the list revision `before` or from the end; leaves out the ids in `without`.
 */
export async function latestRuns(
  store: EventStore,
  { before, max, without }: { before?: bigint | undefined; max: number; without?: ReadonlySet<string> },
): Promise<readonly ((Run | WaitingRun) & Readonly<{ listedAt: bigint }>)[]> {
  const listed = await latestOf(store, LIST, { before, max });
  const wanted = listed.flatMap(({ data, revision: listedAt }) => {
    const { id } = data as { id: string };
    return without?.has(id) === true ? [] : [{ id, listedAt }];
  });
  const runs: ((Run | WaitingRun) & { listedAt: bigint })[] = [];
  for (let at = 0; at < wanted.length; at += READ_AT_ONCE) {
    const some = wanted.slice(at, at + READ_AT_ONCE);
    const read = await Promise.all(some.map(async ({ id, listedAt }) => ({ run: await readRun(store, id), listedAt })));
    runs.push(...read.flatMap(({ run, listedAt }) => (run === null ? [] : [{ ...run, listedAt }])));
  }
  return runs;
}

/** Appends a step of a run at exactly its revision; false when another process, or a request to stop, was faster. */
export const stepOf = (
  store: EventStore,
  { id, revision }: Pick<Common, 'id' | 'revision'>,
  { step, state }: Standing,
): Promise<boolean> => append(store, streamOfRun(id), { type: `${PREFIX}${step}`, data: state, revision });

/** Begins a wanted run; null when another process was faster. */
export async function startRun(store: EventStore, { id, revision }: WaitingRun, started: Started): Promise<Run | null> {
  if (!(await append(store, streamOfRun(id), { type: `${PREFIX}started`, data: started, revision }))) return null;
  return { id, started, standing: { step: 'started', state: {} }, revision: revision + 1n, saidAt: new Date() };
}

type Step = Readonly<{ type: string; data: unknown; revision: bigint }>;

/** Appends one event; false when the stream does not end at `revision`. @throws when the store does not accept it */
export async function append(store: EventStore, stream: string, { type, data, revision }: Step): Promise<boolean> {
  const written = await appendOwn(store, stream, { events: [{ eventId: randomUUID(), type, data }], revision });
  if (written.kind === 'written') return true;
  if (written.kind === 'wrong_expected_revision') return false;
  throw written.kind === 'unavailable' && written.cause instanceof Error
    ? written.cause
    : new Error(`The event store does not accept ${type} in ${stream}: ${written.kind}.`);
}
