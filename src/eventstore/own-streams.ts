/** Streams that the ledger writes for itself, beside those of Stripe's objects: its own actions and decisions. */
import { placeIdOf } from '../events/event-id.js';
import { write, type WriteOutcome } from './append.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { untilItStalls, type EventStore } from './event-store.js';
import { readStreamBack } from './read.js';
import { allFrom, ofTypes, readRequest } from './read-request.js';
import { readBytesOf, type ReadBytes } from './read-response.js';
import { recordedEventFrom, type RecordedEvent } from './recorded-event.js';
import { storeErrorOf } from './store-errors.js';

/** The reader knows the form of `data`. Read models skip these events, because they lack a delivery's metadata. */
export type OwnEvent = Readonly<{ eventId: string; type: string; data: unknown }>;

const APPEND_WITHIN_MS = 5_000;
const NO_METADATA = Buffer.from('{}');

/** Appends events at exactly this revision (-1n: a new stream). An unknown outcome is retried with the same ids. */
export function appendOwn(
  store: EventStore,
  stream: string,
  { events, revision }: { events: readonly OwnEvent[]; revision: bigint },
): Promise<WriteOutcome> {
  return write(
    store,
    events.map(({ eventId, type, data }) => ({
      stream,
      eventId,
      type,
      data: Buffer.from(JSON.stringify(data)),
      metadata: NO_METADATA,
    })),
    { revision, timeoutMs: APPEND_WITHIN_MS },
  );
}

/** Limits a stream to its last `count` events; the store may delete the others. Existing metadata is kept. */
export const keepLast = (store: EventStore, stream: string, count: number): Promise<WriteOutcome> =>
  describe(store, stream, { $maxCount: count });

/** Lets the store delete all `count` events of a stream that will not be read. Existing metadata is kept. */
export const letGo = (store: EventStore, stream: string, count: number): Promise<WriteOutcome> =>
  describe(store, stream, { $tb: count });

/** Writes the first metadata of a stream. */
async function describe(store: EventStore, stream: string, data: Record<string, number>): Promise<WriteOutcome> {
  const metastream = `$$${stream}`;
  return appendOwn(store, metastream, {
    events: [{ eventId: placeIdOf(metastream, 0n), type: '$metadata', data }],
    revision: -1n,
  });
}

/** The latest events of a stream, the newest first: before a revision, else from the end. */
export async function latestOf(
  store: EventStore,
  stream: string,
  { before, max }: { before?: bigint | undefined; max: number },
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  if (before !== undefined && before <= 0n) return events;
  for await (const event of readStreamBack(store, stream, { before, max })) events.push(event);
  return events;
}

/** The last event of a stream; null when it has none. */
export const lastOf = async (store: EventStore, stream: string): Promise<RecordedEvent | null> =>
  (await latestOf(store, stream, { max: 1 }))[0] ?? null;

type OfTypes = Readonly<{ types: string; after: bigint | null; max: number }>;

/**
 * Returns the events after a position (null: from the start) whose type matches a regular expression, in log order.
 * @throws StoreUnavailable, StoreRefuses, StoreTimeout, InvalidPosition
 */
export const readOfTypes = async (store: EventStore, wanted: OfTypes): Promise<RecordedEvent[]> =>
  (await readBytesOfTypes(store, wanted)).map(recordedEventFrom);

/** Returns the same events byte by byte. @throws as `readOfTypes` */
export async function readBytesOfTypes(store: EventStore, { types, after, max }: OfTypes): Promise<ReadBytes[]> {
  const options = new streams.ReadReq.Options();
  options.setAll(allFrom(after));
  options.setReadDirection(streams.ReadReq.Options.ReadDirection.FORWARDS);
  // The read includes the event at the position itself.
  options.setCount(String(after === null ? max : max + 1));
  options.setFilter(ofTypes(types));
  const events: ReadBytes[] = [];
  try {
    const call = await store.reads.openRead(readRequest(options), readBytesOf);
    for await (const event of untilItStalls<ReadBytes | 'none'>(call, 'Reading the log'))
      if (event !== 'none' && event.position !== after) events.push(event);
  } catch (error) {
    throw storeErrorOf(error, { what: 'Reading the log', ofLog: true });
  }
  return events.slice(0, max);
}
