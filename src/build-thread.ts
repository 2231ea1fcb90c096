/** The program of a thread that builds read models, until they reach the end of the log or its parent stops it. */
import { parentPort, workerData } from 'node:worker_threads';
import { derivations } from '../derivations/index.js';
import { projections } from '../projections/index.js';
import { Deriver } from './deriving/deriver.js';
import { connectEventStore } from './eventstore/event-store.js';
import { Database } from './read-models/database.js';
import { build } from './rebuild/build.js';
import type { BuildThreadData, BuildThreadMessage } from './rebuild/build-in-thread.js';

if (!parentPort) throw new Error('This module is a worker thread that builds: start it with buildInThread.');
const parent = parentPort;
const { eventstoreUrl, databaseUrl, generations: names } = workerData as BuildThreadData;
const post = (message: BuildThreadMessage): void => parent.postMessage(message);

const CONNECTIONS_MAX = 4;
const database = new Database(databaseUrl, { connectionsMax: CONNECTIONS_MAX, onIdleError: () => undefined });
const stopping = new AbortController();
parent.once('message', () => stopping.abort());

const outcome = await build(
  {
    store: connectEventStore(eventstoreUrl),
    database,
    projections,
    // This thread only notes the keys of derived rows; they are derived elsewhere.
    deriver: new Deriver({ projections, derivations, policy: {} }),
  },
  {
    generations: names,
    signal: stopping.signal,
    applied: ({ events, result, tookMs, position, recordedAt }) =>
      post({ kind: 'applied', batch: { events, result, tookMs, position, recordedAt } }),
  },
);
post({ kind: 'ended', outcome });
await database.close();
// Ends only this thread, with its connections: closing them properly would wait for unread streams.
process.exit();
