/** The program of the thread that follows the log, until its parent stops it. */
import { parentPort, workerData } from 'node:worker_threads';
import { derivations } from '../derivations/index.js';
import { projections } from '../projections/index.js';
import { Deriver } from './deriving/deriver.js';
import { connectEventStore } from './eventstore/event-store.js';
import { Database } from './read-models/database.js';
import { buildInThread } from './rebuild/build-in-thread.js';
import { CatchUp, type CatchUpObserver } from './catch-up/catch-up.js';
import type { ThreadCommand, ThreadData, ThreadMessage } from './catch-up/thread.js';

if (!parentPort) throw new Error('This module is the worker thread of the catch-up: start it with CatchUpThread.');
const parent = parentPort;
const data = workerData as ThreadData;
const post = (message: ThreadMessage): void => parent.postMessage(message);
const observer: CatchUpObserver = {
  stateChanged: (...values) => post({ name: 'stateChanged', values }),
  batchApplied: (...values) => post({ name: 'batchApplied', values }),
  buildEnded: (...values) => post({ name: 'buildEnded', values }),
  verified: (...values) => post({ name: 'verified', values }),
  warned: (...values) => post({ name: 'warned', values }),
};

const CONNECTIONS_MAX = 4;
const VERIFY_EVERY_MS = 60_000;
const store = connectEventStore(data.eventstoreUrl);
const database = new Database(data.databaseUrl, {
  connectionsMax: CONNECTIONS_MAX,
  onIdleError: (error) => observer.warned(`Postgres closed a connection: ${error.message}`),
});
const stopping = new AbortController();

const intakeIsBusy = (): boolean => Atomics.load(data.busy, 0) === 1;

function follow(): Promise<void> {
  const catchUp = new CatchUp(store, database, {
    projections,
    deriver: new Deriver({ projections, derivations, policy: data.policy, isPressed: intakeIsBusy }),
    observer,
    intakeIsBusy,
    verifyEveryMs: VERIFY_EVERY_MS,
    build: (names, signal) =>
      buildInThread(
        { eventstoreUrl: data.eventstoreUrl, databaseUrl: data.databaseUrl, generations: names },
        { signal, applied: ({ events, result, tookMs }) => observer.batchApplied(events, result, tookMs / 1000) },
      ),
  });
  parent.on('message', (command: ThreadCommand) => {
    if (command === 'hurry') catchUp.hurry();
    else stopping.abort();
  });
  catchUp.start();
  return new Promise((resolve, reject) =>
    stopping.signal.addEventListener('abort', () => {
      catchUp.stop().then(resolve, reject);
    }),
  );
}

await follow();
await database.close();
// Ends only this thread, with its connections: closing them properly would wait for unread streams.
process.exit();
