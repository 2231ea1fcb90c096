import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { customers } from '../../projections/customers.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { nameOfGeneration } from '../../src/read-models/schema.js';
import { ADMIN_TOKEN, deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { connectLive } from '../support/live-client.js';
import { query } from '../support/read-models.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

type Parked = {
  projection: string;
  stream: string;
  stripeEventId: string;
  since: string;
  attempts: number;
  cause: string;
};
type Page = { data: Parked[]; nextCursor: string | null };

const GENERATION = nameOfGeneration({ projection: subscriptions, generation: 1 });

let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  ledger = await startLedger({ eventStore, database });
});
afterAll(async () => {
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
});

async function send(...events: unknown[]): Promise<void> {
  let position = '';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  expect((await read(ledger.url, `/subscriptions?minPosition=${position}&waitMs=20000`)).status).toBe(200);
}
const list = async (path: string): Promise<Page> => (await read<Page>(ledger.url, path, ADMIN_TOKEN)).body;
const post = async (url: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

/** A subscription whose second event is unreadable for projections of subscriptions. */
async function parkOne() {
  const id = randomId('sub');
  const broken = subscriptionEvent(id, { created: START + 1, object: { customer: 7 } });
  await send(subscriptionEvent(id), broken);
  return { id, stream: `subscription-${id}`, broken };
}
/** Removes the cause, as a release with a fixed fold would: another row in the index of ids excludes the event. */
const mend = (stream: string) =>
  query(database.url, `update ledger.event_index_v3 set position = -1 where stream = $1 and revision = 1`, [stream]);

describe('a parked stream', () => {
  it('is reported with its cause, event and time; its stack only on its own page', async () => {
    const { stream, broken } = await parkOne();
    const told = {
      projection: 'subscriptions',
      version: subscriptions.version,
      generation: 1,
      stream,
      attempts: 1,
      revision: '1',
      stripeEventId: broken.id,
      eventType: 'customer.subscription.updated',
      replayWantedAt: null,
      since: expect.stringMatching(/Z$/),
      attemptedAt: expect.stringMatching(/Z$/),
      cause:
        'UnreadableSnapshot: The snapshot\'s "subscription.customer" is a number, not an id or an object with an id.',
    };
    expect((await list('/parked?projection=subscriptions&limit=200')).data).toContainEqual(told);
    expect(await read(ledger.url, `/parked/subscriptions/${stream}`, ADMIN_TOKEN)).toMatchObject({
      status: 200,
      body: { data: [{ ...told, stack: expect.stringContaining('at ') }] },
    });
    expect(await read(ledger.url, `/parked/${GENERATION}/${stream}`, ADMIN_TOKEN)).toMatchObject({
      status: 200,
      body: { data: [told] },
    });
  });

  it('keeps its last good row, which shows since when and why it is stale wherever it is answered', async () => {
    const { id, stream } = await parkOne();
    const stale = {
      since: expect.stringMatching(/Z$/),
      stream,
      revision: '1',
      cause: expect.stringContaining('subscription.customer'),
    };
    expect((await read(ledger.url, `/subscriptions/${id}`)).body).toMatchObject({ id, status: 'active', stale });
    expect((await read(ledger.url, `/customers/cus_of_${id}/subscriptions`)).body).toMatchObject({
      data: [{ id, stale }],
    });
    const client = await connectLive(ledger.url, `/subscriptions/${id}/live`);
    expect(await client.told('the stale row', () => true)).toMatchObject({ data: { id, stale } });
    client.close();
    const fine = randomId('sub');
    await send(subscriptionEvent(fine));
    expect((await read(ledger.url, `/subscriptions/${fine}`)).body).not.toHaveProperty('stale');
  });

  it('is counted for Prometheus and in health', async () => {
    const listed = async (projection: string) => (await list(`/parked?projection=${projection}&limit=200`)).data.length;
    const counted = async ({ name, version }: { name: string; version: number }) =>
      new RegExp(`^ledger_parked_streams{projection="${name}",version="${version}",generation="1"} (\\d+)$`, 'm').exec(
        await (await fetch(`${ledger.url}/metrics`, { headers: { authorization: `Bearer ${READ_TOKEN}` } })).text(),
      )?.[1];
    const healthy = async () =>
      (await read<{ reads: { parked: Record<string, number> } }>(ledger.url, '/health/ready')).body.reads.parked;
    // Other specs may park streams between two requests.
    await until('all tell the same', async () => {
      const [subscribed, others] = [await listed('subscriptions'), await listed('customers')];
      const told = [await counted(subscriptions), await counted(customers), (await healthy())[GENERATION]];
      return told.join() === [subscribed, others, subscribed].join() && subscribed > 0;
    });
  });

  it('is listed page after page, without a gap', async () => {
    const streams = [(await parkOne()).stream, (await parkOne()).stream];
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Page = await list(`/parked?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(page.data.length).toBeLessThanOrEqual(1);
      found.push(...page.data.map(({ projection, stream }) => `${projection} ${stream}`));
      cursor = page.nextCursor;
    }
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual(expect.arrayContaining(streams.map((stream) => `subscriptions ${stream}`)));
  });
});

describe('a replay', () => {
  it('folds the stream again, whichever process is asked, and its row is correct again', async () => {
    const { id, stream } = await parkOne();
    await mend(stream);
    const standby = await startLedger({ eventStore, database });
    expect(await post(standby.url, `/parked/subscriptions/${stream}/replay?waitMs=20000`)).toMatchObject({
      status: 200,
      body: { outcome: 'replayed', parked: [] },
    });
    await standby.stop();
    expect((await read(ledger.url, `/subscriptions/${id}`)).body).not.toHaveProperty('stale');
    expect((await read(ledger.url, `/parked/subscriptions/${stream}`, ADMIN_TOKEN)).status).toBe(404);
  });

  it('that fails again counts one attempt more, and leaves the time since when it is parked', async () => {
    const { stream } = await parkOne();
    const [before] = (await read<Page>(ledger.url, `/parked/subscriptions/${stream}`, ADMIN_TOKEN)).body.data;
    expect(await post(ledger.url, `/parked/subscriptions/${stream}/replay?waitMs=20000`)).toMatchObject({
      status: 200,
      body: {
        outcome: 'parked_again',
        parked: [{ since: before?.since, stripeEventId: before?.stripeEventId, attempts: 2, replayWantedAt: null }],
      },
    });
  });

  it('of all replays parked streams, and keeps those parked that still cannot be folded', async () => {
    const [mended, broken] = [await parkOne(), await parkOne()];
    await mend(mended.stream);
    const { status, body } = await post(ledger.url, '/parked/replay?projection=subscriptions');
    expect({ status, wanted: Number(body['wanted']) >= 2 }).toEqual({ status: 202, wanted: true });
    expect(await post(ledger.url, `/parked/subscriptions/${broken.stream}/replay?waitMs=20000`)).toMatchObject({
      body: { outcome: 'parked_again' },
    });
    expect((await list('/parked?projection=subscriptions&limit=200')).data.map(({ stream }) => stream)).not.toContain(
      mended.stream,
    );
  });

  it('happens automatically when another event of the stream comes', async () => {
    const { id, stream } = await parkOne();
    await mend(stream);
    await send(subscriptionEvent(id, { created: START + 2, object: { status: 'past_due' } }));
    expect((await read(ledger.url, `/subscriptions/${id}`)).body).toMatchObject({ status: 'past_due' });
    expect((await list('/parked?projection=subscriptions&limit=200')).data.map((one) => one.stream)).not.toContain(
      stream,
    );
  });

  it('of a stream that is not parked is answered 404', async () => {
    expect(await post(ledger.url, '/parked/subscriptions/subscription-sub_unknown/replay')).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });
});

/** Runs `npm run ledger -- parked …`; resolves with the exit code and the output. */
const command = (...args: string[]): Promise<{ exit: number; printed: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '', EVENTSTORE_URL: eventStore.url, DATABASE_URL: database.url };
    execFile(process.execPath, [CLI, 'parked', ...args], { env }, (error, printed) =>
      resolve({ exit: typeof error?.code === 'number' ? error.code : 0, printed }),
    );
  });
const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

describe('the command "parked"', () => {
  it('lists, shows and replays parked streams', async () => {
    const { stream, broken } = await parkOne();
    const [listed, shown, again] = await Promise.all([
      command('list', 'subscriptions'),
      command('show', 'subscriptions', stream),
      command('replay', 'subscriptions', stream),
    ]);
    expect(listed).toMatchObject({ exit: 0, printed: expect.stringContaining(`${stream}@1  ${broken.id}`) });
    expect(shown).toMatchObject({ exit: 0, printed: expect.stringMatching(/is a number[^]*\n +at /) });
    expect(again).toMatchObject({ exit: 1, printed: expect.stringContaining('Still parked') });
    await mend(stream);
    expect(await command('replay', 'subscriptions', stream)).toMatchObject({
      exit: 0,
      printed: expect.stringContaining('Replayed'),
    });
    expect(await command('replay')).toMatchObject({ exit: 2 });
  }, 60_000);
});

describe('the door to parking', () => {
  it.each([
    ['GET', '/parked'],
    ['GET', '/parked/subscriptions/subscription-sub_1'],
    ['POST', '/parked/replay'],
    ['POST', '/parked/subscriptions/subscription-sub_1/replay'],
  ])('%s %s wants the scope admin', async (method, path) => {
    const response = await fetch(`${ledger.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${READ_TOKEN}` },
    });
    expect(response.status).toBe(403);
  });
});
