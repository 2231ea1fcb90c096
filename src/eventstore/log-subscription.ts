import streams, { type ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { EventStore } from './event-store.js';
import { allFrom, ofTypes, readRequest } from './read-request.js';
import { readBytesOf, type ReadBytes } from './read-response.js';
import { storeErrorOf } from './store-errors.js';

/** An event of the log, and the response that contained it, byte by byte. */
export type LogEvent = Readonly<{ event: ReadBytes; response: Buffer }>;

/** Our events, stream deletions and stream metadata; links, statistics and the like are the store's own. */
export const FOLLOWED = '^(?:[^$]|\\$metadata$|\\$streamDeleted$)';

/**
 * A catch-up subscription to `$all`, from after a position (null: from the start). Yields the events received since the
 * last request; those whose type matches `types`, by default all that projections follow.
 * @throws the store's error; ends when the store ends it, or the signal aborts
 */
export async function* subscribeToLog(
  store: EventStore,
  { after, signal, types = FOLLOWED }: { after: bigint | null; signal: AbortSignal; types?: string },
): AsyncGenerator<readonly LogEvent[]> {
  const call = await store.subscriptions.openRead<LogEvent | 'none'>(subscriptionTo(after, types), logEventOf);
  const stop = (): void => call.cancel();
  signal.addEventListener('abort', stop);
  try {
    if (signal.aborted) return;
    for await (const first of call as AsyncIterable<LogEvent | 'none'>) {
      // HTTP/2 credit is renewed at the end of this turn: reading after it lets the store send more meanwhile.
      await othersTurn();
      const events: LogEvent[] = [];
      for (let next: LogEvent | 'none' | null = first; next !== null; next = call.read())
        if (next !== 'none') events.push(next);
      if (events.length > 0) yield events;
    }
  } catch (error) {
    if (!signal.aborted) throw storeErrorOf(error, { what: 'Following the log', ofLog: true });
  } finally {
    signal.removeEventListener('abort', stop);
    call.cancel();
  }
}

function logEventOf(response: Buffer): LogEvent | 'none' {
  const event = readBytesOf(response);
  return event === 'none' ? 'none' : { event, response };
}

const { Options } = streams.ReadReq;

function subscriptionTo(after: bigint | null, types: string): ReadReq {
  const options = new Options();
  options.setAll(allFrom(after));
  options.setSubscription(new Options.SubscriptionOptions());
  options.setFilter(ofTypes(types));
  return readRequest(options);
}
