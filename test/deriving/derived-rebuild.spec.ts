import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ANY } from '@eventstore/db-client';
import { lives } from '../../simulator/simulator.js';
import type { Comparison } from '../../src/rebuild/rebuilding.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { read } from '../support/delivery.js';
import { findingsOf, runCommand, startCommand } from '../support/ledger-command.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import { SHARES_STORE, serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';

const SEED = 11;
let eventStore: TestServer;
let server: TestServer;
let urls: { eventstoreUrl: string; databaseUrl: string };
let store: EventStore;
let service: ServiceProcess;
beforeAll(async () => {
  [eventStore, server] = await Promise.all([testEventStore(), serviceDatabase()]);
  urls = { eventstoreUrl: eventStore.url, databaseUrl: server.url };
  store = connectEventStore(eventStore.url);
  service = await startServiceProcess(urls, { MONEY_RECOVERY: 'gains' });
});
afterAll(async () => {
  await service.kill();
  await store.close();
  await Promise.all([eventStore.stop(), server.stop()]);
});

const events = [...lives({ seed: SEED, subscriptions: 12, apiVersion: 'mixed' })].flatMap((life) => [...life.events]);
let sent = 0;

/** Appends the lives up to this share; resolves with the last position. */
async function append(share: number): Promise<bigint> {
  let last = -1n;
  const to = Math.ceil(share * events.length);
  for (const { stream, stripeEvent } of events.slice(sent, to)) {
    const event = appendedEvent(stripeEvent as unknown as Parameters<typeof appendedEvent>[0]);
    const { position } = await store.appends.appendToStream(stream, event, { expectedRevision: ANY });
    last = position?.commit ?? last;
  }
  sent = to;
  return last;
}

type Generation = {
  name: string;
  generation: number;
  state: string;
  shown: boolean;
  position: string | null;
  derived: { behindKeys: number | null } | null;
};
/** Waits until every live generation is complete up to a position. */
const reach = (position: bigint) =>
  until(
    'all that is shown is complete',
    async () => {
      const { body } = await read<{ data: Generation[] }>(service.url, '/projections');
      const shown = (body.data ?? []).filter((one) => one.shown);
      return (
        shown.some(({ derived }) => derived !== null) &&
        shown.every(
          ({ state, derived, position: at }) =>
            state === 'live' && BigInt(at ?? '-1') >= position && (derived === null || derived.behindKeys === 0),
        )
      );
    },
    60_000,
  );

/** The generations of a read model, newest last: its number, and its state unless live. */
const generationsOf = async (name: string) =>
  (
    await query<{ generation: number; state: string; shown: boolean }>(
      server.url,
      'select generation, state, shown from ledger.checkpoints where projection = $1 order by generation',
      [name],
    )
  ).map(({ generation, state, shown }) => `${generation} ${shown ? 'shown' : state}`);

const verified = async (...names: string[]) => {
  const { code, output } = await runCommand(['verify', ...names, '--json'], urls);
  return { code, differences: findingsOf(output, 'difference') };
};
/** On a shared store other specs delete streams meanwhile. */
const RIGHT = { code: SHARES_STORE ? expect.any(Number) : 0, differences: SHARES_STORE ? expect.anything() : [] };
const postings = (where: string) =>
  query<Record<string, unknown>>(server.url, `select * from ledger.journal_postings where ${where} order by entry, no`);

