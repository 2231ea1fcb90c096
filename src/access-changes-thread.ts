/** The program of the thread that decides who has access and delivers changes, until its parent stops it. */
import { hash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { projections } from '../projections/index.js';
import { Decider } from './access-changes/decider.js';
import { send } from './access-changes/delivery.js';
import { Outbox } from './access-changes/outbox.js';
import { countCustomers, noteEndpoints } from './access-changes/states.js';
import type { AccessThreadData, AccessThreadMessage } from './access-changes/thread.js';
import { judgeBy } from './api/access/judge.js';
import { connectEventStore } from './eventstore/event-store.js';
import { Database } from './read-models/database.js';

if (!parentPort) throw new Error('This module is the thread of access changes: start it with AccessChanges.');
const parent = parentPort;
const data = workerData as AccessThreadData;
const tell = (message: AccessThreadMessage): void => parent.postMessage(message);
const warned = (text: string): void => tell({ kind: 'warned', text });
const now = (): Date => new Date();

const CONNECTIONS_MAX = 3;
const ROUND_EVERY_MS = 500;
const AFTER_FAILURE_MS = 2_000;
const STATES_EVERY_MS = 2_000;
/** Rarely, because counting reads all customers. */
const COUNTED_EVERY_MS = 30_000;
const store = connectEventStore(data.eventstoreUrl);
const database = new Database(data.databaseUrl, { connectionsMax: CONNECTIONS_MAX, onIdleError: () => undefined });
const stopping = new AbortController();
parent.once('message', () => stopping.abort());
const { signal } = stopping;
const rest = (ms: number): Promise<void> => pause(ms, undefined, { signal }).catch(() => undefined);

const decider = new Decider({
  store,
  database,
  projections,
  judge: judgeBy(data),
  policy: hash('sha256', JSON.stringify(data.policy)),
  brake: data.brake,
  now,
  decided: (because) => tell({ kind: 'decided', because }),
  held: (customers) => tell({ kind: 'held', customers }),
  warned,
});
const outboxes = data.outbox.endpoints.map(
  (endpoint) =>
    new Outbox({
      store,
      endpoint,
      now,
      send: (change) => send(endpoint, change, { allowsPrivate: data.outbox.allowsPrivate, now: now() }),
      failed: () => tell({ kind: 'not_delivered', endpoint: endpoint.name }),
      gaveUp: () => tell({ kind: 'given_up', endpoint: endpoint.name }),
      warned,
    }),
);

/** Runs rounds until it is stopped; a lasting failure is logged once. */
async function rounds(what: string, round: () => Promise<boolean>): Promise<void> {
  let failure = '';
  while (!signal.aborted) {
    try {
      if (!(await round())) await rest(ROUND_EVERY_MS);
      failure = '';
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== failure) warned(`${what}: ${text}`);
      failure = text;
      await rest(AFTER_FAILURE_MS);
    }
  }
}

let counted = { atMs: -Infinity, states: '' };
/** The deciding process also delivers, so that only one does. */
let isDeciding = false;
function decides(now: boolean): void {
  if (isDeciding !== now) counted = { atMs: -Infinity, states: '' };
  if (isDeciding && !now) tell({ kind: 'standing_by' });
  isDeciding = now;
}

/**
 * Reports states for metrics and for `/v1/status` of other processes: changes at once, all of them from time to time.
 */
async function tellStates(): Promise<void> {
  const endpoints = outboxes.flatMap(({ state }) => state ?? []);
  const states = JSON.stringify(endpoints);
  const isTime = performance.now() - counted.atMs >= COUNTED_EVERY_MS;
  // Until all are read, the last known states of the others remain.
  const areRead = endpoints.length === outboxes.length;
  if (areRead && (isTime || states !== counted.states)) await noteEndpoints(database, endpoints);
  if (isTime) tell({ kind: 'customers', ...(await countCustomers(database)) });
  counted = { atMs: isTime ? performance.now() : counted.atMs, states };
}

await Promise.all([
  rounds('Access changes are not decided', async () => {
    decides(
      await decider.tick().catch((error: unknown) => {
        decides(false);
        throw error;
      }),
    );
    return false;
  }),
  rounds('The state of access changes is not reported', async () => {
    if (isDeciding) await tellStates();
    await rest(STATES_EVERY_MS);
    return false;
  }),
  ...outboxes.map((outbox) =>
    rounds('Access changes are not delivered', async () => {
      if (!isDeciding) {
        await outbox.leave();
        return false;
      }
      const hasDelivered = await outbox.tick();
      if (isDeciding && outbox.state !== null) tell({ kind: 'endpoint', state: outbox.state });
      return hasDelivered;
    }),
  ),
]);
for (const outbox of outboxes)
  await outbox.leave().catch((error: unknown) => warned(`A checkpoint was not written: ${String(error)}`));
await decider.stop();
await database.close();
// Ends only this thread. Its connections to the store end with it.
process.exit();
