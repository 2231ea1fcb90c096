/**
 * Access changes for simulated lives, delivered repeatedly, out of order and late, to processes that are killed, with a
 * receiver that fails half of the time. At the end it must know the same as a ledger that received each event once, in
 * order. `SEED=7 LIVES=200` runs other lives.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLedger, verifyAccessChange, type AccessChange as Pushed } from '../../packages/client/src/index.js';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { deliveries } from '../../simulator/deliveries.js';
import { simulate } from '../../simulator/simulator.js';
import { isSameAccess, NO_ACCESS, type Access, type AccessChange } from '../../src/access-changes/change.js';
import { readChanges } from '../../src/access-changes/change-log.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { eventsOf } from '../support/log.js';
import { metricsOf } from '../support/metrics.js';
import { query } from '../support/read-models.js';
import { preparedDatabase, ownEventStore, temporaryDirectory, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const LIVES = Number(process.env['LIVES'] ?? 6);
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const DAY = 86_400;
const now = Math.floor(Date.now() / 1_000);

/** A receiver that fails the first request about each change, before or after recording it. */
class Receiver {
  readonly known = new Map<string, Pushed>();
  readonly ids = new Set<string>();
  requests = 0;
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.requests += 1;
      const change = verifyAccessChange(Buffer.concat(chunks), request.headers, SECRET);
      const isFirst = !this.ids.has(change.id);
      this.ids.add(change.id);
      if (isFirst && this.requests % 2 === 0) return void response.writeHead(500).end();
      if (change.revision > (this.known.get(change.customer)?.revision ?? -1)) this.known.set(change.customer, change);
      if (isFirst) return void request.socket.destroy();
      response.writeHead(204).end();
    });
  });

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

type Role = 'ingest' | 'project' | 'api';
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let eventStore: TestServer;
let database: TestServer;
let store: EventStore;
let calm: TestLedger;
let calmStore: TestServer;
let calmDatabase: TestServer;
const processes = {} as Record<Role, ServiceProcess>;
const receiver = new Receiver();
const apiPort = 20_000 + Math.floor(Math.random() * 10_000);

const urls = () => ({ eventstoreUrl: eventStore.url, databaseUrl: database.url });
async function start(role: Role): Promise<void> {
  processes[role] = await startServiceProcess(urls(), {
    ROLES: role,
    ...(role === 'api' ? { PORT: String(apiPort) } : {}),
    ACCESS_CHANGES: 'yes',
    ACCESS_CHANGES_HELD_CUSTOMERS: '1000000',
    WEBHOOK_OUT_PRIVATE: 'yes',
    WEBHOOK_OUT_APP_URL: receiver.url,
    WEBHOOK_OUT_APP_SECRET: SECRET,
  });
}
async function killed(role: Role): Promise<void> {
  await processes[role].kill();
  await start(role);
}

beforeAll(async () => {
  directory = await temporaryDirectory();
  eventStore = await startEmbeddedEventStore({ directory: directory.path });
  database = await preparedDatabase();
  store = connectEventStore(eventStore.url);
  await receiver.start();
  // One at a time, since each start takes seconds of CPU on a small machine.
  [calmStore, calmDatabase] = [await ownEventStore(), await preparedDatabase()];
  calm = await startLedger({ eventStore: calmStore, database: calmDatabase });
  for (const role of ['project', 'ingest', 'api'] as const) await start(role);
  // Events that arrive before the ledger starts deciding belong to its baseline, which is not announced.
  for (const stream of ['access_begun', 'outbox-app'])
    await until(`${stream} is there`, async () => (await eventsOf(eventStore.url, stream)).length > 0, 60_000);
}, 240_000);
afterAll(async () => {
  await Promise.all(Object.values(processes).map((process) => process.kill()));
  await calm.stop();
  await Promise.all([calmStore.stop(), calmDatabase.stop()]);
  receiver.stop();
  await store.close();
  await Promise.all([eventStore.stop(), database.stop()]);
  await directory.remove();
});

/** Resends until the answer is 2xx, as Stripe does. */
async function deliverAtLast(event: unknown): Promise<void> {
  await until(
    'the event is taken',
    async () =>
      (await deliver(processes.ingest.url, JSON.stringify(event)).catch(() => ({ status: 0 }))).status === 200,
    60_000,
  );
}
const changes = async (): Promise<AccessChange[]> => (await readChanges(store, { after: null, max: 10_000 })).changes;
type Answer = Access & { until: string | null };
async function calmAnswer(customer: string): Promise<Answer> {
  return (await read<Answer>(calm.url, `/v1/access?customer=${customer}`)).body;
}
const latest = (all: readonly AccessChange[]): Map<string, AccessChange> =>
  new Map(all.map((change) => [change.customer, change]));

