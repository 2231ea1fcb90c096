import { ErrorType, NO_STREAM } from '@eventstore/db-client';
import { setTimeout as pause } from 'node:timers/promises';
import { failureOf, withTimeout, type EventStore } from './event-store.js';

/** An event on its way into the log. */
export type NewEvent = Readonly<{
  stream: string;
  eventId: string;
  type: string;
  /** The body as delivered. */
  data: Uint8Array;
  metadata: Uint8Array;
  contentHash: string;
  apiVersion: string | null;
}>;

/** Bytes that the store counts against its append limit: data, metadata, and the type as UTF-16. */
export const appendSizeOf = (event: NewEvent): number => event.data.byteLength + event.metadata.byteLength + 2 * event.type.length;

export type WriteOutcome =
  | { readonly kind: 'written'; readonly revision: bigint; readonly position: bigint }
  | { readonly kind: 'wrong_expected_revision' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

/** The store refused an append as too late, though it had just been sent: deadlines are absolute, so its clock is ahead of ours by more than the time limit. */
export class ClockSkew extends Error {
  constructor(timeoutMs: number) {
    super(`The event store calls appends late as soon as they arrive: its clock is ahead of this machine's by more than ${timeoutMs} ms. Set both clocks (NTP).`);
  }
}

const ATTEMPTS_MAX = 3;
/** The store itself gives up on an append after two seconds; an answer that comes sooner than this is about the clock. */
const AT_ONCE_MS = 500;

/**
 * Appends events to one stream at exactly this revision (-1n: a new stream); `revision` and `position`
 * of the answer are the last event's. An unknown outcome (no answer, a cut connection) is asked again
 * with the same ids at the same revision, which EventStoreDB answers from disk: written once, whatever
 * became of the first attempt (decision table, rows 9 to 12).
 */
export async function write(store: EventStore, events: readonly NewEvent[], at: { revision: bigint; timeoutMs: number }): Promise<WriteOutcome> {
  let cause: unknown;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    if (attempt > 1) await pause(attempt * 50 + Math.random() * 100);
    const startedAt = performance.now();
    try {
      return await writeOnce(store, events, at);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'wrong_expected_revision' || failure === 'too_large') return { kind: failure };
      if (failure !== 'unavailable') return { kind: 'unavailable', cause: error };
      const isAtOnce = performance.now() - startedAt < Math.min(AT_ONCE_MS, at.timeoutMs / 2);
      cause = isAtOnce && (error as { type?: string }).type === ErrorType.DEADLINE_EXCEEDED ? new ClockSkew(at.timeoutMs) : error;
    }
  }
  return { kind: 'unavailable', cause };
}

async function writeOnce(store: EventStore, events: readonly NewEvent[], at: { revision: bigint; timeoutMs: number }): Promise<WriteOutcome> {
  const stream = events[0]?.stream;
  if (stream === undefined) throw new Error('An append needs at least one event.');
  const appended = await withTimeout(
    store.appends.appendBytes({
      stream,
      events: events.map(({ eventId, type, data, metadata }) => ({ id: eventId, type, contentType: 'application/json', data, metadata })),
      expectedRevision: at.revision < 0n ? NO_STREAM : at.revision,
      timeoutMs: at.timeoutMs,
    }),
    at.timeoutMs,
    `Appending to ${stream}`,
  );
  if (appended.position === undefined) throw new Error(`The store acknowledged an append to ${stream} without a position.`);
  return { kind: 'written', revision: appended.revision, position: appended.position };
}
