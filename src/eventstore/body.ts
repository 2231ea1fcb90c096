import streams from '@eventstore/db-client/generated/streams_pb.js';
import { streamIdentifierOf } from './append-call.js';
import { untilItStalls, type EventStore } from './event-store.js';
import { readRequest } from './read-request.js';
import { readBytesOf, type ReadBytes } from './read-response.js';
import { storeErrorOf } from './store-errors.js';

const { Options } = streams.ReadReq;

/** The event at a revision of a stream, byte by byte as it was appended; null when nothing is there to be read. */
export async function readBytesAt(store: EventStore, stream: string, revision: bigint): Promise<ReadBytes | null> {
  const from = new Options.StreamOptions();
  from.setStreamIdentifier(streamIdentifierOf(stream));
  from.setRevision(revision.toString());
  const options = new Options();
  options.setStream(from);
  options.setReadDirection(Options.ReadDirection.FORWARDS);
  options.setCount('1');
  options.setResolveLinks(false);
  const what = `Reading ${stream}`;
  let found: ReadBytes | null = null;
  try {
    const call = await store.reads.openRead(readRequest(options), readBytesOf);
    for await (const event of untilItStalls<ReadBytes | 'none'>(call, what))
      if (event !== 'none' && event.revision === revision) found = event;
  } catch (error) {
    throw storeErrorOf(error, { what, ofLog: false });
  }
  return found;
}
