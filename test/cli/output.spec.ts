import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { subscriptions } from '../../projections/subscriptions.js';
import { Database } from '../../src/read-models/database.js';
import { ensureSchema, nameOfGeneration } from '../../src/read-models/schema.js';
import { thisBuild } from '../support/builds.js';
import { query } from '../support/read-models.js';
import { emptyDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { until } from '../support/until.js';

const STREAMS = 50;
const CAUSE = 'x'.repeat(20_000);

let eventStore: TestServer;
let server: TestServer;
let urls: { eventstoreUrl: string; databaseUrl: string };
beforeAll(async () => {
  [eventStore, server] = await Promise.all([testEventStore(), emptyDatabase()]);
  urls = { eventstoreUrl: eventStore.url, databaseUrl: server.url };
  const database = new Database(server.url, { connectionsMax: 1, onIdleError: () => undefined });
  await ensureSchema(database, [subscriptions]);
  await database.query(
    `insert into ledger.parked_streams (generation, stream, revision, cause)
     select $1, 'subscription-' || n, 0, $2 from generate_series(1, ${STREAMS}) n`,
    [nameOfGeneration({ projection: subscriptions, generation: 1 }), CAUSE],
  );
  await database.close();
});
afterAll(async () => {
  await Promise.all([eventStore.stop(), server.stop()]);
});

describe('a long output of a command', () => {
  it('is complete for a slow reader', async () => {
    const { child, closed } = start(['parked', 'list']);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    child.stdout.pause();
    // Its connections are closed, so it only needs to exit.
    const connected = async () =>
      (await query(server.url, `select 1 from pg_stat_activity where ${OF_COMMAND}`)).length > 0;
    await until('the command works', connected);
    await until('the command is done', async () => !(await connected()));
    child.stdout.resume();
    expect((await closed)[0]).toBe(0);
    expect(output.split(CAUSE)).toHaveLength(STREAMS + 1);
  }, 60_000);

  it('is no error when its reader goes before the end', async () => {
    const { child, closed } = start(['parked', 'list']);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect((await closed)[0]).toBe(0);
  }, 60_000);
});

const OF_COMMAND = `datname = current_database() and application_name = 'subscription-ledger'`;

function start(args: readonly string[]) {
  const env = { PATH: process.env['PATH'] ?? '', EVENTSTORE_URL: urls.eventstoreUrl, DATABASE_URL: urls.databaseUrl };
  const child = spawn(process.execPath, [thisBuild.command, ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  return { child, closed: once(child, 'close') };
}
