import { BACKWARDS, END, FORWARDS, type ResolvedEvent, type StreamingRead } from '@eventstore/db-client';
import { failureOf, untilItStalls, type EventStore } from './event-store.js';
import { recordedEventOf, type RecordedEvent } from './recorded-event.js';
import { storeErrorOf } from './store-errors.js';

/** Events that a read holds in each of its buffers: one may be as large as the append limit. */
const READ_BUFFER_EVENTS = 8;

/**
 * What became of a stream: `there`, though all of its events may be hidden by its limits; `missing`, never written or soft-deleted;
 * `tombstoned`, deleted for ever.
 */
export type StreamFate = 'there' | 'missing' | 'tombstoned';

/** The events of a stream from a revision on, in their order; returns what became of the stream, which throws for none of these. */
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

/** The events of a stream before a revision, else from its end, the newest first. */
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

/** Where a read of the log begins: at a position, or at its start or end; and how many events it takes. */
type LogPage = Readonly<{ direction: 'forwards' | 'backwards'; from: bigint | 'start' | 'end'; max: number }>;

/**
 * A page of the log, the store's own events included: forwards from the event at a position on, backwards those before it.
 * @throws InvalidPosition when no record of this log begins at that position
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
 * One read as recorded events, given up when it stands still. It is to be read to its end: the client answers a cancelled read by
 * closing the connection that other reads are using too.
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
