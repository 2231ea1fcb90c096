import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams, { type ReadReq, type ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { convertGrpcEvent } from '@eventstore/db-client/dist/utils/convertGrpcEvent.js';
import type { EventStore } from './event-store.js';
import { recordedEventOf, type RecordedEvent } from './recorded-event.js';
import { storeErrorOf } from './store-errors.js';

/** An event that was not wanted: where it stands, and nothing of what it says. */
export type SkippedEvent = Readonly<{ kind: 'skipped'; position: bigint; eventId: string }>;

/** What a part of the log's readers wants of it: events of these streams. */
export type Wanted = (stream: string) => boolean;

/** Our events, and what tells that a stream was deleted or got other limits; links, statistics and the like are the store's own. */
export const FOLLOWED = '^(?:[^$]|\\$metadata$|\\$streamDeleted$)';

/**
 * A catch-up subscription to `$all` of which only events of some streams are decoded: several readers of one log then share that work.
 * @throws what the store fails with; ends when the store ends it
 */
export async function* subscribeToPart(store: EventStore, { after, isWanted, signal }: { after: bigint | null; isWanted: Wanted; signal: AbortSignal }): AsyncGenerator<RecordedEvent | SkippedEvent> {
  const call = await store.subscriptions.openRead(subscriptionTo(after));
  const stop = (): void => call.cancel();
  signal.addEventListener('abort', stop);
  try {
    if (signal.aborted) return;
    for await (const response of call as AsyncIterable<ReadResp>) {
      if (!response.hasEvent()) continue;
      const event = partOf(response, isWanted);
      if (event !== null) yield event;
    }
  } catch (error) {
    if (!signal.aborted) throw storeErrorOf(error, { what: 'Following the log', ofLog: true });
  } finally {
    signal.removeEventListener('abort', stop);
    call.cancel();
  }
}

function partOf(response: ReadResp, isWanted: Wanted): RecordedEvent | SkippedEvent | null {
  const read = response.getEvent();
  const recorded = read?.getEvent();
  if (read === undefined || recorded === undefined) return null;
  const name = Buffer.from(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
  const isOwn = isWanted(name.startsWith('$$') ? name.slice(2) : name);
  if (isOwn) return recordedEventOf(convertGrpcEvent(read) as Parameters<typeof recordedEventOf>[0]);
  return { kind: 'skipped', position: BigInt(recorded.getCommitPosition()), eventId: recorded.getId()?.getString() ?? '' };
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
