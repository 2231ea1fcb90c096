/** Decisions about access in the event store: one stream per customer, read as one feed in log order. */
import { placeIdOf } from '../events/event-id.js';
import type { WriteOutcome } from '../eventstore/append.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToLog } from '../eventstore/log-subscription.js';
import { appendOwn, lastOf, latestOf, readOfTypes } from '../eventstore/own-streams.js';
import { lastRecordOf } from '../eventstore/raw-event.js';
import { readEventAt } from '../eventstore/read.js';
import { recordedEventFrom, type RecordedEvent } from '../eventstore/recorded-event.js';
import type { AccessChange, Decision, Rejection } from './change.js';

const PREFIX = 'access-';
const CHANGED = 'customer.access_changed';
/** The state when the ledger began to decide: recorded, but not announced. */
const BASELINE = 'customer.access_baseline';
/** A held decision that was rejected: the previous decision stays in force. */
const REJECTED = 'customer.access_rejected';
const ANNOUNCED = '^customer\\.access_changed$';
const DECIDED = '^customer\\.access_(changed|baseline|rejected)$';

const streamOf = (customer: string): string => PREFIX + customer;

/** A recorded decision. */
export type Decided = Readonly<{
  customer: string;
  revision: bigint;
  position: bigint;
  decision: Decision;
  isRejected: boolean;
}>;

/**
 * Whether an event is a decision. An event of such a type sent by webhook is in another stream and has delivery
 * metadata.
 */
const isDecision = ({ stream, metadata }: RecordedEvent): boolean => stream.startsWith(PREFIX) && metadata === null;

const decidedOf = ({ revision, position, data, type }: RecordedEvent): Decided => {
  const decision = data as Decision;
  return { customer: decision.customer, revision, position, decision, isRejected: type === REJECTED };
};

const changeOf = ({ eventId, position, data }: RecordedEvent): AccessChange => ({
  id: eventId,
  type: CHANGED,
  position: String(position),
  ...(data as Decision),
});

/** The kind of a recorded decision: a change, the state when deciding began, or a rejection. */
export type RecordedAs = 'change' | 'baseline' | Rejection;

/** Appends a decision after the last known one. Every process gives one place the same event id. */
export function record(store: EventStore, decision: Decision, as: RecordedAs): Promise<WriteOutcome> {
  const stream = streamOf(decision.customer);
  const revision = BigInt(decision.revision);
  const type = as === 'change' ? CHANGED : as === 'baseline' ? BASELINE : REJECTED;
  const data = typeof as === 'string' ? decision : { ...decision, rejected: as };
  return appendOwn(store, stream, {
    events: [{ eventId: placeIdOf(stream, revision), type, data }],
    revision: revision - 1n,
  });
}

/** Reads decisions after a position, including baselines; `scannedTo` is the position up to which the log was read. */
export async function readDecisions(
  store: EventStore,
  { after, max }: { after: bigint | null; max: number },
): Promise<{ decisions: Decided[]; scannedTo: bigint | null }> {
  const { events, scannedTo } = await scan(store, { types: DECIDED, after, max });
  return { decisions: events.filter(isDecision).map(decidedOf), scannedTo };
}

/** Reads a page of the feed, and the position to continue after. */
export async function readChanges(
  store: EventStore,
  { after, max }: { after: bigint | null; max: number },
): Promise<{ changes: AccessChange[]; scannedTo: bigint | null }> {
  const { events, scannedTo } = await scan(store, { types: ANNOUNCED, after, max });
  return { changes: events.filter(isDecision).map(changeOf), scannedTo };
}

async function scan(
  store: EventStore,
  { types, after, max }: { types: string; after: bigint | null; max: number },
): Promise<{ events: RecordedEvent[]; scannedTo: bigint | null }> {
  // Read first: later events belong to the next page.
  const end = (await lastRecordOf(store))?.position ?? null;
  const events = await readOfTypes(store, { types, after, max });
  const last = events.at(-1)?.position ?? after;
  return { events, scannedTo: events.length === max || end === null || (last ?? -1n) > end ? last : end };
}

