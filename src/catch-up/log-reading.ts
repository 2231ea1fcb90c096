import assert from 'node:assert/strict';
import { on } from 'node:events';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { SnapshotKind } from '../events/normalise.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToAll } from '../eventstore/read.js';
import { recordedEventOf } from '../eventstore/recorded-event.js';
import { readEvent, type ReadEvent } from './facts.js';
import { compiledFile } from './thread.js';

/** Events of the log in their order, and whether more has arrived already. */
export type Arrival = Readonly<{ events: readonly ReadEvent[]; isFollowed: boolean }>;

/** What arrives of the log, to be taken once. It ends or throws when it is stopped, ends when the store ends it, and throws when the store fails. */
export type LogReading = AsyncIterable<Arrival> & Readonly<{ stop(): Promise<void> }>;

/** Begins to read the log after a position (null: from its start). No more than about so many events wait to be taken. */
export type ReadLog = (after: bigint | null, eventsMax: number) => LogReading;

/** Reads the log here, each event as soon as it is there. */
export const readHere = (store: EventStore, kinds: ReadonlySet<SnapshotKind>): ReadLog => (after, eventsMax) => {
  const subscription = subscribeToAll(store, after, eventsMax);
  async function* arrivals(): AsyncGenerator<Arrival> {
    let waited = true;
    for await (const resolved of subscription) {
      // The connection's credit is renewed at the end of this turn: what has come is read after it, while the store sends what is next.
      if (waited) await othersTurn();
      const event = recordedEventOf(resolved);
      assert(event !== null, 'no link is resolved, so none can lead nowhere');
      waited = subscription.readableLength === 0;
      yield { events: [readEvent(event, kinds)], isFollowed: !waited };
    }
  }
  return { [Symbol.asyncIterator]: arrivals, stop: () => subscription.unsubscribe().finally(() => subscription.destroy()) };
};

/** What a message between threads keeps of an error is not its name, which the cause of a parked stream begins with. */
const withError = (event: ReadEvent, change: (error: Error) => object): ReadEvent =>
  event.says.kind === 'unreadable' ? { ...event, says: { ...event.says, error: change(event.says.error as Error) } } : event;

/** An event as it may be posted to another thread; `revived` is for the other side. */
export const posted = (event: ReadEvent): ReadEvent => withError(event, ({ name, message, stack }) => ({ name, message, stack }));

const revived = (event: ReadEvent): ReadEvent => withError(event, (error) => Object.assign(new Error(error.message), error));

/** What a thread that reads the log is started with. */
export type LogThreadData = Readonly<{ eventstoreUrl: string; kinds: ReadonlySet<SnapshotKind>; after: bigint | null; eventsMax: number }>;

/** Reads the log in a thread of its own, for who has much of it to fold: half of the work of a rebuild is reading. */
export const readInThread = ({ url: eventstoreUrl }: EventStore, kinds: ReadonlySet<SnapshotKind>): ReadLog => (after, eventsMax) => {
  const workerData: LogThreadData = { eventstoreUrl, kinds, after, eventsMax };
  const thread = new Worker(compiledFile('catch-up-log-thread.js'), { workerData, name: 'log', execArgv: [] });
  const messages = on(thread, 'message', { close: ['exit'] });
  // Whoever takes what arrives hears of it; when nobody does any more, nobody needs to.
  thread.on('error', () => undefined);
  let stopped = false;
  async function* arrivals(): AsyncGenerator<Arrival> {
    for await (const [message] of messages) {
      if (stopped) return;
      const { events, isFollowed } = message as Arrival;
      yield { events: events.map(revived), isFollowed };
      thread.postMessage(events.length);
    }
  }
  const stop = async (): Promise<void> => {
    stopped = true;
    await thread.terminate();
  };
  return { [Symbol.asyncIterator]: arrivals, stop };
};
