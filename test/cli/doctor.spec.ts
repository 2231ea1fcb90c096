import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { subscriptions } from '../../projections/subscriptions.js';
import { checkNode } from '../../src/cli/doctor-machine.js';
import { tableOf } from '../../src/read-models/schema.js';
import { runCommand } from '../support/command.js';
import { deliver, read, READ_TOKEN, SECRET } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { query } from '../support/read-models.js';
import { scratchFolder } from '../support/scratch.js';
import { emptyDatabase, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let ledger: TestLedger;
let database: TestServer;
beforeAll(async () => {
  database = await emptyDatabase();
  ledger = await startLedger({ database });
  const { body } = await deliver(ledger.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
  const path = `/v1/subscriptions?minPosition=${String(body.position)}&waitMs=5000`;
  await until('the row is there', async () => (await read(ledger.url, path)).status === 200);
}, 60_000);
afterAll(async () => {
  await ledger.stop();
  await database.stop();
});

async function doctor(environment: Record<string, string>, ...args: string[]) {
  const command = runCommand('src/cli/main.js', ['doctor', ...args], environment);
  const lines: string[] = [];
  for (let line = await command.line(); line !== undefined; line = await command.line()) lines.push(line);
  return { ...(await command.ended), output: lines.join('\n') };
}
const urls = () => ({
  EVENTSTORE_URL: ledger.eventstoreUrl,
  DATABASE_URL: ledger.databaseUrl,
  PORT: new URL(ledger.url).port,
});
const found = (output: string) =>
  Object.fromEntries((JSON.parse(output) as { check: string; state: string }[]).map((one) => [one.check, one.state]));

describe('doctor', () => {
  it('finds nothing wrong next to a healthy service', async () => {
    const { code, output, errors } = await doctor(urls(), '--json');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(found(output)).toEqual({
      Node: 'ok',
      configuration: 'ok',
      service: 'ok',
      'event store': 'ok',
      'store clock': 'ok',
      Postgres: 'ok',
      'Postgres clock': 'ok',
      log: 'ok',
      lag: 'ok',
      projecting: 'ok',
      parked: 'ok',
      rows: 'ok',
    });
  }, 60_000);

  it('sends a signed event through every step on request, and reports where it ended', async () => {
    const secrets = { STRIPE_WEBHOOK_SECRETS: `tests=${SECRET}`, API_TOKENS: `read=${READ_TOKEN}` };
    const probed = await doctor({ ...urls(), ...secrets }, '--probe', '--sample', '0');
    expect(probed.output).toMatch(/^✓ probe +test_helpers\.test_clock-clock_probe\w+ was signed, appended, projected/m);
    const wrong = { ...secrets, STRIPE_WEBHOOK_SECRETS: `tests=${SECRET}x` };
    const refused = await doctor({ ...urls(), ...wrong }, '--probe', '--sample', '0');
    expect(refused.output).toMatch(/^✗ probe +The webhook did not append the event; it answered .*signature_no_match/m);
    expect([probed.code, refused.code]).toEqual([0, 1]);
  }, 60_000);

  it('creates nothing where there is no ledger, and reports so', async () => {
    const scratch = await scratchFolder();
    const folder = join(scratch.path, 'typo');
    const { code, output } = await doctor({ DATA_DIR: folder });
    expect(output).toMatch(/^✗ data directory There is no ledger in ".*typo"/m);
    expect(output).toMatch(/^1 of \d+ checks failed\.$/m);
    expect(code).toBe(1);
    expect(existsSync(folder)).toBe(false);
    await scratch.remove();
  });

  it('names every mistake of the configuration, what is misspelt, and servers that do not answer', async () => {
    const { code, output } = await doctor({
      EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      PORT: 'abc',
      API_TOKENS: 'read=short',
      STRIPE_WEBHOOK_SECRET: 'whsec_a_secret_of_nobody_0123456789',
    });
    expect(output).toMatch(/^✗ configuration {2}PORT: must be a whole number/m);
    expect(output).toMatch(/^✗ configuration {2}API_TOKENS: /m);
    expect(output).toMatch(/^! variables {6}STRIPE_WEBHOOK_SECRET is not read; did you mean STRIPE_WEBHOOK_SECRETS\?/m);
    expect(output).toMatch(/^✗ event store {4}\S.*\n +Check that the server runs; check EVENTSTORE_URL/m);
    expect(output).toMatch(/^✗ Postgres {7}\S/m);
    expect(output).not.toContain('whsec_');
    expect(code).toBe(1);
  }, 60_000);

  it('finds rows that disagree with the log', async () => {
    const table = tableOf({ projection: subscriptions, generation: 1 }, 'subscriptions');
    await query(database.url, `update ${table} set status = 'wrong'`);
    const { code, output } = await doctor(urls());
    expect(output).toMatch(/^✗ rows {11}\d+ differences? between rows and log.*\n +Run "subscription-ledger verify"/m);
    expect(code).toBe(1);
  }, 60_000);
});

it('an old Node is named, with the one to install', () => {
  expect(checkNode('18.20.0')).toMatchObject({ state: 'failed', remedy: 'Install Node 20.19 or newer.' });
  expect(['20.19.0', '26.0.0'].map((version) => checkNode(version).state)).toEqual(['ok', 'ok']);
});
