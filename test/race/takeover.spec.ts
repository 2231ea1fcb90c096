import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { readEvent } from '../../src/folding/facts.js';
import { projectorOn } from '../support/projecting.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { readStream } from '../../src/eventstore/read.js';
import type { RecordedEvent } from '../../src/eventstore/recorded-event.js';
import { Database } from '../../src/read-models/database.js';
import { acquire, readCheckpoints } from '../../src/read-models/checkpoints.js';
import { ensureSchema } from '../../src/read-models/schema.js';
import { startProxy } from '../support/cuttable-proxy.js';
import { readsOf } from '../support/health.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { deliverLives, expectTruth, newLives, reachPosition } from '../support/lives.js';
import { startPoolingProxy } from '../support/pooling-proxy.js';
import { postgresAddressOf, throughPort } from '../support/postgres-address.js';
import { query } from '../support/read-models.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { until } from '../support/until.js';

let eventStore: TestServer;
beforeAll(async () => {
  eventStore = await testEventStore();
});
afterAll(() => eventStore.stop());

const becomes = (service: { url: string }, state: string) =>
  until(`the catch-up is ${state}`, async () => (await readsOf(service)).catchUp === state, 40_000);
const ownerOf = async (databaseUrl: string): Promise<string | null> =>
  (
    await query<{ owner: string | null }>(
      databaseUrl,
      `select owner from ledger.checkpoints where name like 'subscriptions%' and shown`,
    )
  )[0]?.owner ?? null;

/** One service that projects, and one on standby. */
async function startTwo<T extends { url: string }>(start: () => Promise<T>): Promise<[owner: T, standby: T]> {
  const owner = await start();
  await becomes(owner, 'projecting');
  const standby = await start();
  await becomes(standby, 'standing_by');
  return [owner, standby];
}

describe('the process that projects', () => {
  it('loses the work when it hangs in the middle of it: another takes over within seconds, and the woken one commits nothing; when that one is killed, the first continues', async () => {
    const database = await serviceDatabase();
    const [owner, standby] = await startTwo<ServiceProcess>(() =>
      startServiceProcess({ eventstoreUrl: eventStore.url, databaseUrl: database.url }),
    );
    const lives = newLives(30);
    const position = await deliverLives(standby.url, lives, (done) => {
      if (done === 60) process.kill(owner.pid, 'SIGSTOP');
    });
    const hungOwner = await ownerOf(database.url);
    await reachPosition(standby.url, position);
    expect((await readsOf(standby)).catchUp).toBe('projecting');
    const next = await ownerOf(database.url);
    expect(next).not.toBe(hungOwner);

    process.kill(owner.pid, 'SIGCONT');
    const more = newLives(10);
    await reachPosition(standby.url, await deliverLives(standby.url, more));
    await becomes(owner, 'standing_by');
    expect(await ownerOf(database.url)).toBe(next);
    await expectTruth(database.url, [...lives, ...more]);

    await standby.kill();
    // As after the ten seconds of its lease.
    await query(database.url, `update ledger.checkpoints set lease_until = '-infinity'`);
    const last = newLives(5);
    await reachPosition(owner.url, await deliverLives(owner.url, last));
    await expectTruth(database.url, [...lives, ...more, ...last]);
    await owner.stop();
    await database.stop();
  }, 120_000);

  it('loses the work when it hangs while holding locks in Postgres: Postgres ends its session', async () => {
    const database = await serviceDatabase();
    const proxy = await startProxy(postgresAddressOf(database.url));
    const owner = await startLedger({
      eventStore,
      database: { ...database, url: throughPort(database.url, proxy.port) },
    });
    await becomes(owner, 'projecting');
    const standby = await startLedger({ eventStore, database });
    proxy.swallowAnswersAfter('for update');
    const lives = newLives(10);
    await reachPosition(standby.url, await deliverLives(standby.url, lives));
    expect((await readsOf(standby)).catchUp).toBe('projecting');
    proxy.cut();
    await becomes(owner, 'standing_by');
    await expectTruth(database.url, lives);
    await Promise.all([owner.stop(), standby.stop()]);
    await proxy.close();
    await database.stop();
  }, 120_000);

  it('needs nothing of a session: it works behind a transaction pooler, and hands over there', async () => {
    const database = await serviceDatabase();
    const pooler = await startPoolingProxy(database.url);
    const [owner, standby] = await startTwo<TestLedger>(() =>
      startLedger({ eventStore, database: { ...database, url: pooler.url } }),
    );
    const lives = newLives(20);
    await reachPosition(standby.url, await deliverLives(standby.url, lives));
    await owner.stop();
    const more = newLives(5);
    await reachPosition(standby.url, await deliverLives(standby.url, more));
    await expectTruth(database.url, [...lives, ...more]);
    expect(pooler.moves()).toBeGreaterThan(20);
    await standby.stop();
    await pooler.close();
    await database.stop();
  }, 120_000);
});

describe('two projectors forced onto one projection', () => {
  it('both apply every batch: one wins, the other writes nothing, and the rows are right', async () => {
    const database = await serviceDatabase();
    const ingest = await startLedger({ eventStore, database, environment: { ROLES: 'ingest' } });
    const lives = newLives(6);
    await deliverLives(ingest.url, lives);
    await ingest.stop();

    const store = connectEventStore(eventStore.url);
    const connection = new Database(database.url, { connectionsMax: 4, onIdleError: () => undefined });
    await ensureSchema(connection, projections);
    const checkpoints = await acquire(connection, 'both', {
      names: (await readCheckpoints(connection)).map(({ name }) => name),
      follows: projections,
    });
    let group = { checkpoints, logName: await nameOfLog(store, 5_000) };
    const events: RecordedEvent[] = [];
    for (const { id } of lives) for await (const event of readStream(store, `subscription-${id}`)) events.push(event);
    events.sort((a, b) => Number(a.position - b.position));
    const projectors = [projectorOn(store, connection), projectorOn(store, connection)];
    while (events.length > 0) {
      const batch = events.splice(0, 7);
      const to = batch.at(-1) as RecordedEvent;
      const results = await Promise.all(
        projectors.map((projector) =>
          projector.apply(
            batch.map((event) => readEvent(event)),
            { group, to },
          ),
        ),
      );
      expect(results.map(({ kind }) => kind).sort()).toEqual(['applied', 'lost']);
      group = { ...group, checkpoints: group.checkpoints.map((checkpoint) => ({ ...checkpoint, at: to })) };
    }
    await expectTruth(database.url, lives);
    await Promise.all([store.close(), connection.close()]);
    await database.stop();
  }, 60_000);
});
