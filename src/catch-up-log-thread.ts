/** The program of the thread that reads the log for a build: what events say goes to its parent, as fast as that takes it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ReadEvent } from './catch-up/facts.js';
import { posted, readHere, roomOf, type Arrival, type LogThreadData, type Room } from './catch-up/log-reading.js';
import { connectEventStore } from './eventstore/event-store.js';

/** What one message takes: enough that what a message costs does not count. */
const MESSAGE: Room = { events: 250, bytes: 4 * 1024 * 1024 };

if (!parentPort) throw new Error('This module is the worker thread that reads the log: start it with readInThread.');
const parent = parentPort;
const { eventstoreUrl, kinds, after, room } = workerData as LogThreadData;

/** What the parent has not taken yet. */
const waiting = { events: 0, bytes: 0 };
let taken = (): void => undefined;
parent.on('message', ({ events, bytes }: Room) => {
  waiting.events -= events;
  waiting.bytes -= bytes;
  taken();
});

async function post(events: readonly ReadEvent[], isFollowed: boolean): Promise<void> {
  parent.postMessage({ events: events.map(posted), isFollowed } satisfies Arrival);
  const { events: count, bytes } = roomOf(events);
  waiting.events += count;
  waiting.bytes += bytes;
  while (waiting.events >= room.events || waiting.bytes >= room.bytes) await new Promise<void>((resolve) => { taken = resolve; });
}

async function readOn(): Promise<void> {
  let events: ReadEvent[] = [];
  let bytes = 0;
  for await (const { events: arrived, isFollowed } of readHere(connectEventStore(eventstoreUrl), kinds)(after, MESSAGE)) {
    events.push(...arrived);
    bytes += roomOf(arrived).bytes;
    if (isFollowed && events.length < MESSAGE.events && bytes < MESSAGE.bytes) continue;
    await post(events, isFollowed);
    [events, bytes] = [[], 0];
  }
}

await readOn();
process.exit();
