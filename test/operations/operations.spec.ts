import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { nameOfGeneration } from '../../src/read-models/schema.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { ADMIN_TOKEN, deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { eventsOf } from '../support/log.js';
import { query } from '../support/read-models.js';
import { serviceDatabase, testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

type Operation = {
  id: string;
  state: string;
  by: string;
  attempts: number;
  request: Record<string, unknown>;
  result: Record<string, unknown> | null;
  cause: string | null;
  progress: { done: number; unit: string } | null;
  startedAt: string | null;
  endedAt: string | null;
};

let eventStore: TestServer;
let database: TestServer;
let urls: { eventstoreUrl: string; databaseUrl: string };
let ledger: TestLedger;
const processes: ServiceProcess[] = [];
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
  ledger = await startLedger({ eventStore, database });
});
afterAll(async () => {
  await Promise.all(processes.splice(0).map((service) => service.kill()));
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
});

const authorization = `Bearer ${ADMIN_TOKEN}`;
async function send(method: string, path: string, { body, key }: { body?: unknown; key?: string } = {}) {
  const response = await fetch(`${ledger.url}/v1${path}`, {
    method,
    headers: { authorization, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Operation & { code?: string },
  };
}
const ask = (body: unknown, key?: string) =>
  send('POST', '/operations', { body, ...(key === undefined ? {} : { key }) });
const operationNow = async (id: string) =>
  (await read<Operation>(ledger.url, `/v1/operations/${id}`, ADMIN_TOKEN)).body;
const ended = (id: string, withinMs = 60_000) =>
  until(
    `${id} has ended`,
    async () => {
      const operation = await operationNow(id);
      return operation.endedAt !== null && operation;
    },
    withinMs,
  );
const list = async () =>
  (await read<{ data: Operation[]; nextCursor: string | null }>(ledger.url, '/v1/operations?limit=200', ADMIN_TOKEN))
    .body.data;

/** Delivers events and waits until they are in the rows. */
async function project(...events: unknown[]): Promise<void> {
  let position = '';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  expect((await read(ledger.url, `/v1/subscriptions?minPosition=${position}&waitMs=20000`)).status).toBe(200);
}

describe('an operation', () => {
  it('is requested once by its key, runs, and shows who, when, its progress and its result', async () => {
    const id = randomId('sub');
    await project(subscriptionEvent(id));
    const key = randomId('key');
    const body = { kind: 'dry_run', projections: ['subscriptions'], examples: 3 };
    const asked = await ask(body, key);
    expect(asked.status).toBe(202);
    expect(asked.headers.get('location')).toBe(`/v1/operations/${asked.body.id}`);
    expect((await ask(body, key)).body.id).toBe(asked.body.id);
    expect(await ask({ ...body, examples: 4 }, key)).toMatchObject({ status: 409, body: { code: 'key_reused' } });
    const done = await ended(asked.body.id);
    expect(done).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      by: expect.stringMatching(/\w/),
      request: { ...body, fresh: false },
      cause: null,
      startedAt: expect.stringMatching(/Z$/),
      result: {
        first: [],
        comparisons: [{ projection: 'subscriptions', tables: [{ changed: 0, added: 0, removed: 0 }] }],
      },
    });
    expect(done.progress).toMatchObject({ unit: 'events', share: expect.any(Number) });
    const steps = (await eventsOf(eventStore.url, `operations-${done.id}`)).map(({ type }) => type);
    expect(steps.filter((type) => type !== 'operation-progressed')).toEqual([
      'operation-requested',
      'operation-started',
      'operation-succeeded',
    ]);
  });

  it('that verifies finds a row that is not what its stream gives, and a rebuild mends it', async () => {
    const id = randomId('sub');
    await project(subscriptionEvent(id));
    const stream = `subscription-${id}`;
    await query(
      database.url,
      `update ledger.${nameOfGeneration({ projection: subscriptions, generation: 1 })} set status = 'unpaid' where id = $1`,
      [id],
    );
    const wrong = await ended((await ask({ kind: 'verify', stream })).body.id);
    expect(wrong).toMatchObject({
      state: 'succeeded',
      result: {
        isRight: false,
        difference: 1,
        streams: 1,
        examples: [{ kind: 'difference', stream, before: { status: 'unpaid' }, after: { status: 'active' } }],
      },
    });
    const rebuilt = await ended((await ask({ kind: 'rebuild', projections: ['subscriptions'] })).body.id, 60_000);
    expect(rebuilt).toMatchObject({ state: 'succeeded', result: { shown: ['subscriptions'], built: [] } });
    expect((await ended((await ask({ kind: 'verify', stream })).body.id)).result).toMatchObject({ isRight: true });
    const back = await ended((await ask({ kind: 'rollback', projection: 'subscriptions' })).body.id, 60_000);
    expect(back.state).toBe('succeeded');
  }, 180_000);

  it('that replays folds the streams again that one cause stopped, and no others', async () => {
    const park = async (object: Record<string, unknown>) => {
      const id = randomId('sub');
      await project(subscriptionEvent(id), subscriptionEvent(id, { created: START + 1, object }));
      const [parked] = await query<{ cause: string; attempts: number }>(
        database.url,
        `select cause, attempts from ledger.parked_streams where stream = $1 and generation like 'subscriptions%'`,
        [`subscription-${id}`],
      );
      return { stream: `subscription-${id}`, cause: String(parked?.cause) };
    };
    const attemptsOf = async (stream: string) =>
      (
        await query<{ attempts: number }>(
          database.url,
          `select max(attempts) as attempts from ledger.parked_streams where stream = $1`,
          [stream],
        )
      )[0]?.attempts;
    const [first, second, other] = [
      await park({ customer: 7 }),
      await park({ customer: 7 }),
      await park({ status: 7 }),
    ];
    expect(first.cause).toBe(second.cause);
    const replayed = await ended((await ask({ kind: 'replay', cause: first.cause })).body.id);
    expect(replayed).toMatchObject({ state: 'succeeded', result: { outcome: 'parked_again' } });
    expect(await Promise.all([first, second, other].map(({ stream }) => attemptsOf(stream)))).toEqual([2, 2, 1]);
  });

  it.each([
    ['no JSON', 'kind=rebuild', 'The body must be a JSON object.'],
    ['no kind', {}, 'kind'],
    ['a member that nobody knows', { kind: 'verify', all: true }, 'all'],
    ['a projection that nobody has', { kind: 'rebuild', projections: ['invoice'] }, 'Unknown projection "invoice"'],
  ])('of %s is refused', async (_, body, detail) => {
    expect(await ask(body)).toMatchObject({
      status: 400,
      body: { code: 'bad_request', detail: expect.stringContaining(detail) },
    });
  });

  it('with a body that is too large is refused, and so is an unexpected body', async () => {
    expect((await ask(' '.repeat(20_000))).status).toBe(413);
    expect((await send('GET', '/operations/op_0123456789abcdef01234567')).status).toBe(404);
    expect((await send('DELETE', '/operations/op_none')).status).toBe(404);
  });
});

