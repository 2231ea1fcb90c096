/**
 * Runs in the log: what was begun, how far it is, what it found. So they survive Postgres, and whoever appends the next step at the
 * expected revision is the one that works: another process that resumes the same run is told so.
 */
import { randomUUID } from 'node:crypto';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn, lastOf, latestOf } from '../eventstore/own-streams.js';
import { readEventAt } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';

export type RunKind = 'backfill' | 'recover' | 'reconcile' | 'money';

type About = Readonly<{
  kind: RunKind;
  /** Of the key, which is of one account. */
  livemode: boolean;
  /** Label of the key. */
  key: string;
  /** What was asked for, as the kind knows it. */
  options: Readonly<Record<string, unknown>>;
}>;

/** What somebody asked the service for. `at`: when, in seconds by the clock of the process that was asked. */
export type Wanted = About & Readonly<{ by: string; at: number }>;

/** What a run is about. Seconds are of Stripe's clock. */
export type Started = About &
  Readonly<{
    /** The key's own account. */
    account: string;
    apiVersion: string;
    /** When it began; what was made later is left to events. */
    at: number;
  }>;

/**
 * How a run stands; `state` is for its kind to know. `wanted`: no process works at it, and one is to. `stopping`: somebody wants it
 * stopped, and its process has not yet. `finished`: nothing is left to do, though `complete` may be false.
 */
export type Standing = Readonly<{
  step: 'wanted' | 'started' | 'checkpoint' | 'stopping' | 'finished' | 'stopped';
  state: Readonly<Record<string, unknown>>;
}>;

type Common = Readonly<{
  id: string;
  standing: Standing;
  revision: bigint;
  /** When its last step was recorded, by the clock of the store. */
  saidAt: Date;
}>;
export type Run = Common & Readonly<{ started: Started }>;
/** One that no process has begun yet. */
export type WaitingRun = Common & Readonly<{ started: null; wanted: Wanted }>;

/** The connected account that a run is of; null: the key's own. */
export const connectedOf = ({ options }: Pick<About, 'options'>): string | null =>
  (options['account'] as string | undefined) ?? null;

export const aboutOf = (run: Run | WaitingRun): Wanted | Started => run.started ?? run.wanted;
export const hasEnded = ({ standing: { step } }: Common): boolean => step === 'finished' || step === 'stopped';

/** Another process works on this run. */
export class RunTaken extends Error {
  readonly code = 'RUN_TAKEN';

  constructor(id: string) {
    super(`The run ${id} is being worked on by another process. Let it go on, or stop it first.`);
  }
}

const LIST = 'ledger-runs';
const PREFIX = 'ledger.run.';
export const streamOfRun = (id: string): string => `ledger-run-${id}`;
const ATTEMPTS_TO_LIST = 20;
const READ_AT_ONCE = 16;

/** Begins a run. @throws when the store does not take it */
export async function beginRun(store: EventStore, started: Started): Promise<Run> {
  const id = randomUUID();
  for (let attempt = 1; ; attempt += 1) {
    if (await listRun(store, { id, ...started }, await listEndOf(store))) break;
    if (attempt === ATTEMPTS_TO_LIST) throw new Error('Many runs begin at one time: none could be listed.');
  }
  await append(store, streamOfRun(id), { type: `${PREFIX}started`, data: started, revision: -1n });
  return { id, started, standing: { step: 'started', state: {} }, revision: 0n, saidAt: new Date() };
}

/** Names a run in the list of all, which ends at this revision; false when it does not. */
const listRun = (
  store: EventStore,
  { id, kind, livemode, key }: Pick<About, 'kind' | 'livemode' | 'key'> & { id: string },
  revision: bigint,
): Promise<boolean> => append(store, LIST, { type: `${PREFIX}listed`, data: { id, kind, livemode, key }, revision });

/**
 * Records that somebody wants a run, where the list of all ends at this revision: null when it does not, so that two that are wanted at
 * one time know of each other.
 */
export async function wantRun(store: EventStore, wanted: Wanted, listEnd: bigint): Promise<WaitingRun | null> {
  const id = randomUUID();
  await append(store, streamOfRun(id), { type: `${PREFIX}wanted`, data: wanted, revision: -1n });
  if (!(await listRun(store, { id, ...wanted }, listEnd))) return null;
  return { id, started: null, wanted, standing: { step: 'wanted', state: {} }, revision: 0n, saidAt: new Date() };
}

/** Where the list of all runs ends; -1n: there are none. */
export const listEndOf = async (store: EventStore): Promise<bigint> => (await lastOf(store, LIST))?.revision ?? -1n;

/** A run as it stands; null when there is none of this id. */
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

/** A run that was wanted is begun by its second event, if it is. */
async function startedOf(store: EventStore, id: string, first: RecordedEvent): Promise<Started | null> {
  if (first.type === `${PREFIX}started`) return first.data as Started;
  const second = await readEventAt(store, streamOfRun(id), 1n);
  return second?.type === `${PREFIX}started` ? (second.data as Started) : null;
}

/** The latest runs, the newest first: those that were listed before a place, else from the end; `without` those that are known. */
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

/** A step of a run at exactly its revision: false when another process, or somebody who wants it stopped, was faster. */
export const stepOf = (
  store: EventStore,
  { id, revision }: Pick<Common, 'id' | 'revision'>,
  { step, state }: Standing,
): Promise<boolean> => append(store, streamOfRun(id), { type: `${PREFIX}${step}`, data: state, revision });

/** Begins a run that was wanted; null when another process was faster. */
export async function startRun(store: EventStore, { id, revision }: WaitingRun, started: Started): Promise<Run | null> {
  if (!(await append(store, streamOfRun(id), { type: `${PREFIX}started`, data: started, revision }))) return null;
  return { id, started, standing: { step: 'started', state: {} }, revision: revision + 1n, saidAt: new Date() };
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
