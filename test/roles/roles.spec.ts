import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { temporaryDirectory, testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let eventStore: TestServer;
let database: TestServer;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let ingest: ServiceProcess;
let project: ServiceProcess;
let api: ServiceProcess;
beforeAll(async () => {
  [eventStore, database, directory] = await Promise.all([testEventStore(), testDatabase(), temporaryDirectory()]);
  const urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
  [ingest, project, api] = await Promise.all([
    startServiceProcess({ ...urls, databaseUrl: 'embedded' }, { ROLES: 'ingest', DATA_DIR: directory.path }),
    startServiceProcess(urls, { ROLES: 'project' }),
    startServiceProcess(urls, { ROLES: 'api' }),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([ingest, project, api].map((process) => process.stop()));
  await Promise.all([eventStore.stop(), database.stop(), directory.remove()]);
});

const health = async ({ url }: ServiceProcess, path = 'ready'): Promise<{ status: number; body: unknown }> => {
  const { status, body } = await read(url, `/health/${path}`);
  return { status, body };
};

describe('three processes on one store, each with one role', () => {
  it('take an event in, project it and answer it', async () => {
    const id = randomId('sub');
    const body = JSON.stringify(subscriptionEvent(id));
    const { body: appended } = await deliver(ingest.url, body);
    expect(appended).toMatchObject({ outcome: 'appended' });
    expect(await deliver(ingest.url, body)).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
    expect(await read(api.url, `/subscriptions/${id}?minPosition=${appended.position}&waitMs=20000`)).toMatchObject({
      status: 200,
      body: { id, status: 'active' },
    });
  });

  it('serve nothing of the other roles', async () => {
    const webhook = async ({ url }: ServiceProcess) =>
      (await deliver(url, JSON.stringify(subscriptionEvent(randomId('sub'))))).status;
    expect([await webhook(project), await webhook(api)]).toEqual([404, 404]);
    const reads = async ({ url }: ServiceProcess) =>
      Promise.all(['/subscriptions', '/projections'].map(async (path) => (await read(url, path)).status));
    expect(await Promise.all([ingest, project, api].map(reads))).toEqual([
      [404, 404],
      [404, 404],
      [200, 200],
    ]);
  });

  it('all serve health and metrics', async () => {
    await deliver(ingest.url, JSON.stringify(subscriptionEvent(randomId('sub')))).then(({ body }) =>
      read(api.url, `/subscriptions?minPosition=${body.position}&waitMs=20000`),
    );
    // Others may write to the store, so that the end of the log moves before it is reached.
    for (const one of [project, api])
      await until('the reads are ready', async () => (await health(one)).status === 200);
    expect(await health(ingest)).toMatchObject({
      status: 200,
      body: {
        ready: true,
        roles: ['ingest'],
        intake: { ready: true },
        reads: { ready: false, postgres: 'not used', catchUp: 'elsewhere' },
      },
    });
    expect(await health(project)).toMatchObject({
      status: 200,
      body: {
        ready: true,
        roles: ['project'],
        intake: { ready: false },
        reads: { ready: true, postgres: 'ok', catchUp: 'projecting' },
      },
    });
    expect(await health(api)).toMatchObject({
      status: 200,
      body: {
        ready: true,
        roles: ['api'],
        intake: { ready: false },
        reads: { ready: true, postgres: 'ok', catchUp: 'elsewhere' },
      },
    });
    expect((await health(ingest, 'ready/reads')).status).toBe(503);
    for (const { url } of [ingest, project, api])
      expect((await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${READ_TOKEN}` } })).status).toBe(200);
  });

  it('need no Postgres to ingest, not even an embedded one', async () => {
    expect(await readdir(directory.path)).not.toContain('postgres');
  });
});
