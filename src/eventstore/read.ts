import { BACKWARDS, END, FORWARDS, type ResolvedEvent, type StreamingRead } from '@eventstore/db-client';
import { failureOf, untilItStalls, type EventStore } from './event-store.js';
import { recordedEventOf, type RecordedEvent } from './recorded-event.js';
import { storeErrorOf } from './store-errors.js';

/** Events buffered per read: each may be as large as the append limit. */
const READ_BUFFER_EVENTS = 8;

/**
 * The state of a stream: `there`, though its limits may hide all events; `missing`, never written or soft-deleted;
 * `tombstoned`, deleted permanently.
 */
export type StreamFate = 'there' | 'missing' | 'tombstoned';

/** Yields the events of a stream from a revision, in order; returns the stream's state, and throws for none of them. */
export async function* readStream(
  store: EventStore,
  stream: string,
  options: { from?: bigint; max?: number } = {},
): AsyncGenerator<RecordedEvent, StreamFate> {
  const { from = 0n, max = Number.MAX_SAFE_INTEGER } = options;
  const which = { direction: FORWARDS, fromRevision: from, maxCount: max } as const;
  const reading = store.reads.readStream(stream, which, { highWaterMark: READ_BUFFER_EVENTS });
  return yield* recorded(reading, { what: `Reading ${stream}`, ofLog: false });
}

/** Yields the events of a stream before a revision, else from its end, the newest first. */
export async function* readStreamBack(
  store: EventStore,
  stream: string,
  { before, max }: { before?: bigint | undefined; max: number },
): AsyncGenerator<RecordedEvent, StreamFate> {
  const fromRevision = before === undefined ? END : before - 1n;
  const which = { direction: BACKWARDS, fromRevision, maxCount: max } as const;
  const reading = store.reads.readStream(stream, which, { highWaterMark: READ_BUFFER_EVENTS });
  return yield* recorded(reading, { what: `Reading ${stream}`, ofLog: false });
}

/** The event at exactly this revision, or null. */
export async function readEventAt(store: EventStore, stream: string, revision: bigint): Promise<RecordedEvent | null> {
  const [event] = await all(readStream(store, stream, { from: revision, max: 1 }));
  return event?.revision === revision ? event : null;
}

/** The event at exactly this position of the log, or null. @throws InvalidPosition */
export async function readEventAtPosition(store: EventStore, position: bigint): Promise<RecordedEvent | null> {
  const [event] = await readLogPage(store, { direction: 'forwards', from: position, max: 1 });
  return event?.position === position ? event : null;
}

/** The start of a log read (a position, the start or the end) and its number of events. */
type LogPage = Readonly<{ direction: 'forwards' | 'backwards'; from: bigint | 'start' | 'end'; max: number }>;

/**
 * Reads a page of the log, including the store's own events: forwards from the event at a position, backwards the
 * events before it.
 * @throws InvalidPosition when no record of this log starts at that position
 */
export function readLogPage(store: EventStore, { direction, from, max }: LogPage): Promise<RecordedEvent[]> {
  const which = {
    direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
    fromPosition: typeof from === 'bigint' ? { commit: from, prepare: from } : from,
    maxCount: max,
  } as const;
  const reading = store.reads.readAll(which, { highWaterMark: READ_BUFFER_EVENTS });
  return all(recorded(reading, { what: 'Reading the log', ofLog: true }));
}

/**
 * Yields one read as recorded events; fails when it stalls. Read it to the end: the client answers a cancelled read by
 * closing the connection, which other reads share.
 */
async function* recorded(
  reading: StreamingRead<ResolvedEvent>,
  { what, ofLog }: { what: string; ofLog: boolean },
): AsyncGenerator<RecordedEvent, StreamFate> {
  let ended = false;
  try {
    for await (const resolved of untilItStalls<ResolvedEvent>(reading, what)) {
      const event = recordedEventOf(resolved);
      if (event !== null) yield event;
    }
    ended = true;
    return 'there';
  } catch (error) {
    const failure = failureOf(error);
    ended = failure === 'stream_not_found' || failure === 'stream_deleted';
    if (!ended) throw storeErrorOf(error, { what, ofLog });
    return failure === 'stream_deleted' ? 'tombstoned' : 'missing';
  } finally {
    if (!ended) await reading.cancel();
  }
}

async function all(events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const list: RecordedEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}
