import { Logger, type OnModuleDestroy } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { withTimeout, type EventStore } from '../../eventstore/event-store.js';
import { subscribeToLog } from '../../eventstore/log-subscription.js';
import { lastRecordOf } from '../../eventstore/raw-event.js';
import { readEventAtPosition } from '../../eventstore/read.js';
import { recordedEventFrom } from '../../eventstore/recorded-event.js';
import { InvalidPosition } from '../../eventstore/store-errors.js';
import type { Asker } from '../../http/asker.js';
import { ProblemError } from '../../http/problem.js';
import { LIMITS } from '../limits.js';
import { LIVE_HEADERS } from '../live/live-reader.js';
import { Places } from '../places.js';
import { badQuery } from '../query.js';
import { sent } from '../sent.js';
import { entryOf, isWanted, type EventFilter } from './event-entry.js';

const BEAT_MS = 10_000;
const STORE_ANSWERS_WITHIN_MS = 5_000;

/**
 * New events to whoever follows: each event once, in the order of the log. A reader has a subscription of its own, from
 * which nothing is taken while its connection does not take what it was sent; so no more than a window of the store is held for it.
 */
export class LiveEvents implements OnModuleDestroy {
  readonly #logger = new Logger('live');
  readonly #stopping = new AbortController();
  readonly #places = new Places({
    ...LIMITS.events.readers,
    what: 'connections follow events',
    full: () => new ProblemError('too_many_live'),
  });

  constructor(private readonly store: EventStore) {}

  /**
   * Finds where to begin, so that a problem can still be answered, and returns what begins the stream on a response.
   * @throws ProblemError
   */
  async follow(
    filter: EventFilter,
    lastEventId: string | undefined,
    asker: Asker,
  ): Promise<(response: ServerResponse) => void> {
    const giveBack = this.#places.take(asker.token);
    try {
      const after = await withTimeout(this.#beginning(lastEventId), STORE_ANSWERS_WITHIN_MS, 'The event store');
      if (this.#stopping.signal.aborted) throw new ProblemError('too_many_live');
      const signal = AbortSignal.any([asker.signal, this.#stopping.signal]);
      return (response) => void this.#tell(response, { after, filter, signal }).finally(giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  onModuleDestroy(): void {
    this.#stopping.abort();
  }

  /** @throws ProblemError 400 for an id that is no position of an event */
  async #beginning(lastEventId: string | undefined): Promise<bigint | null> {
    if (lastEventId === undefined || lastEventId === '') return (await lastRecordOf(this.store))?.position ?? null;
    const position = /^\d{1,18}$/.test(lastEventId) ? BigInt(lastEventId) : null;
    const event =
      position === null
        ? null
        : await readEventAtPosition(this.store, position).catch((error: unknown) => {
            if (error instanceof InvalidPosition) return null;
            throw error;
          });
    if (event === null) throw badQuery('Last-Event-ID: must be the id of an event that this stream has sent');
    return event.position;
  }

  /** Ends when the client leaves, the service stops, or the store does: the client goes on where it was. */
  async #tell(
    response: ServerResponse,
    { after, filter, signal }: { after: bigint | null; filter: EventFilter; signal: AbortSignal },
  ): Promise<void> {
    response.on('error', () => response.destroy());
    response.writeHead(200, LIVE_HEADERS);
    response.write('retry: 1000\n\n');
    const beating = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': still here\n\n');
    }, BEAT_MS);
    try {
      for await (const batch of subscribeToLog(this.store, { after, signal }))
        for (const { event } of batch) {
          const recorded = recordedEventFrom(event);
          if (recorded.metadata === null || signal.aborted) continue;
          const entry = entryOf(recorded);
          if (isWanted(entry, filter))
            await sent(response, `event: event\nid: ${entry.position}\ndata: ${JSON.stringify(entry)}\n\n`, signal);
        }
    } catch (error) {
      if (!signal.aborted)
        this.#logger.warn(`A stream of events ends: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      clearInterval(beating);
      response.end();
    }
  }
}
