import streams from '@eventstore/db-client/generated/streams_pb.js';
import { streamIdentifierOf } from './append-call.js';
import type { EventStore } from './event-store.js';
import { readOne } from './raw-event.js';
import type { ReadBytes } from './read-response.js';
import { storeErrorOf } from './store-errors.js';

const { Options } = streams.ReadReq;

/** Returns the event at a revision of a stream, byte by byte as it was appended; null when none can be read there. */
export async function readBytesAt(store: EventStore, stream: string, revision: bigint): Promise<ReadBytes | null> {
  const from = new Options.StreamOptions();
  from.setStreamIdentifier(streamIdentifierOf(stream));
  from.setRevision(revision.toString());
  const options = new Options();
  options.setStream(from);
  options.setReadDirection(Options.ReadDirection.FORWARDS);
  options.setResolveLinks(false);
  const what = `Reading ${stream}`;
  const event = await readOne(store, options, what).catch((error: unknown) => {
    throw storeErrorOf(error, { what, ofLog: false });
  });
  return event?.revision === revision ? event : null;
}
