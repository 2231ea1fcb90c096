import type { OnModuleDestroy } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { EventStore } from '../../eventstore/event-store.js';
import { subscribeToLog } from '../../eventstore/log-subscription.js';
import { lastRecordOf } from '../../eventstore/raw-event.js';
import { readEventAtPosition } from '../../eventstore/read.js';
import { recordedEventFrom } from '../../eventstore/recorded-event.js';
import { InvalidPosition } from '../../eventstore/store-errors.js';
import type { Asker } from '../../http/asker.js';
import { LIMITS } from '../limits.js';
import { LogStreams, type Message } from '../live/log-streams.js';
import { badQuery } from '../query.js';
import { entryOf, isWanted, type EventFilter } from './event-entry.js';

/** Streams of new events: each event once, in log order. */
export class LiveEvents implements OnModuleDestroy {
  readonly #streams = new LogStreams({ ...LIMITS.events.readers, what: 'connections follow events' });

  constructor(private readonly store: EventStore) {}

  /** Returns a function that starts the stream on a response. @throws ProblemError */
  follow(
    filter: EventFilter,
    lastEventId: string | undefined,
    asker: Asker,
  ): Promise<(response: ServerResponse) => void> {
    return this.#streams.follow(
      asker,
      () => this.#beginning(lastEventId),
      (after, signal) => this.#messages(filter, after, signal),
    );
  }

  onModuleDestroy(): void {
    this.#streams.stop();
  }

  /** @throws ProblemError 400 for an id that is not the position of an event */
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
    if (event === null) throw badQuery('Last-Event-ID: must be the id of an event that this live stream has sent');
    return event.position;
  }

  async *#messages(filter: EventFilter, after: bigint | null, signal: AbortSignal): AsyncGenerator<Message> {
    for await (const batch of subscribeToLog(this.store, { after, signal }))
      for (const { event } of batch) {
        const recorded = recordedEventFrom(event);
        if (recorded.metadata === null || signal.aborted) continue;
        const entry = entryOf(recorded);
        if (isWanted(entry, filter)) yield { event: 'event', id: entry.position, data: entry };
      }
  }
}
