import { withoutRepeats } from '../catch-up/stream-pages.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import type { Database } from '../read-models/database.js';
import type { Streams } from './past-rows.js';
import { Turns } from './turns.js';

export type PastStreams = { readonly kind: 'read'; readonly streams: Streams } | { readonly kind: 'too_large' } | { readonly kind: 'busy' };

/** How much one answer about the past may read, since its events are in memory at one time; and how many may read, or wait for it. */
export type PastLimits = Readonly<{ streamsMax: number; eventsMax: number; runningMax: number; waitingMax: number }>;

/** Reads streams from the log, from which any past moment is folded. */
export class Past {
  readonly #turns: Turns;

  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    readonly limits: PastLimits,
  ) {
    this.#turns = new Turns(limits);
  }

  /** The events of these streams that count, as the projector counts them; a stream that does not exist has none. */
  async read(names: readonly string[]): Promise<PastStreams> {
    const log = await this.readLog(names);
    if (log.kind !== 'read') return log;
    const counted = new Set(await withoutRepeats(this.database, [...log.streams.values()].flat()));
    return { kind: 'read', streams: new Map([...log.streams].map(([name, events]) => [name, events.filter((event) => counted.has(event))])) };
  }

  /** The same from the log alone, when Postgres is not to be depended on: also an event whose id stood in another stream before. */
  readLog(names: readonly string[]): Promise<PastStreams> {
    return names.length > this.limits.streamsMax ? Promise.resolve({ kind: 'too_large' }) : this.#turns.take(() => this.#readAll(names));
  }

  async #readAll(names: readonly string[]): Promise<PastStreams> {
    const streams = new Map<string, RecordedEvent[]>();
    let left = this.limits.eventsMax;
    for (const name of names) {
      const events = new Map<string, RecordedEvent>();
      for await (const event of readStream(this.store, name, { max: left + 1 })) {
        left -= 1;
        if (event.metadata !== null && !events.has(event.eventId)) events.set(event.eventId, event);
      }
      if (left < 0) return { kind: 'too_large' };
      streams.set(name, [...events.values()]);
    }
    return { kind: 'read', streams };
  }
}
