import { convertToCommandError } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { setTimeout as pause } from 'node:timers/promises';
import { streamIdentifierOf, type EventBytes } from './append-call.js';
import { failureOf, untilItStalls, type EventStore } from './event-store.js';
import { allFrom, endOfAll, readRequest } from './read-request.js';
import { readBytesOf, type ReadBytes } from './read-response.js';

/** An event byte by byte as the store holds it; the client's own reading would change digits and white space. */
export type RawEvent = EventBytes &
  Readonly<{
    stream: string;
    /** Index in its stream, from 0. */
    revision: bigint;
    /** Position in the whole log. */
    position: bigint;
  }>;

/** How many interruptions in a row a read survives; it resumes where it was interrupted. */
const RESUMPTIONS_MAX = 5;

/** All events of the log in order, including the system's, up to its current end. */
export async function* readLog(store: EventStore): AsyncGenerator<RawEvent> {
  let last: bigint | undefined;
  for (let cuts = 0; ;) {
    try {
      for await (const event of rawEventsOf(store, forwardsFrom(last))) {
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

/** The last event of a stream; undefined when it has none, or was tombstoned. */
export async function lastEventOf(store: EventStore, stream: string): Promise<RawEvent | undefined> {
  try {
    let last: RawEvent | undefined;
    for await (const event of rawEventsOf(store, lastOf(stream))) last = event;
    return last;
  } catch (error) {
    if (failureOf(error) === 'stream_deleted') return undefined;
    throw error;
  }
}

/** The position and the id of a log record. */
export type Record = Readonly<{ position: bigint; eventId: string }>;

/** The last record of the log, including the store's own; null when there is none, or it is not readable. */
export const lastRecordOf = (store: EventStore): Promise<Record | null> => recordOf(store, endOfAll(), 'BACKWARDS');

/** The record that starts at a position; null when none does. @throws where the store reports this as an error */
export async function recordAt(store: EventStore, position: bigint): Promise<Record | null> {
  const record = await recordOf(store, allFrom(position), 'FORWARDS');
  return record?.position === position ? record : null;
}

async function recordOf(
  store: EventStore,
  from: ReadReq.Options.AllOptions,
  direction: 'FORWARDS' | 'BACKWARDS',
): Promise<Record | null> {
  const options = new Options();
  options.setAll(from);
  options.setReadDirection(Options.ReadDirection[direction]);
  return readOne(store, options, 'Reading the log');
}

/** The only event of a read with these options, byte by byte; null when there is none. */
export async function readOne(store: EventStore, options: ReadReq.Options, what: string): Promise<ReadBytes | null> {
  options.setCount('1');
  const call = await store.reads.openRead(readRequest(options), readBytesOf);
  let one: ReadBytes | null = null;
  for await (const event of untilItStalls<ReadBytes | 'none'>(call, what)) if (event !== 'none') one = event;
  return one;
}

/** The events of a read. A stream that does not exist has none. */
async function* rawEventsOf(store: EventStore, request: ReadReq): AsyncGenerator<RawEvent> {
  const call = await store.reads.openRead(request);
  let ended = false;
  try {
    for await (const response of untilItStalls<ReadResp>(call, 'Reading')) {
      const event = rawEventOf(response);
      if (event !== undefined) yield event;
    }
    ended = true;
  } catch (error) {
    throw convertToCommandError(error as Error);
  } finally {
    if (!ended) call.cancel();
  }
}

const { Options } = streams.ReadReq;

function forwardsFrom(position: bigint | undefined): ReadReq {
  const options = new Options();
  options.setAll(allFrom(position ?? null));
  options.setReadDirection(Options.ReadDirection.FORWARDS);
  options.setCount(Number.MAX_SAFE_INTEGER.toString());
  return readRequest(options);
}

function lastOf(stream: string): ReadReq {
  const from = new Options.StreamOptions();
  from.setStreamIdentifier(streamIdentifierOf(stream));
  from.setEnd(new shared.Empty());
  const options = new Options();
  options.setStream(from);
  options.setReadDirection(Options.ReadDirection.BACKWARDS);
  options.setCount('1');
  return readRequest(options);
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