describe('a derived read model', () => {
  it('is verified, compared, repaired and rolled back with its source rows, while the service runs', async () => {
    await reach(await append(0.5));
    const before = await postings('true');
    expect(before.length).toBeGreaterThan(20);
    const [wrong, lost] = before;
    await query(
      server.url,
      'update ledger.journal_postings set amount_minor = amount_minor + 1 where entry = $1 and no = $2',
      [wrong?.['entry'], wrong?.['no']],
    );
    await query(server.url, 'delete from ledger.journal_postings where entry = $1 and no = $2', [
      lost?.['entry'],
      lost?.['no'],
    ]);
    const told = await verified('journal');
    expect(told.code).toBe(1);
    const keys = [wrong, lost].map((row) => ({ entry: row?.['entry'], no: Number(row?.['no']) }));
    expect(told.differences.map(({ table, key }) => [table, key])).toEqual(
      expect.arrayContaining(keys.map((key) => ['journal_postings', key])),
    );
    expect(told.differences).toContainEqual(
      expect.objectContaining({ table: 'journal_months', columns: expect.any(Array) }),
    );

    const dryRun = await runCommand(['rebuild', 'journal', '--dry-run', '--json'], urls);
    const [comparison] = JSON.parse(dryRun.output) as Comparison[];
    const tables = new Map(comparison?.tables.map((table) => [table.table, table]));
    expect(tables.get('journal_postings')).toMatchObject({ changed: 1, added: 1, removed: 0 });
    expect(tables.get('journal_entries')).toMatchObject({ changed: 0, added: 0, removed: 0, examples: [] });
    expect(await generationsOf('journal')).toEqual(['1 shown']);

    const rebuilding = runCommand(['rebuild', 'journal'], urls);
    const last = await append(0.75);
    expect(await rebuilding).toMatchObject({ code: 0 });
    expect(await generationsOf('journal')).toEqual(['1 kept', '2 shown']);
    await reach(last);
  }, 300_000);

  it('is built with a projection that it follows from, and shown with it at one moment; a rollback brings both back', async () => {
    const rebuilding = runCommand(['rebuild', 'invoices'], urls);
    const last = await append(1);
    const rebuilt = await rebuilding;
    expect(rebuilt).toMatchObject({ code: 0 });
    expect(await generationsOf('invoices')).toEqual(['1 kept', '2 shown']);
    expect(await generationsOf('journal')).toEqual(['2 kept', '3 shown']);
    expect(await generationsOf('mrr')).toEqual(['1 kept', '2 shown']);
    await reach(last);
    expect(await verified()).toEqual(RIGHT);
    expect(await runCommand(['rollback', 'invoices'], urls)).toMatchObject({ code: 0 });
    expect(await generationsOf('invoices')).toEqual(['1 shown', '2 kept']);
    expect(await generationsOf('journal')).toEqual(['3 kept', '4 shown']);
    await reach(last);
    expect(await verified()).toEqual(RIGHT);
  }, 300_000);

  it('is rebuilt next to the live generation by a process with another policy', async () => {
    await service.stop();
    service = await startServiceProcess(urls, { MONEY_RECOGNITION: 'month' });
    await until('the new books are shown', async () => (await generationsOf('journal')).at(-1) === '5 shown', 60_000);
    await reach(-1n);
    const { code, output } = await runCommand(['rebuild', 'journal', '--dry-run', '--json'], urls);
    expect(code).toBe(0);
    // The command uses the policy of its environment, which is the default.
    const [comparison] = JSON.parse(output) as Comparison[];
    expect(comparison?.tables.find(({ table }) => table === 'revenue_months')?.changed).toBeGreaterThan(0);
    expect(comparison?.tables.find(({ table }) => table === 'journal_entries')).toMatchObject({ changed: 0 });
  }, 300_000);

  it('is resumed when the build was killed', async () => {
    const { child, ended } = startCommand(['rebuild', 'journal'], urls);
    const isBegun = async () => (await generationsOf('journal')).at(-1)?.endsWith('building') === true;
    await until('the build has begun', isBegun, 30_000);
    child.kill('SIGKILL');
    await ended;
    // The killed process's lease expires.
    await query(server.url, `update ledger.checkpoints set lease_until = '-infinity' where not shown`);
    const begun = (await generationsOf('journal')).at(-1);
    expect(await runCommand(['rebuild', 'journal'], urls)).toMatchObject({ code: 0 });
    expect((await generationsOf('journal')).at(-1)).toBe(begun?.replace('building', 'shown'));
  }, 300_000);
});
