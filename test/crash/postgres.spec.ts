import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../packages/embedded-postgres/src/index.js';
import { READ_TOKEN } from '../support/delivery.js';
import { readsOf } from '../support/health.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { deliverLives, expectTruth, newLives, reachPosition, type Life } from '../support/lives.js';
import { query } from '../support/read-models.js';
import { beginReadModels, temporaryDirectory, testEventStore, type TestServer } from '../support/servers.js';
import { until } from '../support/until.js';

/** How often Postgres fails during the storm; `npm run crash` sets more. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 2);
const LIVES_PER_ROUND = 15;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let eventStore: TestServer;
let postgres: EmbeddedPostgres;
let ledger: TestLedger;
const lives: Life[] = [];

const start = async () => {
  postgres = await startEmbeddedPostgres({ directory: directory.path });
};
beforeAll(async () => {
  [directory, eventStore] = await Promise.all([temporaryDirectory(), testEventStore()]);
  await start();
  await beginReadModels(postgres.url);
}, 60_000);
afterAll(async () => {
  await ledger.stop();
  await postgres.stop();
  await Promise.all([eventStore.stop(), directory.remove()]);
});

const metric = async (name: string): Promise<string | undefined> =>
  (await (await fetch(`${ledger.url}/metrics`, { headers: { authorization: `Bearer ${READ_TOKEN}` } })).text())
    .split('\n')
    .find((line) => line.startsWith(name));

/** Restarts the server. */
async function restart(): Promise<void> {
  await postgres.stop();
  await start();
}

/**
 * Kills a server process as the operating system does when it is out of memory: Postgres ends all connections and
 * recovers from its log.
 */
async function killBackend(): Promise<void> {
  const [backend] = await query<{ pid: number }>(
    postgres.url,
    `select pid from pg_stat_activity where application_name = 'subscription-ledger' order by state = 'idle', pid limit 1`,
  );
  process.kill(backend?.pid ?? 0, 'SIGKILL');
  await until('Postgres has recovered', () =>
    query(postgres.url, 'select 1').then(
      () => true,
      () => false,
    ),
  );
}

describe('Postgres', () => {
  it('unavailable at the start: events are accepted, health and metrics name what is waited for, and the rows follow when it returns', async () => {
    await postgres.stop();
    ledger = await startLedger({ eventStore, database: { url: postgres.url, stop: async () => undefined } });
    lives.push(...newLives(5));
    const position = await deliverLives(ledger.url, lives);
    const reads = await until('the catch-up waits', async () => {
      const told = await readsOf(ledger);
      return told.catchUp === 'waiting' && told;
    });
    expect(reads).toMatchObject({
      postgres: 'does not answer',
      cause: expect.stringMatching(/ENOENT|ECONNREFUSED|connect/i),
    });
    expect(await metric('ledger_catch_up{state="waiting"}')).toBe('ledger_catch_up{state="waiting"} 1');
    await start();
    await reachPosition(ledger.url, position);
    await expectTruth(postgres.url, lives);
  }, 120_000);

  it(
    `restarted, or killed, in the middle of batches, ${ROUNDS} times: nothing is lost and nothing counts twice`,
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const fresh = newLives(LIVES_PER_ROUND);
        lives.push(...fresh);
        let away: Promise<void> | undefined;
        const at = 1 + Math.floor(Math.random() * 40);
        const position = await deliverLives(ledger.url, fresh, (done) => {
          if (done === at) away = round % 2 === 0 ? restart() : killBackend();
        });
        await away;
        await reachPosition(ledger.url, position);
      }
      await expectTruth(postgres.url, lives);
    },
    120_000 + ROUNDS * 30_000,
  );

  it('killed before live rows are on disk: what was lost is written again', async () => {
    await appendFile(join(directory.path, 'data', 'postgresql.auto.conf'), "wal_writer_delay = '10s'\n");
    await restart();
    for (const fresh of [newLives(3), newLives(3)]) {
      lives.push(...fresh);
      await reachPosition(ledger.url, await deliverLives(ledger.url, fresh));
      await killBackend();
    }
    const last = newLives(1);
    lives.push(...last);
    await reachPosition(ledger.url, await deliverLives(ledger.url, last));
    await expectTruth(postgres.url, lives);
  }, 120_000);

  it('slow, with a table locked by another session: the rows come when it is free', async () => {
    const somebody = new pg.Client({ connectionString: postgres.url });
    await somebody.connect();
    await somebody.query(`begin; lock table ${await stateTable()} in access exclusive mode`);
    const fresh = newLives(2);
    lives.push(...fresh);
    const position = await deliverLives(ledger.url, fresh);
    await projectorWaits();
    await somebody.query('rollback');
    await reachPosition(ledger.url, position);
    await expectTruth(postgres.url, lives);
    await somebody.end();
  }, 60_000);

  it('in a deadlock that ends the batch: it is made again', async () => {
    const somebody = new pg.Client({ connectionString: postgres.url });
    await somebody.connect();
    // The session that waits longest detects the deadlock first, after a second, and is aborted: the projector.
    await somebody.query(`begin; lock table ${await stateTable()} in share row exclusive mode`);
    const fresh = newLives(2);
    lives.push(...fresh);
    const position = await deliverLives(ledger.url, fresh);
    await projectorWaits();
    // Under load this transaction may be the later one, and be aborted itself.
    await somebody
      .query('select * from ledger.checkpoints for update')
      .catch((error: { code?: string }) => expect(error.code).toBe('40P01'));
    await somebody.query('rollback');
    await reachPosition(ledger.url, position);
    await expectTruth(postgres.url, lives);
    await somebody.end();
  }, 60_000);
});

const projectorWaits = () =>
  until(
    'the projector waits for a lock',
    async () =>
      (
        await query(
          postgres.url,
          `select 1 from pg_stat_activity where application_name = 'subscription-ledger' and wait_event_type = 'Lock'`,
        )
      ).length > 0,
  );

const stateTable = async (): Promise<string> =>
  `ledger.${(await query<{ name: string }>(postgres.url, `select name from ledger.checkpoints where projection = 'subscriptions' and shown`))[0]?.name}_states`;
