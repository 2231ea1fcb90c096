/** Decisions about access in the event store: a stream for each customer, read as one feed in the order of the log. */
import { placeIdOf } from '../events/event-id.js';
import type { WriteOutcome } from '../eventstore/append.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToLog } from '../eventstore/log-subscription.js';
import { appendOwn, lastOf, latestOf, readOfTypes } from '../eventstore/own-streams.js';
import { lastRecordOf } from '../eventstore/raw-event.js';
import { readEventAt } from '../eventstore/read.js';
import { recordedEventFrom, type RecordedEvent } from '../eventstore/recorded-event.js';
import type { AccessChange, Decision } from './change.js';

const PREFIX = 'access-';
const CHANGED = 'customer.access_changed';
/** What held when the ledger began to decide: known, and announced to nobody. */
const BASELINE = 'customer.access_baseline';
const ANNOUNCED = '^customer\\.access_changed$';
const DECIDED = '^customer\\.access_(changed|baseline)$';

const streamOf = (customer: string): string => PREFIX + customer;

/** A decision that the log has. */
export type Decided = Readonly<{ customer: string; revision: bigint; position: bigint; decision: Decision }>;

/** Another event of such a type, which somebody may have sent, is in another stream and bears the metadata of a delivery. */
const isDecision = ({ stream, metadata }: RecordedEvent): boolean => stream.startsWith(PREFIX) && metadata === null;

const decidedOf = ({ revision, position, data }: RecordedEvent): Decided => {
  const decision = data as Decision;
  return { customer: decision.customer, revision, position, decision };
};

const changeOf = ({ eventId, position, data }: RecordedEvent): AccessChange => ({
  id: eventId,
  type: CHANGED,
  position: String(position),
  ...(data as Decision),
});

/** Appends a decision at the place after the last one that is known; the same place has the same id, whoever decides. */
export function record(
  store: EventStore,
  decision: Decision,
  { isBaseline }: { isBaseline: boolean },
): Promise<WriteOutcome> {
  const stream = streamOf(decision.customer);
  const revision = BigInt(decision.revision);
  return appendOwn(store, stream, {
    events: [{ eventId: placeIdOf(stream, revision), type: isBaseline ? BASELINE : CHANGED, data: decision }],
    revision: revision - 1n,
  });
}

/** Decisions after a position, baselines too; `scannedTo` is up to where the log was looked at. */
export async function readDecisions(
  store: EventStore,
  { after, max }: { after: bigint | null; max: number },
): Promise<{ decisions: Decided[]; scannedTo: bigint | null }> {
  const { events, scannedTo } = await scan(store, { types: DECIDED, after, max });
  return { decisions: events.filter(isDecision).map(decidedOf), scannedTo };
}

/** A page of the feed, and the position to ask after next. */
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
  // Read first: what comes meanwhile is for the next page.
  const end = (await lastRecordOf(store))?.position ?? null;
  const events = await readOfTypes(store, { types, after, max });
  const last = events.at(-1)?.position ?? after;
  return { events, scannedTo: events.length === max || end === null || (last ?? -1n) > end ? last : end };
}

/** Changes after a position as they come, until the signal aborts. */
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

/** The decisions about a customer, the newest first. `isBaseline`: what held when the ledger began to decide. */
export async function historyOf(
  store: EventStore,
  customer: string,
  page: { before?: bigint | undefined; max: number },
): Promise<(AccessChange & { isBaseline: boolean })[]> {
  const events = await latestOf(store, streamOf(customer), page);
  return events.filter(isDecision).map((event) => ({ ...changeOf(event), isBaseline: event.type === BASELINE }));
}

/** One change by its customer and revision; null when it is gone. */
export async function readChange(store: EventStore, customer: string, revision: bigint): Promise<AccessChange | null> {
  const event = await readEventAt(store, streamOf(customer), revision);
  return event === null ? null : changeOf(event);
}

/** Says that all that held before deciding began is recorded. Without it a ledger is at its first start. */
const BEGUN = 'access_begun';

export const hasBegun = async (store: EventStore): Promise<boolean> => (await lastOf(store, BEGUN)) !== null;

export async function begin(store: EventStore, at: Date): Promise<void> {
  await appendOwn(store, BEGUN, {
    events: [{ eventId: placeIdOf(BEGUN, 0n), type: 'access-begun', data: { at: at.toISOString() } }],
    revision: -1n,
  });
}

/** Somebody lets changes go that are held: all of these holds. */
export type Approval = Readonly<{ holds: readonly string[]; by: string; at: string }>;
const APPROVALS = 'access_approvals';
const APPROVALS_READ = 20;

export async function readApprovals(store: EventStore): Promise<Approval[]> {
  const events = await latestOf(store, APPROVALS, { max: APPROVALS_READ });
  return events.map(({ data }) => data as Approval);
}

const APPEND_ATTEMPTS_MAX = 10;

/** @throws Error when the store does not take it */
export async function approve(store: EventStore, approval: Approval): Promise<void> {
  let outcome: WriteOutcome['kind'] = 'unavailable';
  for (let attempt = 1; attempt <= APPEND_ATTEMPTS_MAX; attempt += 1) {
    const revision = (await lastOf(store, APPROVALS))?.revision ?? -1n;
    const event = { eventId: crypto.randomUUID(), type: 'access-approved', data: approval };
    ({ kind: outcome } = await appendOwn(store, APPROVALS, { events: [event], revision }));
    if (outcome === 'written') return;
    if (outcome !== 'wrong_expected_revision') break;
  }
  throw new Error(`The approval was not written: ${outcome}.`);
}
