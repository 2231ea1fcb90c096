import { ANY, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Comparison } from '../../src/rebuild/rebuilding.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { ADMIN_TOKEN, deliver, read } from '../support/delivery.js';
import { readsOf } from '../support/health.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { findingsOf, runCommand } from '../support/ledger-command.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import {
  SHARES_STORE,
  serviceDatabase,
  testEventStore,
  type TestDatabase,
  type TestServer,
} from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let eventStore: TestServer;
let database: TestDatabase;
let store: EventStore;
let ledger: TestLedger;
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  store = connectEventStore(eventStore.url);
  ledger = await startLedger({ eventStore, database });
});
afterAll(async () => {
  await ledger.stop();
  await store.close();
  await Promise.all([eventStore.stop(), database.stop()]);
});

const urls = () => ({ eventstoreUrl: eventStore.url, databaseUrl: database.url });
const streamOf = (id: string): string => `subscription-${id}`;

/** Appends events of a subscription without the webhook, which has its own tests for deleted streams. */
async function append(id: string, ...events: ReturnType<typeof subscriptionEvent>[]): Promise<void> {
  for (const event of events)
    await store.appends.appendToStream(streamOf(id), appendedEvent(event), { expectedRevision: ANY });
}
/** Expects another subscription to get its row, so the projector is running and has applied everything before. */
async function othersFlow(): Promise<void> {
  const id = randomId('sub');
  const { position } = (await deliver(ledger.url, JSON.stringify(subscriptionEvent(id)))).body;
  expect(await read(ledger.url, `/subscriptions/${id}?minPosition=${position}&waitMs=25000`)).toMatchObject({
    status: 200,
  });
}
const rowsOf = (id: string) =>
  query<{ status: string }>(database.url, 'select status from ledger.subscriptions where id = $1', [id]);
const at = (id: string, second: number, status: string) =>
  subscriptionEvent(id, { created: START + second, object: { status } });
/** A subscription with three events, the last of which made it past_due. */
async function subscriptionOfThree(): Promise<string> {
  const id = randomId('sub');
  await append(id, at(id, 10, 'trialing'), at(id, 20, 'active'), at(id, 30, 'past_due'));
  await othersFlow();
  expect(await rowsOf(id)).toEqual([{ status: 'past_due' }]);
  return id;
}
const parkedOf = (id: string) =>
  query(database.url, 'select cause from ledger.parked_streams where stream = $1', [streamOf(id)]);
