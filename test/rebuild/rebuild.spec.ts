import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { subscriptions } from '../../projections/subscriptions.js';
import type { Comparison } from '../../src/rebuild/rebuilding.js';
import { anotherBuild, thisBuild, type Build } from '../support/builds.js';
import { findingsOf, runCommand } from '../support/ledger-command.js';
import { deliver, read } from '../support/delivery.js';
import { query } from '../support/read-models.js';
import { SHARES_STORE, serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

/** Maps past_due to active. */
const BUG = `rows: (state) => ({ subscriptions: original.rows(state).subscriptions.map((row) => ({ ...row, status: row.status === 'past_due' ? 'active' : row.status })) })`;
const nameOf = (generation: number) => `subscriptions_v${subscriptions.version}_g${generation}`;

let eventStore: TestServer;
let database: TestServer;
let urls: { eventstoreUrl: string; databaseUrl: string };
const running: ServiceProcess[] = [];
beforeAll(async () => {
  eventStore = await testEventStore();
});
afterAll(() => eventStore.stop());
beforeEach(async () => {
  database = await serviceDatabase();
  urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.kill()));
  await database.stop();
});

async function start(build: Build): Promise<ServiceProcess> {
  const service = await startServiceProcess(urls, { LOG_LEVEL: 'info' }, build);
  running.push(service);
  return service;
}

/** Sends events one after the other, and waits until they are in the rows. */
async function send(service: ServiceProcess, ...events: unknown[]): Promise<string> {
  let position = '';
  for (const event of events) ({ position } = (await deliver(service.url, JSON.stringify(event))).body);
  expect((await read(service.url, `/subscriptions?minPosition=${position}&waitMs=30000`)).status).toBe(200);
  return position;
}

/** The rows of these events' subscriptions; a shared store has others. */
const rowsFor = async (events: readonly ReturnType<typeof subscriptionEvent>[]) => {
  const ids = events.map((event) => event.data.object.id);
  return query<{ id: string; status: string }>(
    database.url,
    'select * from ledger.subscriptions where id = any($1) order by id',
    [ids],
  );
};
const generations = () =>
  query<{ name: string; state: string; shown: boolean }>(
    database.url,
    `select name, state, shown from ledger.checkpoints where projection = 'subscriptions' order by name`,
  );

/**
 * Expects `verify` to find no fault in these subscriptions, and on a separate store none at all. On a shared store
 * other specs delete streams meanwhile.
 */
async function expectVerified(ids: readonly string[]): Promise<void> {
  const { code, output } = await runCommand(['verify', '--json'], urls);
  const streams = ids.map((id) => `subscription-${id}`);
  expect(
    [...findingsOf(output, 'difference'), ...findingsOf(output, 'unfoldable')].filter(({ stream }) =>
      streams.includes(stream),
    ),
  ).toEqual([]);
  if (!SHARES_STORE) expect(code).toBe(0);
}

