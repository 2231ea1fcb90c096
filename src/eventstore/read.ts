import { BACKWARDS, END, excludeSystemEvents, FORWARDS, START, type ResolvedEvent, type StreamingRead } from '@eventstore/db-client';
import { failureOf, StoreTimeout, type EventStore } from './event-store.js';
import { recordedEventOf, type RecordedEvent } from './recorded-event.js';

/** How long a read may stand still before it counts as cut. */
const READ_STALLS_AFTER_MS = 10_000;

/** The events of a stream from a revision on, in their order; nothing for a stream that does not exist. */
export async function* readStream(store: EventStore, stream: string, options: { from?: bigint; max?: number } = {}): AsyncGenerator<RecordedEvent> {
  const { from = 0n, max = Number.MAX_SAFE_INTEGER } = options;
  const reading = store.reads.readStream(stream, { direction: FORWARDS, fromRevision: from, maxCount: max });
  yield* recorded(reading, `Reading ${stream}`);
}

/** The event at exactly this revision, or null. */
export async function readEventAt(store: EventStore, stream: string, revision: bigint): Promise<RecordedEvent | null> {
  const [event] = await all(readStream(store, stream, { from: revision, max: 1 }));
  return event?.revision === revision ? event : null;
}

/** The event at exactly this position of the log, or null. */
export async function readEventAtPosition(store: EventStore, position: bigint): Promise<RecordedEvent | null> {
  const fromPosition = { commit: position, prepare: position };
  const [event] = await all(recorded(store.reads.readAll({ direction: FORWARDS, fromPosition, maxCount: 1 }), 'Reading $all'));
  return event?.position === position ? event : null;
}

/** The position of the last event that is not the store's own; null when none of the last hundred is, as in an empty log. */
export async function lastPosition(store: EventStore): Promise<bigint | null> {
  for (const maxCount of [1, 10, 100]) {
    const events = await all(recorded(store.reads.readAll({ direction: BACKWARDS, fromPosition: END, maxCount }), 'Reading $all'));
    const last = events.find(({ type }) => !type.startsWith('$'));
    if (last !== undefined) return last.position;
  }
  return null;
}

/**
 * A catch-up subscription to `$all` without the store's own events, from after a position (null: from the
 * start). It ends, or throws, when the connection is cut; whoever wants to go on subscribes again.
 */
export function subscribeToAll(store: EventStore, after: bigint | null, bufferedMax: number) {
  const fromPosition = after === null ? START : { commit: after, prepare: after };
  return store.subscriptions.subscribeToAll({ fromPosition, filter: excludeSystemEvents() }, { highWaterMark: bufferedMax });
}

/**
 * One read as recorded events, given up when it stands still; a missing stream is an empty one. To be read to
 * its end: the client answers a cancelled read by closing the connection that other reads are using too.
 */
async function* recorded(reading: StreamingRead<ResolvedEvent>, what: string): AsyncGenerator<RecordedEvent> {
  const stalled = setTimeout(
    () => reading.destroy(new StoreTimeout(`${what}: nothing came for ${READ_STALLS_AFTER_MS} ms.`)),
    READ_STALLS_AFTER_MS,
  );
  let ended = false;
  try {
    for await (const resolved of reading) {
      stalled.refresh();
      const event = recordedEventOf(resolved);
      if (event !== null) yield event;
      stalled.refresh();
    }
    ended = true;
  } catch (error) {
    ended = failureOf(error) === 'stream_not_found';
    if (!ended) throw error;
  } finally {
    clearTimeout(stalled);
    if (!ended) await reading.cancel();
  }
}

async function all(events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const list: RecordedEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}