async function replay(id: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${ledger.url}/parked/subscriptions/${streamOf(id)}/replay?waitMs=20000`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  return { status: response.status, body: await response.json() };
}

const soft = (id: string) => store.appends.deleteStream(streamOf(id));
const tombstone = (id: string) => store.appends.tombstoneStream(streamOf(id));
const truncate = (id: string) => store.appends.setStreamMetadata(streamOf(id), { truncateBefore: 2 });
const acts: readonly (readonly [string, (id: string) => Promise<unknown>, { status: string }[]])[] = [
  ['soft-deleted', soft, []],
  ['tombstoned', tombstone, []],
  ['truncated', truncate, [{ status: 'past_due' }]],
];

describe.each(acts)('a stream that is %s', (_, act, left) => {
  it('has the rows of its remaining events at once, and delays no other', async () => {
    const id = await subscriptionOfThree();
    await act(id);
    await othersFlow();
    expect(await rowsOf(id)).toEqual(left);
    expect(await parkedOf(id)).toEqual([]);
  });

  it('is removed from parking by a replay', async () => {
    const id = await subscriptionOfThree();
    await append(id, subscriptionEvent(id, { created: START + 40, object: { customer: 7 } }));
    await othersFlow();
    expect(await parkedOf(id)).not.toEqual([]);
    await query(database.url, `update ledger.parked_streams set replay_wanted_at = now() where stream = $1`, [
      streamOf(id),
    ]);
    await act(id);
    await othersFlow();
    if (left.length === 0) expect(await parkedOf(id)).toEqual([]);
    await query(
      database.url,
      `insert into ledger.parked_streams (generation, stream, revision, cause) select name, $1, 0, 'test' from ledger.checkpoints where name like 'subscriptions%' on conflict do nothing`,
      [streamOf(id)],
    );
    expect(await replay(id)).toMatchObject({
      status: 200,
      body: { outcome: left.length === 0 ? 'replayed' : 'parked_again' },
    });
    await othersFlow();
  });

  it('is named by verify, which continues with the others and finds no wrong row', async () => {
    const id = await subscriptionOfThree();
    await act(id);
    await othersFlow();
    const { code, output } = await runCommand(['verify', 'subscriptions', '--stream', streamOf(id), '--json'], urls());
    const gone = {
      kind: 'gone',
      projection: 'subscriptions',
      stream: streamOf(id),
      remains: left.length === 0 ? 'none' : 'some',
    };
    expect([code, findingsOf(output, 'gone'), findingsOf(output, 'difference')]).toEqual([0, [gone], []]);
    const { output: told } = await runCommand(['verify', 'subscriptions', '--stream', streamOf(id)], urls());
    expect(told).toContain(`${streamOf(id)} ${left.length === 0 ? 'was deleted' : 'was truncated'}`);
  });
});

describe('a deleted stream that gets events again', () => {
  it('has their rows, though they come late', async () => {
    const id = await subscriptionOfThree();
    await soft(id);
    await append(id, at(id, 5, 'unpaid'));
    await othersFlow();
    expect(await rowsOf(id)).toEqual([{ status: 'unpaid' }]);
    await append(id, at(id, 1, 'incomplete'));
    await othersFlow();
    expect(await rowsOf(id)).toEqual([{ status: 'unpaid' }]);
  });
});

describe('a log in which streams were deleted that once had late events', () => {
  it('gives the same rows again in a rebuild, a dry run, and a read from the start', async () => {
    const [deleted, again, buried, cut] = [
      await subscriptionOfThree(),
      await subscriptionOfThree(),
      await subscriptionOfThree(),
      await subscriptionOfThree(),
    ];
    for (const id of [deleted, again, buried, cut]) await append(id, at(id, 15, 'incomplete'));
    await othersFlow();
    await Promise.all([soft(deleted), soft(again), tombstone(buried), truncate(cut)]);
    await append(again, at(again, 7, 'unpaid'));
    await othersFlow();
    const rows = () =>
      query(database.url, 'select id, status from ledger.subscriptions where id = any($1) order by id', [
        [deleted, again, buried, cut],
      ]);
    const live = await rows();
    expect(live).toEqual(
      [
        { id: again, status: 'unpaid' },
        { id: cut, status: 'past_due' },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    );

    const dryRun = await runCommand(['rebuild', 'subscriptions', '--dry-run', '--json'], urls());
    expect(dryRun.code).toBe(0);
    const table = (JSON.parse(dryRun.output) as Comparison[])[0]?.tables[0];
    const own = [deleted, again, buried, cut].map(streamOf);
    expect(table?.examples.filter(({ stream }) => own.includes(stream))).toEqual([]);
    // On a shared store other specs delete streams meanwhile.
    if (!SHARES_STORE) expect(table).toMatchObject({ changed: 0, added: 0, removed: 0 });
    expect(await runCommand(['rebuild', 'subscriptions'], urls())).toMatchObject({ code: 0 });
    expect(await rows()).toEqual(live);
    await ledger.stop();
    await database.dropReadModels();
    ledger = await startLedger({ eventStore, database });
    await until('the read models are built again', async () => (await readsOf(ledger)).ready, 60_000);
    await othersFlow();
    expect(await rows()).toEqual(live);
  }, 120_000);
});

it('a stream of the store itself that is deleted concerns no one', async () => {
  const name = `$own-${randomId('stream')}`;
  await store.appends.appendToStream(name, jsonEvent({ type: 'anything', data: {} }), { expectedRevision: NO_STREAM });
  await store.appends.deleteStream(name);
  await othersFlow();
});