describe('a projection with a bug', () => {
  it('is named row by row by a dry run of the mended build, mended by a rebuild in exactly those rows, and comes back by a rollback', async () => {
    const wrong = await anotherBuild(`{ ...original, ${BUG} }`);
    const service = await start(wrong);
    const statuses = ['active', 'past_due', 'trialing', 'past_due', 'canceled', 'active'];
    const sent = statuses.map((status) => subscriptionEvent(randomId('sub'), { object: { status } }));
    await send(service, ...sent);
    await service.stop();
    const before = await rowsFor(sent);
    const concerned = sent
      .filter((_, at) => statuses[at] === 'past_due')
      .map((event) => ({ id: event.data.object.id, event: event.id }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const onlyOurs = <T extends { key: Readonly<Record<string, unknown>> }>(rows: readonly T[]) =>
      rows.filter(({ key }) => sent.some((event) => event.data.object.id === key['id']));

    const verified = await runCommand(['verify', 'subscriptions', '--json'], urls);
    expect(verified.code).toBe(1);
    expect(
      onlyOurs(findingsOf(verified.output, 'difference')).map(({ key, columns, after }) => ({
        id: key['id'],
        columns,
        status: after?.['status'],
      })),
    ).toEqual(concerned.map(({ id }) => ({ id, columns: ['status'], status: 'past_due' })));

    const dryRun = await runCommand(['rebuild', 'subscriptions', '--dry-run', '--json'], urls);
    const [comparison] = JSON.parse(dryRun.output) as Comparison[];
    const [table] = comparison?.tables ?? [];
    expect(
      onlyOurs(table?.examples ?? []).map(({ key, before: old, after }) => [
        key['id'],
        old?.['status'],
        after?.['status'],
        after?.['stripe_event_id'],
      ]),
    ).toEqual(concerned.map(({ id, event }) => [id, 'active', 'past_due', event]));
    expect(await rowsFor(sent)).toEqual(before);
    expect(await generations()).toEqual([{ name: nameOf(1), state: 'live', shown: true }]);

    expect(await runCommand(['rebuild', 'subscriptions'], urls)).toMatchObject({ code: 0 });
    const mended = await rowsFor(sent);
    expect(
      mended
        .filter((row, at) => JSON.stringify(row) !== JSON.stringify(before[at]))
        .map(({ id, status }) => [id, status]),
    ).toEqual(concerned.map(({ id }) => [id, 'past_due']));
    expect(await generations()).toEqual([
      { name: nameOf(1), state: 'kept', shown: false },
      { name: nameOf(2), state: 'live', shown: true },
    ]);
    await expectVerified(sent.map((event) => event.data.object.id));

    expect(await runCommand(['rollback', 'subscriptions'], urls)).toMatchObject({
      code: 0,
      output: 'The views show generation 1 of subscriptions again.\n',
    });
    expect(await rowsFor(sent)).toEqual(before);
    await wrong.remove();
  }, 120_000);

  it('moves no view while the new rows lack a stream that the old ones have', async () => {
    const service = await start(thisBuild);
    await send(service, subscriptionEvent(randomId('sub')));
    await service.stop();
    const wrong = await anotherBuild(`{ ...original, rows: () => { throw new Error('never before seen'); } }`);
    const refused = await runCommand(['rebuild', 'subscriptions'], urls, wrong);
    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(
      /streams are parked in the new tables but not in the old ones, so nothing was changed: .*subscription-/,
    );
    expect(await generations()).toEqual([{ name: nameOf(1), state: 'live', shown: true }]);
    await wrong.remove();
  }, 120_000);
});

describe('a rebuild while deliveries storm in', () => {
  it('lets readers see no error, no missing row and no older state, and ends with the rows that a fresh fold gives', async () => {
    const service = await start(thisBuild);
    const ids = Array.from({ length: 10 }, () => randomId('sub'));
    await send(service, ...ids.map((id) => eventOf(id, 0)));
    const storm = { ended: false };
    const faults: string[] = [];
    const delivering = ids.map(async (id) => {
      for (let at = 1; !storm.ended; at += 1) await deliver(service.url, JSON.stringify(eventOf(id, at)));
    });
    const reading = ids.map(async (id) => {
      for (let last = 0; !storm.ended;) {
        const [one, list] = await Promise.all([
          read<{ items: { quantity: number }[] }>(service.url, `/subscriptions/${id}`),
          read<{ data: unknown[] }>(service.url, '/subscriptions'),
        ]);
        const shown = one.body.items?.[0]?.quantity ?? -1;
        if (one.status !== 200 || list.status !== 200 || list.body.data.length < ids.length || shown < last)
          faults.push(`${id}: ${one.status} ${list.status}, ${list.body.data?.length} rows, ${shown} after ${last}`);
        last = shown;
      }
    });
    const rebuilt = await runCommand(['rebuild', 'subscriptions', 'invoices'], urls);
    storm.ended = true;
    await Promise.all([...delivering, ...reading]);
    expect(rebuilt).toMatchObject({ code: 0, output: expect.stringContaining('subscriptions, invoices') });
    expect(faults).toEqual([]);
    await send(service, subscriptionEvent(randomId('sub')));
    await expectVerified(ids);
    expect(await generations()).toEqual([
      { name: nameOf(1), state: 'kept', shown: false },
      { name: nameOf(2), state: 'live', shown: true },
    ]);
  }, 120_000);

  /** The state of a subscription whose quantity is the number of its events. */
  function eventOf(id: string, at: number) {
    const event = subscriptionEvent(id, { created: START + at });
    const [item] = event.data.object.items.data;
    return {
      ...event,
      data: {
        object: { ...event.data.object, items: { ...event.data.object.items, data: [{ ...item, quantity: at }] } },
      },
    };
  }
});

describe('an old and a new build', () => {
  it('run side by side, each on rows of its own version; the new one takes over all when the old one stops', async () => {
    const next = await anotherBuild(`{ ...original, version: original.version + 1, ${BUG} }`);
    const old = await start(thisBuild);
    const id = randomId('sub');
    await send(old, subscriptionEvent(id, { object: { status: 'past_due' } }));

    const beforehand = await runCommand(['rebuild'], urls, next);
    expect(beforehand).toMatchObject({
      code: 0,
      // Derived read models are named too, if the old build has not derived them yet.
      output: expect.stringMatching(/^subscriptions\b.*: built\. Services of/m),
    });
    const fresh = await start(next);
    await until('the new build is ready for reads', async () => (await fetch(`${fresh.url}/health/ready/reads`)).ok);
    expect((await read(fresh.url, `/subscriptions/${id}`)).body['status']).toBe('active');
    expect((await read(old.url, `/subscriptions/${id}`)).body['status']).toBe('past_due');

    const position = await send(
      old,
      subscriptionEvent(id, { created: START + 1, object: { status: 'past_due', collection_method: 'send_invoice' } }),
    );
    expect((await read(fresh.url, `/subscriptions/${id}?minPosition=${position}&waitMs=30000`)).body).toMatchObject({
      status: 'active',
      collectionMethod: 'send_invoice',
    });
    const { body } = await read<{ data: { name: string; version: number; state: string }[] }>(
      fresh.url,
      '/projections',
    );
    expect(
      body.data.filter(({ name }) => name === 'subscriptions').map(({ version, state }) => [version, state]),
    ).toEqual([
      [subscriptions.version, 'live'],
      [subscriptions.version + 1, 'live'],
    ]);
    await until(
      'the unversioned view shows the new version',
      async () =>
        (await query(database.url, `select 1 from ledger.subscriptions where id = $1 and status = 'active'`, [id]))
          .length > 0,
    );

    await old.stop();
    await send(fresh, subscriptionEvent(id, { created: START + 2, object: { status: 'unpaid' } }));
    expect((await read(fresh.url, `/subscriptions/${id}`)).body['status']).toBe('unpaid');
    await until(
      'all that the new build reads moves together',
      async () =>
        (
          await query<{ positions: number }>(
            database.url,
            `select count(distinct position)::int as positions from ledger.checkpoints where state = 'live' and name <> $1`,
            [nameOf(1)],
          )
        )[0]?.positions === 1,
    );
    await next.remove();
  }, 120_000);
});
