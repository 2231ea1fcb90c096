import assert from 'node:assert/strict';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { SnapshotKind } from '../events/normalise.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToPart } from '../eventstore/log-subscription.js';
import { subscribeToAll } from '../eventstore/read.js';
import { recordedEventOf } from '../eventstore/recorded-event.js';
import { storeErrorOf } from '../eventstore/store-errors.js';
import { readEvent, skippedEvent, type ReadEvent } from '../folding/facts.js';
import { isIn, type Shard } from '../projector/shard.js';

/** Events of the log in their order, and whether more has arrived already. */
export type Arrival = Readonly<{ events: readonly ReadEvent[]; isFollowed: boolean }>;

/** What arrives of the log, to be taken once. It ends or throws when it is stopped, ends when the store ends it, and throws when the store fails. */
export type LogReading = AsyncIterable<Arrival> & Readonly<{ stop(): Promise<void> }>;

/** How many events, and about how many bytes of them, may wait to be taken; a single event may be larger. */
export type Room = Readonly<{ events: number; bytes: number }>;

/** Begins to read the log after a position (null: from its start). What waits to be taken has so much room. */
export type ReadLog = (after: bigint | null, room: Room) => LogReading;

/** Events that the client holds in each of its buffers, bodies and all: one may be as large as the append limit. */
const CLIENT_BUFFER_EVENTS = 8;

/** Reads the log here, each event as soon as it is there. */
export const readHere = (store: EventStore, kinds: ReadonlySet<SnapshotKind>): ReadLog => (after, room) => {
  const subscription = subscribeToAll(store, after, CLIENT_BUFFER_EVENTS);
  const waiting = new WaitingEvents(room);
  const stop = (): Promise<void> => {
    waiting.stop();
    return subscription.unsubscribe().finally(() => subscription.destroy());
  };
  async function readAhead(): Promise<void> {
    let waited = true;
    for await (const resolved of subscription) {
      // The connection's credit is renewed at the end of this turn: what has come is read after it, while the store sends what is next.
      if (waited) await othersTurn();
      const event = recordedEventOf(resolved);
      assert(event !== null, 'no link is resolved, so none can lead nowhere');
      waited = subscription.readableLength === 0;
      if (!(await waiting.put(readEvent(event, kinds), { isFollowed: !waited }))) return;
    }
  }
  readAhead().then(() => waiting.end(), (error: unknown) => waiting.end(storeErrorOf(error, { what: 'Following the log', ofLog: true })));
  return { [Symbol.asyncIterator]: () => waiting.take(), stop };
};

/** Events between the one that reads them and the one that takes them, within their room. */
class WaitingEvents {
  #events: ReadEvent[] = [];
  #bytes = 0;
  #isFollowed = false;
  #ended: Readonly<{ error?: unknown }> | null = null;
  #changed = (): void => undefined;

  constructor(private readonly room: Room) {}

  /** Resolves when there is room for the next one, which `isFollowed` says has come; with false when no one will take it. */
  async put(event: ReadEvent, { isFollowed }: { isFollowed: boolean }): Promise<boolean> {
    this.#events.push(event);
    this.#isFollowed = isFollowed;
    this.#bytes += event.bytes;
    this.#changed();
    while (this.#ended === null && (this.#events.length >= this.room.events || this.#bytes >= this.room.bytes)) await this.#change();
    return this.#ended === null;
  }

  /** Ends what is taken, after what waits; or at once when it failed. */
  end(error?: unknown): void {
    this.#ended ??= error === undefined ? {} : { error };
    this.#changed();
  }

  /** Ends what is taken, and drops what waits. */
  stop(): void {
    this.#events = [];
    this.end();
  }

  async *take(): AsyncGenerator<Arrival> {
    for (;;) {
      while (this.#events.length === 0 && this.#ended === null) await this.#change();
      if (this.#ended?.error !== undefined) throw this.#ended.error;
      const event = this.#events.shift();
      if (event === undefined) return;
      this.#bytes -= event.bytes;
      this.#changed();
      yield { events: [event], isFollowed: this.#events.length > 0 || this.#isFollowed };
    }
  }

  /** Only one side waits at a time: the one that reads for room, the one that takes for events. */
  #change(): Promise<void> {
    return new Promise((resolve) => { this.#changed = resolve; });
  }
}

/** Reads the log as one of several workers: of streams that fall to others it learns no more than that they went on. */
export const readPart = (store: EventStore, kinds: ReadonlySet<SnapshotKind>, shard: Shard): ReadLog => (after, room) => {
  const waiting = new WaitingEvents(room);
  const stopping = new AbortController();
  async function readAhead(): Promise<void> {
    const reading = subscribeToPart(store, { after, isWanted: (stream) => isIn(shard, stream), signal: stopping.signal });
    for await (const event of reading) {
      const read = 'kind' in event ? skippedEvent(event) : readEvent(event, kinds);
      if (!(await waiting.put(read, { isFollowed: true }))) return;
    }
  }
  readAhead().then(() => waiting.end(), (error: unknown) => waiting.end(error));
  const stop = async (): Promise<void> => {
    waiting.stop();
    stopping.abort();
  };
  return { [Symbol.asyncIterator]: () => waiting.take(), stop };
};
