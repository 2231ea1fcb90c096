import { NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { derivations } from '../../derivations/index.js';
import { projections } from '../../projections/index.js';
import { isFault, verifyStreams, type Finding } from '../../src/catch-up/verify.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { tidy } from '../../src/read-models/generations.js';
import { readCheckpoints } from '../../src/read-models/checkpoints.js';
import { runCommand, startCommand } from '../support/ledger-command.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore, type TestDatabase, type TestServer } from '../support/servers.js';
import { startServiceProcess } from '../support/service-process.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

/** The number of kills of a rebuild, and of the service; `npm run crash` sets more. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 3);
const STREAMS = 40;
const EVENTS_PER_STREAM = 60;
const REBUILT = ['subscriptions', 'links'];
const KILLED_WITHIN_MS = 2_500;

const streams = Array.from({ length: STREAMS }, () => randomId('sub'));
let eventStore: TestServer;
let server: TestDatabase;
let store: EventStore;
let database: Database;
let urls: { eventstoreUrl: string; databaseUrl: string };

beforeAll(async () => {
  [eventStore, server] = await Promise.all([testEventStore(), testDatabase()]);
  urls = { eventstoreUrl: eventStore.url, databaseUrl: server.url };
  store = connectEventStore(eventStore.url);
  database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
  for (const id of streams)
    await store.appends.appendToStream(
      `subscription-${id}`,
      Array.from({ length: EVENTS_PER_STREAM }, (_, at) => recorded(id, at)),
      { expectedRevision: NO_STREAM },
    );
}, 60_000);
afterAll(async () => {
  await Promise.all([store.close(), database.close()]);
  await Promise.all([eventStore.stop(), server.stop()]);
});

/** An event as the webhook stores it. Two events per second, so that the order within a second matters. */
function recorded(id: string, at: number) {
  return appendedEvent(
    subscriptionEvent(id, {
      created: START + Math.floor(at / 2),
      object: { status: ['active', 'past_due', 'unpaid'][at % 3] },
    }),
  );
}

/**
 * The rows of these streams that differ from a fresh fold up to the checkpoint, in all generations, including those
 * being built.
 */
async function faults(of = streams.filter(() => Math.random() < 0.2)): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const checkpoint of await readCheckpoints(database)) {
    const projection = projections.find(({ name }) => name === checkpoint.projection && REBUILT.includes(name));
    if (projection === undefined) continue;
    const verified = {
      streams: of.map((id) => `subscription-${id}`),
      found: (finding: Finding) => {
        if (isFault(finding)) found.push(finding);
      },
    };
    await verifyStreams({ store, database }, { projection, checkpoint }, verified);
  }
  return found;
}

const buildingLines = () =>
  query(server.url, `select name from ledger.checkpoints where not shown and state = 'building'`);

describe('kill -9', () => {
  it(
    `of the service while it fills its read models, ${ROUNDS} times: rows always match the log up to the checkpoint`,
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const service = await startServiceProcess(urls);
        await until(
          'it has begun',
          async () =>
            (
              await query<{ made: boolean }>(server.url, `select to_regclass('ledger.checkpoints') is not null as made`)
            )[0]?.made,
        );
        await pause(Math.random() * KILLED_WITHIN_MS);
        await service.kill();
        expect(await faults()).toEqual([]);
        if (round % 3 === 2) await server.dropReadModels();
      }
      const service = await startServiceProcess(urls);
      await until(
        'the read models are complete',
        async () => (await fetch(`${service.url}/health/ready/reads`)).ok,
        60_000,
      );
      await service.stop();
      expect(await faults(streams)).toEqual([]);
    },
    90_000 + ROUNDS * 30_000,
  );

  it(
    `of a rebuild, ${ROUNDS} times: the rows match the log, and the rebuild continues from there`,
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { child, ended } = startCommand(['rebuild', ...REBUILT], urls);
        const killing = setTimeout(() => child.kill('SIGKILL'), Math.random() * KILLED_WITHIN_MS);
        await ended;
        clearTimeout(killing);
        expect(await faults()).toEqual([]);
        // Plus the derivations, where a service has completed them.
        expect((await buildingLines()).length).toBeLessThanOrEqual(REBUILT.length + derivations.length);
      }
      expect(await runCommand(['rebuild', ...REBUILT], urls)).toMatchObject({ code: 0 });
      expect(await buildingLines()).toEqual([]);
      expect(await faults(streams)).toEqual([]);
    },
    90_000 + ROUNDS * 30_000,
  );
});

describe('kill -9 of a dry run', () => {
  it('leaves tables that are dropped when they were not used for an hour', async () => {
    const { child, ended } = startCommand(['rebuild', 'links', '--dry-run'], urls);
    const aside = () => query<{ name: string }>(server.url, 'select name from ledger.checkpoints where aside');
    await until('it has begun', async () => (await aside()).length > 0);
    child.kill('SIGKILL');
    await ended;
    const [left] = await aside();
    await tidy(database, projections);
    expect(await aside()).toEqual([left]);
    await query(server.url, `update ledger.checkpoints set used_at = used_at - interval '61 minutes' where aside`);
    await until('its lease has run out, and it is dropped', async () => {
      await tidy(database, projections);
      return (await aside()).length === 0;
    });
    expect(
      await query(server.url, `select relname from pg_class where starts_with(relname, $1)`, [left?.name]),
    ).toEqual([]);
  }, 60_000);
});

describe('Ctrl-C', () => {
  it('abandons a rebuild: the views are unchanged, and the partial generation is gone', async () => {
    const shown = () => query(server.url, `select name from ledger.checkpoints where shown order by name`);
    const before = await shown();
    const { child, ended } = startCommand(['rebuild', 'subscriptions'], urls);
    await until('it has begun', async () => (await buildingLines()).length > 0);
    child.kill('SIGINT');
    const { code } = await ended;
    // The rebuild may have finished before the signal; then the new rows are live.
    if (code === 0) return;
    expect(code).toBe(130);
    expect(await shown()).toEqual(before);
    expect(await buildingLines()).toEqual([]);
  }, 60_000);
});
