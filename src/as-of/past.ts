import { withoutRepeats } from '../projector/stream-reading.js';
import { findEvents } from '../read-models/event-index.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import type { Database } from '../read-models/database.js';
import { bytesOf } from './bytes-of.js';
import type { Streams } from './past-rows.js';

/**
 * The result of a read. `ends` holds the last revision of each stream, -1n of an empty one. `too_large`: the limit
 * exceeded, and the streams read.
 */
export type PastStreams =
  | { readonly kind: 'read'; readonly streams: Streams; readonly ends: ReadonlyMap<string, bigint> }
  | { readonly kind: 'too_large'; readonly limit: keyof PastLimits; readonly names: readonly string[] };

/** How much one answer about the past may hold in memory. `bytesMax` counts the events' JSON. */
export type PastLimits = Readonly<{ streamsMax: number; eventsMax: number; bytesMax: number }>;

/** The client has disconnected. */
export class Abandoned extends Error {
  readonly code = 'ABANDONED';
}

/** Reads streams from the log, for folding any past moment. Stops when the signal aborts. */
export class Past {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly options: PastLimits & Readonly<{ signal: AbortSignal }>,
  ) {}

  get limits(): PastLimits {
    return this.options;
  }

  /** Reads the events of these streams that the projector would count; none of a deleted or unknown stream. */
  async read(names: readonly string[]): Promise<PastStreams> {
    const log = await this.readLog(names);
    if (log.kind !== 'read') return log;
    const counted = new Set(
      await withoutRepeats({ findEvents: (ids) => findEvents(this.database, ids) }, [...log.streams.values()].flat()),
    );
    return {
      ...log,
      streams: new Map([...log.streams].map(([name, events]) => [name, events.filter((event) => counted.has(event))])),
    };
  }

  /** Reads the same without Postgres; includes events whose id was recorded earlier in another stream. */
  async readLog(names: readonly string[]): Promise<PastStreams> {
    if (names.length > this.options.streamsMax) return { kind: 'too_large', limit: 'streamsMax', names };
    const streams = new Map<string, RecordedEvent[]>();
    const ends = new Map<string, bigint>(names.map((name) => [name, -1n]));
    const left = { events: this.options.eventsMax, bytes: this.options.bytesMax };
    for (const name of names) {
      const events = new Map<string, RecordedEvent>();
      for await (const event of this.#events(name, { max: left.events + 1 })) {
        ends.set(name, event.revision);
        left.events -= 1;
        left.bytes -= bytesOf(event.data);
        if (left.events < 0) return { kind: 'too_large', limit: 'eventsMax', names };
        if (left.bytes < 0) return { kind: 'too_large', limit: 'bytesMax', names };
        if (event.metadata !== null && !events.has(event.eventId)) events.set(event.eventId, event);
      }
      streams.set(name, [...events.values()]);
    }
    return { kind: 'read', streams, ends };
  }

  /** Whether a stream has events after a revision. */
  async hasMore(stream: string, after: bigint): Promise<boolean> {
    for await (const _ of this.#events(stream, { from: after + 1n, max: 1 })) return true;
    return false;
  }

  async *#events(stream: string, range: { from?: bigint; max: number }): AsyncGenerator<RecordedEvent> {
    for await (const event of readStream(this.store, stream, range)) {
      this.#checkWanted();
      yield event;
    }
    this.#checkWanted();
  }

  #checkWanted(): void {
    if (this.options.signal.aborted) throw new Abandoned('The client closed the connection.');
  }
}
