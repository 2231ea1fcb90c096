/**
 * The disaster drill: a backup under load, loss of everything, a restore elsewhere, and a backfill from Stripe of what
 * the backup lacks.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAY } from '../../simulator/calendar.js';
import type { StripeObject } from '../../simulator/json.js';
import { startStripeApi, type SimulatedStripe } from '../../simulator/stripe-api/server.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { readLog } from '../../src/eventstore/raw-event.js';
import { read, SECRET } from '../support/delivery.js';
import { endpointsOf } from '../support/endpoints.js';
import { differences, expectedRow } from '../support/expected-row.js';
import { runCommand } from '../support/ledger-command.js';
import { rowsOf } from '../support/read-models.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { temporaryDirectory } from '../support/servers.js';
import { until } from '../support/until.js';

const EMBEDDED = { eventstoreUrl: 'embedded', databaseUrl: 'embedded' };
const VERSION = '2026-03-25.dahlia';
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let stripe: SimulatedStripe;
const services: ServiceProcess[] = [];
beforeAll(async () => {
  directory = await temporaryDirectory();
  stripe = await startStripeApi({ seed: 11, subscriptions: 8 });
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await stripe.stop();
  await directory.remove();
});

const inFolder = (name: string): string => join(directory.path, name);
async function start(dataDirectory: string): Promise<ServiceProcess> {
  const service = await startServiceProcess(EMBEDDED, { DATA_DIR: dataDirectory });
  services.push(service);
  return service;
}
const command = (...args: string[]) => runCommand(args, EMBEDDED);

/** Makes Stripe deliver everything up to now to this service alone. */
async function deliverTo(service: ServiceProcess): Promise<void> {
  for (const { id } of stripe.endpoints.all) stripe.endpoints.delete(id);
  const form = new URLSearchParams({
    url: `${service.url}/webhooks/stripe`,
    secret: SECRET,
    'enabled_events[0]': '*',
    api_version: VERSION,
  });
  stripe.endpoints.create(form, stripe.clock.now());
  stripe.endpoints.rewind();
  const delivered = await stripe.deliver();
  expect(delivered.filter(({ status }) => status !== 200)).toEqual([]);
}

/** Expects the log to contain each event that Stripe has made by now exactly once. */
async function expectWholeLog(dataDirectory: string): Promise<void> {
  const made = stripe.world.events.filter(({ at }) => at <= stripe.clock.now()).map(({ id }) => id);
  const store = connectEventStore((await endpointsOf(dataDirectory)).eventstoreUrl);
  const ids: string[] = [];
  for await (const { stream, metadata } of readLog(store)) {
    const { stripeEventId } =
      metadata.length === 0 ? {} : (JSON.parse(Buffer.from(metadata).toString()) as { stripeEventId?: string });
    if (!stream.startsWith('$') && stripeEventId !== undefined) ids.push(stripeEventId);
  }
  await store.close();
  expect([...ids].sort()).toEqual([...made].sort());
}

