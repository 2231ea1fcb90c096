import { ErrorType, NO_STREAM } from '@eventstore/db-client';
import { setTimeout as pause } from 'node:timers/promises';
import { failureOf, withTimeout, type EventStore } from './event-store.js';
import type { Source } from './event-metadata.js';
import { readStream } from './read.js';
import type { RecordedEvent } from './recorded-event.js';

/** An event to be appended to the log. */
export type NewEvent = Readonly<{
  stream: string;
  eventId: string;
  type: string;
  /** The body as delivered. */
  data: Uint8Array;
  metadata: Uint8Array;
  contentHash: string;
  /** Returns the hash that the body would have with this account, or without one. */
  contentHashFor: (account: string | null) => string;
  apiVersion: string | null;
  account: string | null;
  source: Source;
  /**
   * The decision to append depends on the stream up to this revision (-1n: no stream), so the event is appended exactly
   * there or not at all. Absent: at the end of the stream.
   */
  at?: bigint;
}>;

/** The parts of an event that are sent to the store. */
type EventToWrite = Pick<NewEvent, 'stream' | 'eventId' | 'type' | 'data' | 'metadata'>;

/** The bytes that the store counts against its append limit: data, metadata, and the type as UTF-16. */
export const appendSizeOf = (event: NewEvent): number =>
  event.data.byteLength + event.metadata.byteLength + 2 * event.type.length;

export type WriteOutcome =
  /** Of the last event; `position` is null where the store does not report it, as for a hidden repeat. */
  | { readonly kind: 'written'; readonly revision: bigint; readonly position: bigint | null }
  /** `actual`: revision of the stream's last event; -1n for none, null when the store did not report it. */
  | { readonly kind: 'wrong_expected_revision'; readonly actual: bigint | null }
  /** `limitBytes`: the store's limit; null when it did not report one. */
  | { readonly kind: 'too_large'; readonly limitBytes: number | null }
  /** The stream is tombstoned. */
  | { readonly kind: 'stream_deleted' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

/**
 * The store refused an append as too late though it had just been sent. Deadlines are absolute, so its clock is ahead
 * of ours by more than the time limit.
 */
export class ClockSkew extends Error {
  constructor(timeoutMs: number) {
    super(
      `The event store rejects appends as too late when they arrive: its clock is more than ${timeoutMs} ms ahead of this machine's. Synchronize both clocks (NTP).`,
    );
  }
}

const ATTEMPTS_MAX = 3;
/** The store itself times out appends after 2 s; a refusal sooner than this is about the clock. */
const AT_ONCE_MS = 500;
/** EventStoreDB drops a repeat of an append still being committed, without an answer: then the log is read instead. */
const LOOK_AFTER_MS = 150;
/** Reading starts after this many times the usual append time, so that a slow store is not slowed down further. */
const LOOK_AFTER_USUAL = 3;
const LOOK_AFTER_MS_MAX = 1_000;

type Target = Readonly<{ revision: bigint; timeoutMs: number }>;

/**
 * Appends events to one stream at exactly this revision (-1n: a new stream); `revision` and `position` of the answer
 * are the last event's. After an unknown outcome (no answer, a broken connection) it retries with the same ids at the
 * same revision, which EventStoreDB answers idempotently: the events are written once, whatever became of the first
 * attempt (decision table, rows 9 to 12).
 */
export async function write(store: EventStore, events: readonly EventToWrite[], at: Target): Promise<WriteOutcome> {
  let cause: unknown;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    if (attempt > 1) await pause(attempt * 50 + Math.random() * 100);
    const startedAt = performance.now();
    try {
      return await writtenOrSeen(store, events, at);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== null) return refusal;
      const isAtOnce = performance.now() - startedAt < Math.min(AT_ONCE_MS, at.timeoutMs / 2);
      cause =
        isAtOnce && (error as { type?: string }).type === ErrorType.DEADLINE_EXCEEDED
          ? new ClockSkew(at.timeoutMs)
          : error;
    }
  }
  return { kind: 'unavailable', cause };
}

/** The store's decision; null when it is unknown. */
function refusalOf(error: unknown): WriteOutcome | null {
  const { actualVersion, maxAppendSize } = error as { actualVersion?: unknown; maxAppendSize?: unknown };
  switch (failureOf(error)) {
    case 'wrong_expected_revision':
      return {
        kind: 'wrong_expected_revision',
        actual: actualVersion === NO_STREAM ? -1n : typeof actualVersion === 'bigint' ? actualVersion : null,
      };
    case 'too_large':
      return { kind: 'too_large', limitBytes: typeof maxAppendSize === 'number' ? maxAppendSize : null };
    case 'stream_deleted':
      return { kind: 'stream_deleted' };
    case 'access_denied':
    case 'refused':
    case 'stream_not_found':
      return { kind: 'unavailable', cause: error };
    case 'unavailable':
      return null;
  }
}

/** One attempt. While its answer is missing, events found in the log at their revision also count as written. */
async function writtenOrSeen(store: EventStore, events: readonly EventToWrite[], at: Target): Promise<WriteOutcome> {
  const usualMs = Math.min(LOOK_AFTER_USUAL * store.appends.appendMs, LOOK_AFTER_MS_MAX);
  const seeing = new Looking(() => shown(store, events, at.revision), Math.max(LOOK_AFTER_MS, usualMs));
  try {
    return await Promise.race([writeOnce(store, events, at), seeing.outcome]);
  } finally {
    seeing.end();
  }
}

/** Looks repeatedly, with pauses that double, until it finds something or is ended. */
class Looking {
  readonly outcome: Promise<WriteOutcome>;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(look: () => Promise<WriteOutcome | null>, afterMs: number) {
    this.outcome = new Promise((resolve) => this.#lookIn(afterMs, look, resolve));
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** A failed look is ignored: the append itself has an answer or a time limit. */
  #lookIn(waitMs: number, look: () => Promise<WriteOutcome | null>, resolve: (seen: WriteOutcome) => void): void {
    const again = async (): Promise<void> => {
      const seen = await look().catch(() => null);
      if (this.#ended) return;
      if (seen === null) this.#lookIn(2 * waitMs, look, resolve);
      else resolve(seen);
    };
    this.#timer = setTimeout(() => void again(), waitMs);
  }
}

async function shown(store: EventStore, events: readonly EventToWrite[], after: bigint): Promise<WriteOutcome | null> {
  const seen: RecordedEvent[] = [];
  for await (const event of readStream(store, events[0]?.stream ?? '', { from: after + 1n, max: events.length }))
    seen.push(event);
  const areThere = events.every(
    ({ eventId }, at) => seen[at]?.eventId === eventId && seen[at].revision === after + 1n + BigInt(at),
  );
  const last = seen.at(-1);
  return areThere && last !== undefined ? { kind: 'written', revision: last.revision, position: last.position } : null;
}

async function writeOnce(store: EventStore, events: readonly EventToWrite[], at: Target): Promise<WriteOutcome> {
  const stream = events[0]?.stream;
  if (stream === undefined) throw new Error('An append needs at least one event.');
  const appended = await withTimeout(
    store.appends.appendBytes({
      stream,
      events: events.map(({ eventId, type, data, metadata }) => ({
        id: eventId,
        type,
        contentType: 'application/json',
        data,
        metadata,
      })),
      expectedRevision: at.revision < 0n ? NO_STREAM : at.revision,
      timeoutMs: at.timeoutMs,
    }),
    at.timeoutMs,
    `Appending to ${stream}`,
  );
  return { kind: 'written', revision: appended.revision, position: appended.position ?? null };
}
