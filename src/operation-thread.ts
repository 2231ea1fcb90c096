/** The program of a thread that runs one operation, until it is done or its parent stops it. */
import { parentPort, workerData } from 'node:worker_threads';
import { derivations } from '../derivations/index.js';
import { projections } from '../projections/index.js';
import { Deriver } from './deriving/deriver.js';
import { connectEventStore } from './eventstore/event-store.js';
import { workAt } from './operations/claim.js';
import type { OperationThreadData } from './operations/operations.js';
import { Database } from './read-models/database.js';

if (!parentPort) throw new Error('This module is the worker thread of an operation: it is started by Operations.');
const parent = parentPort;
const { eventstoreUrl, databaseUrl, policy, operation } = workerData as OperationThreadData;

const CONNECTIONS_MAX = 4;
const store = connectEventStore(eventstoreUrl);
const database = new Database(databaseUrl, { connectionsMax: CONNECTIONS_MAX, onIdleError: () => undefined });
const stopping = new AbortController();
parent.once('message', () => stopping.abort());

const deriver = new Deriver({ projections, derivations, policy });
await workAt(operation, { store, parts: { store, database, projections, deriver }, signal: stopping.signal });
await database.close();
// Ends only this thread, with its connections: closing them properly would wait for unread streams.
process.exit();