describe('without a process that projects', () => {
  it('is kept, listed newest first, and cancelled at once', async () => {
    const [other, own] = await Promise.all([testDatabase(), testEventStore()]);
    const both = await startLedger({ database: other, eventStore: own });
    // The tables exist, and no process projects.
    await until(
      'the schema is there',
      async () => (await query(other.url, `select to_regclass('ledger.identity') as found`))[0]?.['found'] !== null,
    );
    await both.service.stop();
    const reader = await startLedger({ database: other, eventStore: own, environment: { ROLES: 'api' } });
    const post = async (body: unknown) =>
      (await (
        await fetch(`${reader.url}/v1/operations`, {
          method: 'POST',
          headers: { authorization },
          body: JSON.stringify(body),
        })
      ).json()) as Operation;
    const [first, second] = [
      await post({ kind: 'verify' }),
      await post({ kind: 'rebuild', projections: ['subscriptions'] }),
    ];
    const page = async (path: string) =>
      (await read<{ data: Operation[]; nextCursor: string }>(reader.url, `/v1/operations${path}`, ADMIN_TOKEN)).body;
    const newest = await page('?limit=1');
    expect(newest.data).toMatchObject([{ id: second.id, state: 'queued' }]);
    expect((await page(`?limit=1&cursor=${newest.nextCursor}`)).data).toMatchObject([{ id: first.id }]);
    const cancelled = await fetch(`${reader.url}/v1/operations/${first.id}`, {
      method: 'DELETE',
      headers: { authorization },
    });
    expect(await cancelled.json()).toMatchObject({ id: first.id, state: 'cancelled', endedAt: expect.any(String) });
    await reader.service.stop();
    // A projecting process takes over what is left.
    const worker = await startLedger({ database: other, eventStore: own });
    await until(
      'it is done',
      async () =>
        (await read<Operation>(worker.url, `/v1/operations/${second.id}`, ADMIN_TOKEN)).body.state === 'succeeded',
      60_000,
    );
    await worker.service.stop();
    await Promise.all([other.stop(), own.stop()]);
  }, 120_000);
});

describe('an operation whose process is killed', () => {
  /** Blocks every read of checkpoints. */
  async function holdTables(): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('begin; lock table ledger.checkpoints in access exclusive mode');
    return () => client.end();
  }
  const stepsOf = async (id: string) => (await eventsOf(eventStore.url, `operations-${id}`)).map(({ type }) => type);

  it('is resumed by one other process, once; cancelled while it works, it ends', async () => {
    await project(subscriptionEvent(randomId('sub')));
    await ledger.service.stop();
    ledger = { ...ledger, stop: async () => undefined };
    const first = await startServiceProcess(urls);
    processes.push(first);
    ledger = { ...ledger, url: first.url };
    const letGo = await holdTables();
    const { id } = (await ask({ kind: 'verify' })).body;
    await until('it is begun', async () => (await operationNow(id)).state === 'running', 60_000);
    await first.kill();
    await letGo();
    const others = await Promise.all([startServiceProcess(urls), startServiceProcess(urls)]);
    processes.push(...others);
    ledger = { ...ledger, url: others[0]?.url ?? '' };
    expect(await ended(id, 60_000)).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect((await stepsOf(id)).filter((type) => type === 'operation-resumed')).toHaveLength(1);

    const letGoAgain = await holdTables();
    const again = (await ask({ kind: 'verify' })).body.id;
    await until('it is begun', async () => (await operationNow(again)).state === 'running', 60_000);
    expect((await send('DELETE', `/operations/${again}`)).body.state).toBe('cancelling');
    await until('its process has heard of it', async () => (await stepsOf(again)).at(-1) === 'operation-progressed');
    await letGoAgain();
    expect((await ended(again)).state).toBe('cancelled');
    expect((await list())[0]).toMatchObject({ id: again, state: 'cancelled' });
    await Promise.all(others.map((service) => service.stop()));
  }, 180_000);
});
