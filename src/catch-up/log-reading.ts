import type { SnapshotKind } from '../events/normalise.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToLog } from '../eventstore/log-subscription.js';
import { recordedEventFrom } from '../eventstore/recorded-event.js';
import { readEvent, type ReadEvent } from '../folding/facts.js';

/** Events in log order, and whether more have arrived already. */
export type Arrival = Readonly<{ events: readonly ReadEvent[]; isFollowed: boolean }>;

/**
 * A single-use iterator over arriving events. It ends or throws when stopped, ends when the store ends it, and throws
 * when the store fails.
 */
export type LogReading = AsyncIterable<Arrival> & Readonly<{ stop(): Promise<void> }>;

/** How many events, and about how many bytes, may wait; a single event may be larger. */
export type Room = Readonly<{ events: number; bytes: number }>;

/** Starts reading the log after a position (null: from its start). `room` limits waiting events. */
export type ReadLog = (after: bigint | null, room: Room) => LogReading;

/** Reads the log, each event as soon as it arrives. */
export const readHere =
  (store: EventStore, kinds: ReadonlySet<SnapshotKind>): ReadLog =>
  (after, room) => {
    const waiting = new WaitingEvents(room);
    const stopping = new AbortController();
    async function readAhead(): Promise<void> {
      for await (const come of subscribeToLog(store, { after, signal: stopping.signal })) {
        if (!(await waiting.put(come.map(({ event }) => readEvent(recordedEventFrom(event), kinds))))) return;
      }
    }
    readAhead().then(
      () => waiting.end(),
      (error: unknown) => waiting.end(error),
    );
    const stop = async (): Promise<void> => {
      waiting.stop();
      stopping.abort();
    };
    return { [Symbol.asyncIterator]: () => waiting.take(), stop };
  };

/** A bounded queue between the reader of the log and the consumer. */
class WaitingEvents {
  readonly #arrivals: (readonly ReadEvent[])[] = [];
  #events = 0;
  #bytes = 0;
  #ended: Readonly<{ error?: unknown }> | null = null;
  #changed = (): void => undefined;

  constructor(private readonly room: Room) {}

  /** Resolves when there is room for the next events; false when the consumer has stopped. */
  async put(events: readonly ReadEvent[]): Promise<boolean> {
    this.#arrivals.push(events);
    this.#count(events, 1);
    this.#changed();
    while (this.#ended === null && (this.#events >= this.room.events || this.#bytes >= this.room.bytes))
      await this.#change();
    return this.#ended === null;
  }

  #count(events: readonly ReadEvent[], sign: 1 | -1): void {
    this.#events += sign * events.length;
    for (const { bytes } of events) this.#bytes += sign * bytes;
  }

  /** Ends the iteration after the waiting events, or at once with an error. */
  end(error?: unknown): void {
    this.#ended ??= error === undefined ? {} : { error };
    this.#changed();
  }

  /** Ends the iteration and drops the waiting events. */
  stop(): void {
    this.#arrivals.length = 0;
    this.end();
  }

  async *take(): AsyncGenerator<Arrival> {
    for (;;) {
      while (this.#arrivals.length === 0 && this.#ended === null) await this.#change();
      if (this.#ended?.error !== undefined) throw this.#ended.error as Error;
      const events = this.#arrivals.shift();
      if (events === undefined) return;
      this.#count(events, -1);
      this.#changed();
      yield { events, isFollowed: this.#arrivals.length > 0 };
    }
  }

  /** Resolves at the next change. Only one side waits at a time: the reader for room, the consumer for events. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}