describe('a backup', () => {
  it('taken under load gives the ledger back elsewhere, to which Stripe adds what is missing', async () => {
    const [first, second, file] = [inFolder('first'), inFolder('second'), inFolder('ledger.db')];
    const service = await start(first);
    stripe.clock.set(stripe.world.openedAt + 150 * DAY);
    const [, ...backups] = await Promise.all([
      deliverTo(service),
      (async () => {
        const taken = await command('backup', '--to', file, '--data-dir', first, '--json');
        expect(taken).toMatchObject({ code: 0 });
        return JSON.parse(taken.output) as { events: number; added: number; sha256: string };
      })(),
    ]);
    const [during] = backups;
    expect(readFileSync(`${file}.sha256`, 'utf8')).toBe(
      `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ledger.db\n`,
    );
    // The next backup appends to the file.
    const again = await command('backup', '--to', file, '--data-dir', first, '--json');
    const { events, added } = JSON.parse(again.output) as { events: number; added: number };
    expect(events).toBe(Number(during?.events) + added);
    // The following events are in no backup.
    const since = stripe.clock.now();
    stripe.clock.advance(12 * DAY);
    await deliverTo(service);
    await service.kill();
    rmSync(first, { recursive: true });

    expect(await command('restore', '--from', file, '--data-dir', second)).toMatchObject({
      code: 0,
      output: expect.stringContaining('docs/operations.md'),
    });
    const restored = await start(second);
    const lacking = stripe.world.events.filter(({ at }) => at > since && at <= stripe.clock.now()).map(({ id }) => id);
    expect(lacking.length).toBeGreaterThan(0);
    await until('the rows are built again', async () => (await fetch(`${restored.url}/health/ready/reads`)).ok);
    const asking = ['recover', '--json', '--data-dir', second];
    const recovered = await runCommand(asking, {
      ...EMBEDDED,
      environment: { STRIPE_API_URL: stripe.url, STRIPE_API_KEYS: `tests=${stripe.key}`, STRIPE_API_RATE: '20' },
    });
    expect(recovered.errors).toBe('');
    const lines = recovered.output.trim().split('\n').slice(0, -1);
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id).sort()).toEqual(lacking.sort());
    await expectWholeLog(second);
    const { databaseUrl } = await endpointsOf(second);
    const books = [...stripe.world.objects(stripe.clock.now(), VERSION)].filter(
      ({ object }) => object === 'subscription',
    );
    expect(books.length).toBeGreaterThan(5);
    await until(
      'the rows stand where the log does',
      async () => (await wrongRows(restored, books)).length === 0 || null,
    ).catch(async () => expect(await wrongRows(restored, books)).toEqual([]));
    expect(await rowsOf(databaseUrl, 'ledger.subscriptions')).toHaveLength(books.length);

    // A restore never overwrites a log.
    const over = await command('restore', '--from', file, '--data-dir', second);
    expect(over).toMatchObject({ code: 2, errors: expect.stringMatching(/A service is running on/) });
    await restored.stop();
    const later = await command('restore', '--from', file, '--data-dir', second);
    expect(later).toMatchObject({ code: 2, errors: expect.stringMatching(/already has a log/) });
  }, 120_000);

  it('that was changed is not restored', async () => {
    const file = inFolder('ledger.db');
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length / 2)] = Number(bytes[Math.floor(bytes.length / 2)]) ^ 1;
    writeFileSync(inFolder('changed.db'), bytes);
    writeFileSync(inFolder('changed.db.sha256'), readFileSync(`${file}.sha256`));
    const target = inFolder('third');
    const refused = await command('restore', '--from', inFolder('changed.db'), '--data-dir', target);
    expect(refused).toMatchObject({ code: 1, output: expect.stringMatching(/does not match /) });
    rmSync(inFolder('changed.db.sha256'));
    const found = await command('restore', '--from', inFolder('changed.db'), '--data-dir', target);
    expect(found.code).toBe(1);
    expect(existsSync(join(target, 'eventstore', 'events.db'))).toBe(false);
  });

  it.each([
    ['without a file', ['backup'], /--to/],
    ['of a folder that is no ledger', ['backup', '--to', '/tmp/nowhere.db', '--data-dir', '/nowhere'], /\/nowhere/],
    ['from a file that is not there', ['restore', '--from', '/nowhere.db'], /There is no file/],
  ])('%s is refused', async (_, args, message) => {
    expect(await command(...args)).toMatchObject({ code: 2, errors: expect.stringMatching(message) });
  });

  it('of another store is refused, with where to read on', async () => {
    const elsewhere = { eventstoreUrl: 'esdb://127.0.0.1:2113?tls=false', databaseUrl: 'embedded' };
    expect(await runCommand(['backup', '--to', inFolder('x.db')], elsewhere)).toMatchObject({
      code: 2,
      errors: expect.stringMatching(/docs\/operations\.md/),
    });
  });
});

/** The differences between the read models and the books. */
async function wrongRows(service: ServiceProcess, books: readonly StripeObject[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const subscription of books) {
    const { body } = await read(service.url, `/v1/subscriptions/${subscription.id}`);
    wrong.push(...differences(expectedRow(subscription), body).map((one) => `${subscription.id}: ${one}`));
  }
  return wrong;
}
