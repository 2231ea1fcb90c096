import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams, { type ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { EventStore } from './event-store.js';
import { readBytesOf, type ReadBytes } from './read-response.js';
import { recordedEventFrom, type RecordedEvent } from './recorded-event.js';
import { storeErrorOf } from './store-errors.js';

/** An event that was not wanted: where it stands, and nothing of what it says. */
export type SkippedEvent = Readonly<{ kind: 'skipped'; position: bigint; eventId: string }>;

/** What a part of the log's readers wants of it: events of these streams. */
export type Wanted = (stream: string) => boolean;

/** Our events, and what tells that a stream was deleted or got other limits; links, statistics and the like are the store's own. */
export const FOLLOWED = '^(?:[^$]|\\$metadata$|\\$streamDeleted$)';

/**
 * A catch-up subscription to `$all` of which only events of some streams are decoded: several readers of one log then share that work.
 * Brings what has come since it was asked last, which is never nothing.
 * @throws what the store fails with; ends when the store ends it
 */
export async function* subscribeToPart(store: EventStore, { after, isWanted, signal }: { after: bigint | null; isWanted: Wanted; signal: AbortSignal }): AsyncGenerator<readonly (RecordedEvent | SkippedEvent)[]> {
  const call = await store.subscriptions.openRead(subscriptionTo(after), readBytesOf);
  const stop = (): void => call.cancel();
  signal.addEventListener('abort', stop);
  try {
    if (signal.aborted) return;
    for await (const first of call as AsyncIterable<ReadBytes | 'none'>) {
      // The connection's credit is renewed at the end of this turn: what has come is read after it, while the store sends what is next.
      await othersTurn();
      const events = [...partOf(first, isWanted)];
      for (let next = nextOf(call); next !== null; next = nextOf(call)) events.push(...partOf(next, isWanted));
      if (events.length > 0) yield events;
    }
  } catch (error) {
    if (!signal.aborted) throw storeErrorOf(error, { what: 'Following the log', ofLog: true });
  } finally {
    signal.removeEventListener('abort', stop);
    call.cancel();
  }
}
/** What has come already; null when there is nothing. */
const nextOf = (call: ClientReadableStream<ReadBytes | 'none'>) => call.read() as ReadBytes | 'none' | null;

function partOf(event: ReadBytes | 'none', isWanted: Wanted): (RecordedEvent | SkippedEvent)[] {
  if (event === 'none') return [];
  const { stream, position, eventId } = event;
  const isOwn = isWanted(stream.startsWith('$$') ? stream.slice(2) : stream);
  return [isOwn ? recordedEventFrom(event) : { kind: 'skipped', position, eventId }];
}

const { Options } = streams.ReadReq;

function subscriptionTo(after: bigint | null): ReadReq {
  const all = new Options.AllOptions();
  if (after === null) {
    all.setStart(new shared.Empty());
  } else {
    const position = new Options.Position();
    position.setCommitPosition(after.toString());
    position.setPreparePosition(after.toString());
    all.setPosition(position);
  }
  const uuid = new Options.UUIDOption();
  uuid.setString(new shared.Empty());
  const expression = new Options.FilterOptions.Expression();
  expression.setRegex(FOLLOWED);
  const filter = new Options.FilterOptions();
  filter.setEventType(expression);
  filter.setCount(new shared.Empty());
  filter.setCheckpointintervalmultiplier(1);
  const options = new Options();
  options.setAll(all);
  options.setSubscription(new Options.SubscriptionOptions());
  options.setUuidOption(uuid);
  options.setFilter(filter);
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
}
