/** The program of the thread that reads the log for a build: what events say goes to its parent, as fast as that takes it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ReadEvent } from './catch-up/facts.js';
import { posted, readHere, type Arrival, type LogThreadData } from './catch-up/log-reading.js';
import { connectEventStore } from './eventstore/event-store.js';

/** Events that one message takes: enough that what a message costs does not count. */
const MESSAGE_EVENTS_MAX = 250;

if (!parentPort) throw new Error('This module is the worker thread that reads the log: start it with readInThread.');
const parent = parentPort;
const { eventstoreUrl, kinds, after, eventsMax } = workerData as LogThreadData;

let room = eventsMax;
let taken = (): void => undefined;
parent.on('message', (count: number) => {
  room += count;
  taken();
});

async function post(events: readonly ReadEvent[], isFollowed: boolean): Promise<void> {
  parent.postMessage({ events: events.map(posted), isFollowed } satisfies Arrival);
  room -= events.length;
  while (room <= 0) await new Promise<void>((resolve) => { taken = resolve; });
}

async function readOn(): Promise<void> {
  let events: ReadEvent[] = [];
  for await (const { events: arrived, isFollowed } of readHere(connectEventStore(eventstoreUrl), kinds)(after, MESSAGE_EVENTS_MAX)) {
    events.push(...arrived);
    if (isFollowed && events.length < MESSAGE_EVENTS_MAX) continue;
    await post(events, isFollowed);
    events = [];
  }
}

await readOn();
process.exit();
