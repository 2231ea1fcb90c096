import { withoutRepeats } from '../catch-up/stream-pages.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import type { Database } from '../read-models/database.js';
import type { Streams } from './past-rows.js';

export type PastStreams = { readonly kind: 'read'; readonly streams: Streams } | { readonly kind: 'too_large' };

/** What one answer about the past may read: the events are folded in memory. */
export const PAST_EVENTS_MAX = 10_000;
export const PAST_STREAMS_MAX = 200;

/** Reads streams from the log, from which any past moment is folded. */
export class Past {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
  ) {}

  /** The events of these streams that count, as the projector counts them; a stream that does not exist has none. */
  async read(names: readonly string[]): Promise<PastStreams> {
    if (names.length > PAST_STREAMS_MAX) return { kind: 'too_large' };
    const streams = new Map<string, RecordedEvent[]>();
    let left = PAST_EVENTS_MAX;
    for (const name of names) {
      const events: RecordedEvent[] = [];
      for await (const event of readStream(this.store, name, { max: left + 1 })) events.push(event);
      left -= events.length;
      if (left < 0) return { kind: 'too_large' };
      streams.set(name, await withoutRepeats(this.database, events.filter(({ metadata }) => metadata !== null)));
    }
    return { kind: 'read', streams };
  }
}