it(`the receiver knows every customer’s current access, though all is out of order and everything is killed (seed ${SEED})`, async () => {
  const events = simulate({ seed: SEED, subscriptions: LIVES, apiVersion: 'mixed', startAt: now - 100 * DAY })
    .events.map(({ stripeEvent }) => stripeEvent)
    .filter(({ created }) => created <= now);
  // A subscription whose grace ends during the spec, without an event.
  const grace = randomId('sub');
  const graceEndsAt = Math.floor(Date.now() / 1_000) + 20;
  const { items } = subscriptionEvent(grace).data.object;
  const period = { current_period_start: graceEndsAt - 7 * DAY, current_period_end: graceEndsAt + 20 * DAY };
  events.push(
    subscriptionEvent(grace, {
      created: graceEndsAt - 7 * DAY,
      object: { status: 'past_due', items: { ...items, data: [{ ...items.data[0], ...period }] } },
    }) as never,
  );
  const graced = `cus_of_${grace}`;

  // A client follows the feed meanwhile, across the death of the answering process.
  const over = new AbortController();
  const fed: string[] = [];
  const feed = createLedger({ url: `http://127.0.0.1:${apiPort}`, token: READ_TOKEN }).accessChanges({
    after: null,
    signal: over.signal,
    failed: () => undefined,
  });
  const following = (async () => {
    for await (const { id } of feed) fed.push(id);
  })();

  await deliverAtLast(events.at(-1));
  const disorder = [...deliveries(events, { seed: SEED, duplicateRate: 0.3, reorderWindow: 60 })].map(
    (one) => one.event,
  );
  const kills: Role[] = ['ingest', 'project', 'api'];
  const size = Math.ceil(disorder.length / (kills.length + 1));
  for (let from = 0; from < disorder.length; from += size) {
    const part = disorder.slice(from, from + size);
    const senders = Array.from({ length: 8 }, async () => {
      for (let event = part.shift(); event !== undefined; event = part.shift()) await deliverAtLast(event);
    });
    const role = kills.shift();
    await Promise.all([...senders, role === undefined ? Promise.resolve() : killed(role)]);
  }
  for (const event of events) expect((await deliver(calm.url, JSON.stringify(event))).status).toBe(200);

  const customers = new Set([
    ...events.flatMap(({ data: { object } }) => (typeof object['customer'] === 'string' ? [object['customer']] : [])),
    graced,
  ]);
  const differing = async (): Promise<string[]> => {
    const different: string[] = [];
    for (const customer of customers) {
      const told = receiver.known.get(customer)?.now ?? NO_ACCESS;
      if (!isSameAccess(told, await calmAnswer(customer))) different.push(customer);
    }
    return different;
  };
  await until(
    'the grace has ended',
    async () => (await changes()).filter(({ customer }) => customer === graced).length === 2,
    90_000,
  );
  let different: string[] = [];
  await until(
    'the receiver knows what holds for everybody',
    async () => (different = await differing()).length === 0 || undefined,
    60_000,
  ).catch((error: unknown) => {
    throw new Error(`Seed ${SEED}: ${different.join(', ')} differ.`, { cause: error });
  });

  // Checks the log: each decision once, each an actual change, each from the previous state.
  const all = await changes();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const state = new Map<string, AccessChange>();
  for (const change of all) {
    const before = state.get(change.customer);
    expect([change.customer, change.revision]).toEqual([change.customer, (before?.revision ?? -1) + 1]);
    expect(isSameAccess(change.before, before?.now ?? NO_ACCESS)).toBe(true);
    expect(isSameAccess(change.before, change.now)).toBe(false);
    state.set(change.customer, change);
  }
  const ofGraced = all.filter(({ customer }) => customer === graced);
  expect(ofGraced.map(({ now: { granted }, because }) => [granted, because.kind])).toEqual([
    [true, 'event'],
    [false, 'time'],
  ]);
  for (const [customer, change] of latest(all)) expect(receiver.known.get(customer)?.id).toBe(change.id);
  const ids = new Set(all.map(({ id }) => id));
  expect([...receiver.ids].filter((id) => !ids.has(id))).toEqual([]);
  await until('the feed told each change', async () => fed.length >= all.length);
  expect(fed).toEqual(all.map(({ id }) => id));

  // Postgres is lost under the running processes. Nothing is decided or announced twice, and later changes are
  // announced.
  await until('all is told', async () => {
    const { body } = await read<{ accessChanges: { endpoints: { waiting: number }[] } | null }>(
      processes.api.url,
      '/v1/status',
    );
    return body.accessChanges?.endpoints.every(({ waiting }) => waiting === 0);
  });
  const requests = receiver.requests;
  await query(database.url, 'drop schema ledger cascade');
  const next = randomId('sub');
  const fresh = { current_period_start: now - DAY, current_period_end: now + 20 * DAY };
  await deliverAtLast(
    subscriptionEvent(next, { created: now, object: { items: { ...items, data: [{ ...items.data[0], ...fresh }] } } }),
  );
  await until('what is next is told', async () => receiver.known.get(`cus_of_${next}`)?.now.granted, 90_000);
  expect(await changes()).toHaveLength(all.length + 1);
  // One failure and one success; one more request if the kill came in between.
  expect(receiver.requests - requests).toBeLessThanOrEqual(3);

  const metrics = await metricsOf(processes.project.url);
  for (const because of ['event', 'time', 'policy', 'repair'])
    expect(metrics.get(`ledger_access_changes_total{because="${because}"}`)).toBeDefined();
  expect(metrics.get('ledger_outbox_given_up_total{endpoint="app"}')).toBe(0);
  expect(metrics.get('ledger_outbox_stopped{endpoint="app"}')).toBe(0);
  expect(metrics.get('ledger_access_held')).toBe(0);

  over.abort();
  await following;
}, 400_000);
