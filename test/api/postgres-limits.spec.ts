import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { invoices } from '../../projections/invoices.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { LIMITS } from '../../src/api/limits.js';
import { Database, isStatementTimeout } from '../../src/read-models/database.js';
import { wantReplay } from '../../src/read-models/parked-streams.js';
import { nameOfGeneration, tableOf } from '../../src/read-models/schema.js';
import { ADMIN_TOKEN, deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { startPoolingProxy } from '../support/pooling-proxy.js';
import { query } from '../support/read-models.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

type Problem = { code: string };

let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
let blocker: pg.Client;
const OTHER_TOKEN = 'another-token-that-may-read';
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  ledger = await startLedger({
    eventStore,
    database,
    environment: {
      READ_TIMEOUT_MS: '8000',
      API_TOKENS: `read=${READ_TOKEN},read=${OTHER_TOKEN},read+admin=${ADMIN_TOKEN}`,
    },
  });
  await project(ledger.url);
  blocker = new pg.Client({ connectionString: database.url });
  await blocker.connect();
});
afterEach(() => blocker.query('rollback'));
afterAll(async () => {
  await blocker.end();
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
});

async function project(url: string): Promise<{ id: string; position: string }> {
  const id = randomId('sub');
  const { position } = (await deliver(url, JSON.stringify(subscriptionEvent(id)))).body;
  expect((await read(url, `/subscriptions/${id}?minPosition=${position}&waitMs=20000`)).status).toBe(200);
  return { id, position };
}

/** Blocks every read of invoices until the end of the test. */
const holdInvoices = () =>
  blocker.query(
    `begin; lock table ${tableOf({ projection: invoices, generation: 1 }, 'invoices')} in access exclusive mode`,
  );

describe('a read that takes too long', () => {
  it('is cancelled by Postgres itself, and reported as such, also behind a transaction pooler', async () => {
    const proxy = await startPoolingProxy(database.url);
    const pooled = await startLedger({
      eventStore,
      database: { url: proxy.url, stop: async () => undefined },
      environment: { READ_TIMEOUT_MS: '300' },
    });
    await holdInvoices();
    const answers = await Promise.all(
      ['/invoices', '/invoices/in_1', '/customers/cus_1'].map((path) => read<Problem>(pooled.url, path)),
    );
    for (const answer of answers) expect(answer).toMatchObject({ status: 503, body: { code: 'read_timeout' } });
    // The journal's derivation reads whole pages of invoices, and is right to wait.
    const { rows } = await blocker.query<{ waiting: string }>(
      `select count(*) as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%invoices%' and query not like '% order by id limit 5000%' and pid <> pg_backend_pid()`,
    );
    expect(String(rows[0]?.waiting)).toBe('0');
    await until(
      'another table is read within the limit',
      async () => (await read(pooled.url, '/subscriptions')).status === 200,
    );
    expect(proxy.moves()).toBeGreaterThan(0);
    await pooled.stop();
    await proxy.close();
  }, 60_000);

  it('leaves no setting behind for the next transaction of the connection', async () => {
    const one = new Database(database.url, {
      connectionsMax: 1,
      statementTimeoutMs: 200,
      onIdleError: () => undefined,
    });
    const timedOut = await one.query('select pg_sleep(5)').catch((error: unknown) => error);
    expect(isStatementTimeout(timedOut)).toBe(true);
    const shown = (work: (sql: string) => Promise<{ rows: { statement_timeout: string }[] }>) =>
      work('show statement_timeout').then(({ rows }) => rows[0]?.statement_timeout);
    expect(await one.snapshot((connection) => shown((sql) => connection.query(sql)))).toBe('200ms');
    await expect(one.snapshot((connection) => connection.query('create table ledger.not_allowed ()'))).rejects.toThrow(
      /read-only/,
    );
    await one.close();
  });
});

describe('reads that take all connections', () => {
  it('are distinguished from an unavailable Postgres, and keep nothing else from its answer', async () => {
    await holdInvoices();
    const tokens = [READ_TOKEN, OTHER_TOKEN];
    const blocked = tokens.flatMap((token) =>
      Array.from({ length: 4 }, () => read<Problem>(ledger.url, '/invoices', token)),
    );
    // Four requests of one token and two of the other occupy the six connections. The rest waits for one, as these do.
    const late = read<Problem>(ledger.url, '/subscriptions');
    const { body, status } = await deliver(ledger.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
    expect(status).toBe(200);
    expect(await read<Problem>(ledger.url, `/subscriptions?minPosition=9000000000000000000&waitMs=50`)).toMatchObject({
      status: 503,
      body: { code: 'position_not_reached' },
    });
    expect((await read(ledger.url, '/health/ready')).body).toMatchObject({ reads: { postgres: 'ok' } });
    expect(await late).toMatchObject({ status: 503, body: { code: 'read_models_busy' } });
    expect(BigInt(body.position)).toBeGreaterThan(0n);
    const codes = (await Promise.all(blocked)).map((answer) => answer.body.code).sort();
    expect(codes).toEqual([
      ...Array(2).fill('read_models_busy'),
      ...Array(LIMITS.reads.runningMax).fill('read_timeout'),
    ]);
  }, 60_000);
});

describe('replays of one and of all at once', () => {
  const LINE = nameOfGeneration({ projection: subscriptions, generation: 1 });
  /** Parks streams that are not in the log. */
  async function parkStreams(count: number): Promise<string[]> {
    const streams = Array.from({ length: count }, () => `subscription-${randomId('sub')}`);
    await query(
      database.url,
      `insert into ledger.parked_streams (generation, stream, revision, cause) select $1, unnest($2::text[]), 0, 'a test'`,
      [LINE, streams],
    );
    return streams;
  }
  const post = async (path: string): Promise<{ status: number; body: Problem }> => {
    const response = await fetch(`${ledger.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    return { status: response.status, body: (await response.json()) as Problem };
  };

  it('do not wait for each other in a circle, in whichever process they are asked', async () => {
    const processes = 6;
    const other = new Database(database.url, { connectionsMax: processes, onIdleError: () => undefined });
    const streams = await parkStreams(200);
    /** Requests replays, while a projector changes single rows. */
    async function ask(at: number): Promise<void> {
      for (let round = 0; round < 15; round += 1) {
        await wantReplay(other, round % 2 === 0 ? {} : { projection: 'subscriptions' });
        await other.query('update ledger.parked_streams set replay_wanted_at = null where stream = $1', [
          streams[(round * processes + at) % streams.length],
        ]);
      }
    }
    const asked = Array.from({ length: processes }, (_, at) => ask(at));
    expect((await Promise.allSettled(asked)).filter(({ status }) => status === 'rejected')).toEqual([]);
    await other.query('delete from ledger.parked_streams where stream = any($1)', [streams]);
    await other.close();
  }, 60_000);

  it('are answered, or refused with when to ask again', async () => {
    const streams = await parkStreams(40);
    const asked = streams.flatMap((stream) => [
      post(`/parked/subscriptions/${stream}/replay?waitMs=0`),
      post('/parked/replay'),
    ]);
    const statuses = new Set(
      (await Promise.all(asked)).map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()),
    );
    for (const status of statuses)
      expect(['200', '202', '404 not_found', '429 too_many_requests', '503 replays_busy']).toContain(status);
    expect(statuses).toContain('202');
    await query(database.url, 'delete from ledger.parked_streams where stream = any($1)', [streams]);
  }, 60_000);
});
