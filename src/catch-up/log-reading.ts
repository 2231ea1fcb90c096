import type { SnapshotKind } from '../events/normalise.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToLog } from '../eventstore/log-subscription.js';
import { recordedEventFrom } from '../eventstore/recorded-event.js';
import { readEvent, type ReadEvent } from '../folding/facts.js';

/** Events of the log in their order, and whether more has arrived already. */
export type Arrival = Readonly<{ events: readonly ReadEvent[]; isFollowed: boolean }>;

/** What arrives of the log, to be taken once. It ends or throws when it is stopped, ends when the store ends it, and throws when the store fails. */
export type LogReading = AsyncIterable<Arrival> & Readonly<{ stop(): Promise<void> }>;

/** How many events, and about how many bytes of them, may wait to be taken; a single event may be larger. */
export type Room = Readonly<{ events: number; bytes: number }>;

/** Begins to read the log after a position (null: from its start). What waits to be taken has so much room. */
export type ReadLog = (after: bigint | null, room: Room) => LogReading;

/** Reads the log, each event as soon as it is there. */
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

/** Events between the one that reads them and the one that takes them, within their room. */
class WaitingEvents {
  readonly #arrivals: (readonly ReadEvent[])[] = [];
  #events = 0;
  #bytes = 0;
  #ended: Readonly<{ error?: unknown }> | null = null;
  #changed = (): void => undefined;

  constructor(private readonly room: Room) {}

  /** Resolves when there is room for the next ones; with false when no one will take them. */
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

  /** Ends what is taken, after what waits; or at once when it failed. */
  end(error?: unknown): void {
    this.#ended ??= error === undefined ? {} : { error };
    this.#changed();
  }

  /** Ends what is taken, and drops what waits. */
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

  /** Only one side waits at a time: the one that reads for room, the one that takes for events. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}