/** Yields changes after a position as they arrive, until the signal aborts. */
export async function* followChanges(
  store: EventStore,
  { after, signal }: { after: bigint | null; signal: AbortSignal },
): AsyncGenerator<AccessChange> {
  for await (const batch of subscribeToLog(store, { after, signal, types: ANNOUNCED }))
    for (const { event } of batch) {
      const recorded = recordedEventFrom(event);
      if (isDecision(recorded)) yield changeOf(recorded);
    }
}

/**
 * A decision in a customer's history. `isBaseline`: the state when the ledger began to decide. `rejected`: it never
 * took effect.
 */
export type PastDecision = Omit<AccessChange, 'type'> &
  Readonly<{ type: typeof CHANGED | typeof REJECTED; isBaseline: boolean; rejected: Rejection | null }>;

/** Reads the decisions about a customer, newest first. */
export async function historyOf(
  store: EventStore,
  customer: string,
  page: { before?: bigint | undefined; max: number },
): Promise<PastDecision[]> {
  const events = await latestOf(store, streamOf(customer), page);
  return events.filter(isDecision).map((event) => ({
    rejected: null,
    ...changeOf(event),
    type: event.type === REJECTED ? REJECTED : CHANGED,
    isBaseline: event.type === BASELINE,
  }));
}

/** Reads a change by customer and revision; null when it was deleted. */
export async function readChange(store: EventStore, customer: string, revision: bigint): Promise<AccessChange | null> {
  const event = await readEventAt(store, streamOf(customer), revision);
  return event === null ? null : changeOf(event);
}

/** The event that marks the baseline as recorded. Without it the ledger is at its first start. */
const BEGUN = 'access_begun';

export const hasBegun = async (store: EventStore): Promise<boolean> => (await lastOf(store, BEGUN)) !== null;

export async function begin(store: EventStore, at: Date): Promise<void> {
  await appendOwn(store, BEGUN, {
    events: [{ eventId: placeIdOf(BEGUN, 0n), type: 'access-begun', data: { at: at.toISOString() } }],
    revision: -1n,
  });
}

/** The approval of all changes of these holds, or with `why` their rejection. */
export type Verdict = Readonly<{ holds: readonly string[]; by: string; at: string; why: string | null }>;
const VERDICTS = 'access_approvals';
const APPROVED = 'access-approved';
const VERDICTS_READ = 20;

/** Reads the first verdict on each hold: an approval cannot be revoked halfway. */
export async function readVerdicts(store: EventStore): Promise<ReadonlyMap<string, RecordedAs>> {
  const events = await latestOf(store, VERDICTS, { max: VERDICTS_READ });
  return new Map(
    events.flatMap(({ type, data }) => {
      const { holds, by, at, why } = data as Verdict;
      const as: RecordedAs = type === APPROVED ? 'change' : { by, at, why: why ?? '' };
      return holds.map((hold) => [hold, as] as const);
    }),
  );
}

const APPEND_ATTEMPTS_MAX = 10;

/** Records an approval, or with `why` a rejection. @throws Error when the store refuses it */
export async function giveVerdict(store: EventStore, { why, ...verdict }: Verdict): Promise<void> {
  let outcome: WriteOutcome['kind'] = 'unavailable';
  const event =
    why === null ? { type: APPROVED, data: verdict } : { type: 'access-rejected', data: { ...verdict, why } };
  for (let attempt = 1; attempt <= APPEND_ATTEMPTS_MAX; attempt += 1) {
    const revision = (await lastOf(store, VERDICTS))?.revision ?? -1n;
    const events = [{ eventId: crypto.randomUUID(), ...event }];
    ({ kind: outcome } = await appendOwn(store, VERDICTS, { events, revision }));
    if (outcome === 'written') return;
    if (outcome !== 'wrong_expected_revision') break;
  }
  throw new Error(`The verdict was not written: ${outcome}.`);
}
