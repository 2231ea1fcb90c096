import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyAccessChange } from '../../packages/client/src/index.js';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import type { AccessChange } from '../../src/access-changes/change.js';
import { deliver, read } from '../support/delivery.js';
import { emptyDatabase, temporaryDirectory, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let eventStore: TestServer;
let database: TestServer;
let service: ServiceProcess;
let receiver: Server;
let requests = 0;
/** What the receiver knows of each customer: the change of the highest revision. */
const known = new Map<string, AccessChange>();
let environment: Record<string, string>;
let urls: { eventstoreUrl: string; databaseUrl: string };

beforeAll(async () => {
  // It fails every other time.
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests += 1;
      if (requests % 2 === 1) return response.writeHead(500).end();
      const change = verifyAccessChange(Buffer.concat(chunks), request.headers, SECRET) as AccessChange;
      if (change.revision > (known.get(change.customer)?.revision ?? -1)) known.set(change.customer, change);
      return response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  directory = await temporaryDirectory();
  eventStore = await startEmbeddedEventStore({ directory: directory.path });
  database = await emptyDatabase();
  urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
  environment = {
    ACCESS_CHANGES: 'yes',
    WEBHOOK_OUT_PRIVATE: 'yes',
    WEBHOOK_OUT_APP_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`,
    WEBHOOK_OUT_APP_SECRET: SECRET,
  };
  service = await startServiceProcess(urls, environment);
}, 60_000);
afterAll(async () => {
  await service.kill();
  receiver.close();
  await Promise.all([eventStore.stop(), database.stop()]);
  await directory.remove();
});

const now = Math.floor(Date.now() / 1_000);
const period = (id: string) => ({
  items: {
    ...subscriptionEvent(id).data.object.items,
    data: [
      {
        ...subscriptionEvent(id).data.object.items.data[0],
        current_period_start: now,
        current_period_end: now + 2_678_400,
      },
    ],
  },
});
async function send(id: string, object: Record<string, unknown>, created = now): Promise<void> {
  const event = subscriptionEvent(id, { created, object: { ...period(id), ...object } });
  expect((await deliver(service.url, JSON.stringify(event))).status).toBe(200);
}
const told = (customer: string, granted: boolean) =>
  until(`${customer} is told`, async () => known.get(customer)?.now.granted === granted, 90_000);

it('the receiver is told, signed, though it fails half of the time and the service is killed', async () => {
  // What is heard before the ledger has begun to decide is its baseline, of which nobody is told.
  for (const stream of ['access_begun', 'outbox-app'])
    await until(
      `${stream} is there`,
      async () => (await read<{ data: unknown[] }>(service.url, `/v1/streams/${stream}`)).body.data?.length > 0,
      60_000,
    );
  const id = randomId('sub');
  const customer = `cus_of_${id}`;
  await send(id, {});
  await told(customer, true);
  await send(id, { status: 'unpaid' }, now + 1);
  await service.kill();
  service = await startServiceProcess(urls, environment);
  await told(customer, false);
  const { body } = await read<{ data: AccessChange[] }>(service.url, `/v1/customers/${customer}/access-changes`);
  expect(body.data.map(({ revision, now: { granted } }) => [revision, granted])).toEqual([
    [1, false],
    [0, true],
  ]);
  const feed = await read<{ data: AccessChange[]; nextAfter: string }>(service.url, '/v1/access-changes');
  expect(feed.body.data.filter((change) => change.customer === customer)).toHaveLength(2);
}, 240_000);
