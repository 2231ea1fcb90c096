import { BACKWARDS, END, FORWARDS, START, type StreamingRead } from '@eventstore/db-client';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { setTimeout as pause } from 'node:timers/promises';
import { failureOf, withTimeout, type EventStore } from './event-store.js';

/** An event byte by byte as the store holds it; the client's own reading parses JSON, which loses digits and spaces. */
export type RawEvent = Readonly<{
  stream: string;
  /** Index in its stream, from 0. */
  revision: bigint;
  /** Place in the whole log. */
  position: bigint;
  id: string;
  type: string;
  contentType: string;
  data: Uint8Array;
  metadata: Uint8Array;
}>;

/** How long a read may stand still before it counts as cut. */
const READ_STALLS_AFTER_MS = 10_000;
/** A cut read is begun again where it was cut, so often in a row. */
const RESUMPTIONS_MAX = 5;

/** All events of the log in their order, those of the system included, up to where it ends at the time. */
export async function* readLog(store: EventStore): AsyncGenerator<RawEvent> {
  let last: bigint | undefined;
  for (let cuts = 0; ; ) {
    try {
      const fromPosition = last === undefined ? START : { commit: last, prepare: last };
      for await (const event of rawEventsOf(store.reads.readAll({ direction: FORWARDS, fromPosition }))) {
        if (event.position === last) continue;
        yield event;
        last = event.position;
        cuts = 0;
      }
      return;
    } catch (error) {
      cuts += 1;
      if (failureOf(error) !== 'unavailable' || cuts > RESUMPTIONS_MAX) throw error;
      await pause(200 * cuts);
    }
  }
}

/** The last event of a stream; undefined when it has none, or was deleted. */
export async function lastEventOf(store: EventStore, stream: string): Promise<RawEvent | undefined> {
  const reading = rawEventsOf(store.reads.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 1 }));
  try {
    let last: RawEvent | undefined;
    for await (const event of reading) last = event;
    return last;
  } catch (error) {
    if (failureOf(error) === 'stream_deleted') return undefined;
    throw error;
  }
}

type Transform = { _transform(response: ReadResp, encoding: string, next: (error: null, event?: RawEvent) => void): void };

/**
 * The events of a read as the protocol brought them. The client turns its responses into events in `_transform`, as every
 * transform stream of Node does; this one takes the bytes instead. A stream that is not found has no events.
 */
async function* rawEventsOf(read: StreamingRead<unknown>): AsyncGenerator<RawEvent> {
  (read as unknown as Transform)._transform = (response, _encoding, next) => next(null, rawEventOf(response));
  const events = (read as unknown as AsyncIterable<RawEvent>)[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await withTimeout(events.next(), READ_STALLS_AFTER_MS, 'Reading');
      ended = next.done === true;
      if (ended) return;
      yield next.value;
    }
  } finally {
    if (!ended) await read.cancel();
  }
}

function rawEventOf(response: ReadResp): RawEvent | undefined {
  const event = response.getEvent()?.getEvent();
  if (event === undefined) return undefined;
  const properties = event.getMetadataMap();
  return {
    stream: Buffer.from(event.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8'),
    revision: BigInt(event.getStreamRevision()),
    position: BigInt(event.getCommitPosition()),
    id: event.getId()?.getString() ?? '',
    type: properties.get('type') ?? '',
    contentType: properties.get('content-type') ?? 'application/octet-stream',
    data: event.getData_asU8(),
    metadata: event.getCustomMetadata_asU8(),
  };
}
