import assert from 'node:assert/strict';
import { on } from 'node:events';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { SnapshotKind } from '../events/normalise.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToAll } from '../eventstore/read.js';
import { recordedEventOf } from '../eventstore/recorded-event.js';
import { storeErrorOf } from '../eventstore/store-errors.js';
import { readEvent, type ReadEvent } from './facts.js';
import { compiledFile } from './thread.js';

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

/** What a message between threads keeps of an error is not its name, which the cause of a parked stream begins with. */
const withError = (event: ReadEvent, change: (error: Error) => object): ReadEvent =>
  event.says.kind === 'unreadable' ? { ...event, says: { ...event.says, error: change(event.says.error as Error) } } : event;

/** An event as it may be posted to another thread; `revived` is for the other side. */
export const posted = (event: ReadEvent): ReadEvent => withError(event, ({ name, message, stack }) => ({ name, message, stack }));

const revived = (event: ReadEvent): ReadEvent => withError(event, (error) => Object.assign(new Error(error.message), error));

/** The room that events take. */
export const roomOf = (events: readonly ReadEvent[]): Room =>
  ({ events: events.length, bytes: events.reduce((sum, { bytes }) => sum + bytes, 0) });

/** What a thread that reads the log is started with. */
export type LogThreadData = Readonly<{ eventstoreUrl: string; kinds: ReadonlySet<SnapshotKind>; after: bigint | null; room: Room }>;

/** Reads the log in a worker thread: half of the work of a rebuild is reading. */
export const readInThread = ({ url: eventstoreUrl }: EventStore, kinds: ReadonlySet<SnapshotKind>): ReadLog => (after, room) => {
  const workerData: LogThreadData = { eventstoreUrl, kinds, after, room };
  const thread = new Worker(compiledFile('catch-up-log-thread.js'), { workerData, name: 'log', execArgv: [] });
  const messages = on(thread, 'message', { close: ['exit'] });
  // The iterator reports this error; after it has ended, the error does not matter.
  thread.on('error', () => undefined);
  let stopped = false;
  async function* arrivals(): AsyncGenerator<Arrival> {
    for await (const [message] of messages) {
      if (stopped) return;
      const { events, isFollowed } = message as Arrival;
      yield { events: events.map(revived), isFollowed };
      thread.postMessage(roomOf(events));
    }
  }
  const stop = async (): Promise<void> => {
    stopped = true;
    await thread.terminate();
  };
  return { [Symbol.asyncIterator]: arrivals, stop };
};
