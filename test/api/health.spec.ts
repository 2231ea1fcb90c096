import { ANY, jsonEvent } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { Health, publicReport } from '../../src/api/operations/health.js';
import { Places } from '../../src/api/places.js';
import { tooManyWaiting } from '../../src/api/refusals.js';
import { ReadPosition } from '../../src/api/read-position.js';
import type { CatchUpState } from '../../src/catch-up/catch-up.js';
import type { Role } from '../../src/config/config.js';
import { startEmbeddedEventStore, type EmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import type { Trouble } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { become, move } from '../../src/read-models/checkpoints.js';
import { ensureSchema, EVENT_INDEX_GENERATION } from '../../src/read-models/schema.js';
import { takeCheckpoints } from '../support/projecting.js';
import { emptyDatabase, type TestServer } from '../support/servers.js';
import { securedUrl, testTls } from '../support/tls.js';
import { until } from '../support/until.js';

/** A separate log, since readiness depends on the end of the log. */
let server: EmbeddedEventStore;
let store: EventStore;
let postgres: TestServer;
let database: Database;
beforeAll(async () => {
  postgres = await emptyDatabase();
  database = new Database(postgres.url, { connectionsMax: 4, onIdleError: () => undefined });
});
afterAll(async () => {
  await database.close();
  await postgres.stop();
});
beforeEach(async () => {
  await database.query('drop schema if exists ledger cascade');
  await ensureSchema(database, projections);
  server = await startEmbeddedEventStore({ directory: 'memory' });
  store = connectEventStore(server.url);
});
afterEach(async () => {
  await store.close();
  await server.stop();
});

const PLACES = new Places({ max: 10, perTokenMax: 10, what: 'requests wait', full: tooManyWaiting });
const ALL: readonly Role[] = ['ingest', 'project', 'api'];
type Given = Readonly<{
  roles?: readonly Role[];
  catchUp?: CatchUpState;
  trouble?: Trouble | null;
  store?: EventStore;
}>;
const healthOf = ({
  roles = ALL,
  catchUp = { kind: 'projecting' },
  trouble = null,
  store: other = store,
}: Given = {}) =>
  new Health(other, {
    roles,
    readModels: { database, position: new ReadPosition(database, projections, PLACES) },
    catchUp: () => catchUp,
    trouble: () => trouble,
  });

async function append(type: string, stream: string, count: number): Promise<bigint> {
  const result = await store.appends.appendToStream(
    stream,
    Array.from({ length: count }, () => jsonEvent({ type, data: {} })),
    { expectedRevision: ANY },
  );
  return result.position?.commit ?? -1n;
}
/** Records, as the catch-up does, that all generations have reached the end of the log at a position. */
async function bringTo(position: bigint): Promise<void> {
  const checkpoints = await takeCheckpoints(database, 'test');
  await database.transaction((connection) =>
    move(connection, checkpoints, {
      logName: '00000000-0000-0000-0000-000000000001',
      to: { position, eventId: '00000000-0000-0000-0000-000000000002' },
    }),
  );
  await become(database, checkpoints, 'live');
}

describe('reads', () => {
  it.each([0, 101, 1_500, 10_000])(
    "are not ready before the read models are at the last event, however many of the store's own (%i) stand behind it",
    async (count) => {
      await append('ours', 'a-stream', 1);
      const position = await append('ours', 'a-stream', 1);
      for (let left = count; left > 0; left -= 500) await append('$metadata', '$$a-stream', Math.min(left, 500));
      await bringTo(position - 1n);
      const behind = healthOf();
      expect((await behind.report()).reads).toMatchObject({
        ready: false,
        state: expect.stringMatching(/^(not_caught_up|log_end_unknown)$/),
      });
      await bringTo(position);
      const health = healthOf();
      const report = await until('the end of the log is found', async () => {
        const one = await health.report();
        return one.reads.state !== 'log_end_unknown' && one;
      });
      expect(report).toMatchObject({ ready: true, reads: { ready: true, state: 'ok' } });
    },
  );

  it('are not ready while some of their lines are being built, though the log is empty', async () => {
    expect((await healthOf().report()).reads).toMatchObject({
      ready: false,
      state: 'not_built',
      building: expect.arrayContaining([EVENT_INDEX_GENERATION]),
    });
  });

  it('are not ready before their tables are made, though the log is empty', async () => {
    await database.query('drop schema ledger cascade');
    expect((await healthOf().report()).reads).toMatchObject({ ready: false, state: 'not_built' });
  });

  it('are not ready when they speak of another log, and say so', async () => {
    await bringTo(await append('ours', 'a-stream', 1));
    expect((await healthOf({ catchUp: { kind: 'refused', cause: 'another log' } }).report()).reads).toMatchObject({
      ready: false,
      state: 'other_log',
      catchUp: 'refused',
      cause: 'another log',
    });
  });

  it('are not used where a process only accepts events', async () => {
    expect(await healthOf({ roles: ['ingest'] }).report()).toMatchObject({
      ready: true,
      intake: { state: 'ok' },
      reads: { ready: false, state: 'not_used', postgres: 'not used' },
    });
  });
});

describe('intake', () => {
  it.each(['clock_skew', 'refused', 'not_writable'] as const)(
    'is not ready while appends fail (%s), though reads of the store are answered',
    async (kind) => {
      const report = await healthOf({ trouble: { kind, cause: 'No append succeeds.' } }).report();
      expect(report).toMatchObject({
        ready: false,
        intake: { ready: false, state: kind, eventStore: 'No append succeeds.' },
      });
    },
  );

  it('is done elsewhere in a process without that role', async () => {
    await bringTo(await append('ours', 'a-stream', 1));
    expect(await healthOf({ roles: ['api'] }).report()).toMatchObject({
      ready: true,
      intake: { ready: false, state: 'elsewhere' },
      reads: { ready: true },
    });
  });

  it('distinguishes an unavailable store from one that refuses user or password', async () => {
    const away = connectEventStore('esdb://127.0.0.1:1?tls=false');
    expect(await healthOf({ store: away }).report()).toMatchObject({
      ready: false,
      intake: { state: 'store_away', eventStore: 'does not answer' },
    });
    await away.close();
    const secured = await startEmbeddedEventStore({
      directory: 'memory',
      tls: testTls,
      users: { ledger: 'correct horse' },
    });
    const stranger = connectEventStore(securedUrl(secured.url, 'ledger:wrong'));
    expect(await healthOf({ store: stranger }).report()).toMatchObject({
      ready: false,
      intake: { state: 'store_refuses', eventStore: expect.stringMatching(/^refused: .*user or password/) },
    });
    await stranger.close();
    await secured.stop();
  });
});

it('only states are shown without a token', async () => {
  await bringTo(await append('ours', 'a-stream', 1));
  const report = await healthOf({ catchUp: { kind: 'waiting', cause: 'connect ECONNREFUSED 10.1.2.3:2113' } }).report();
  expect(publicReport(report)).toEqual({
    ready: true,
    intake: { ready: true, state: 'ok' },
    reads: { ready: true, state: 'ok' },
  });
});
