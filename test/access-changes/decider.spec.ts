import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { links } from '../../projections/links.js';
import { historyOf } from '../../src/access-changes/change-log.js';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { viewOf } from '../../src/read-models/schema.js';
import { eventsOf } from '../support/log.js';
import { query } from '../support/read-models.js';
import { preparedDatabase, temporaryDirectory, type TestServer } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';
import { Deciding } from './access-deciding.js';

const at = (seconds: number): Date => new Date(seconds * 1_000);

/** Separate stores, since a decider decides about every customer in the log. */
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
let urls: { eventstoreUrl: string; databaseUrl: string };
let deciding: Deciding;
/** A customer from before the first start. */
let early: string;
beforeAll(async () => {
  directory = await temporaryDirectory();
  eventStore = await startEmbeddedEventStore({ directory: directory.path });
  database = await preparedDatabase();
  urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
  ledger = await startLedger({ eventStore, database });
  early = await customer();
  deciding = new Deciding(urls, at(START + 3_600));
});
afterAll(async () => {
  await deciding.stop();
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
  await directory.remove();
});

/** Delivers events and waits until they are in the rows. */
async function project(...events: unknown[]): Promise<void> {
  let position = '';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  expect((await read(ledger.url, `/v1/subscriptions?minPosition=${position}&waitMs=20000`)).status).toBe(200);
}
async function customer(object: Record<string, unknown> = {}, created = START): Promise<string> {
  const id = randomId('sub');
  await project(subscriptionEvent(id, { created, object }));
  return `cus_of_${id}`;
}
const subOf = (of: string): string => of.replace('cus_of_', '');

describe('the first start on a ledger that has events', () => {
  it('records the current state as a baseline, and announces nothing', async () => {
    await deciding.idle();
    expect(await deciding.changesOf(early)).toEqual([]);
    expect(await historyOf(deciding.store, early, { max: 10 })).toMatchObject([
      { revision: 0, isBaseline: true, before: { granted: false }, now: { granted: true, products: ['prod_one'] } },
    ]);
  });
});

describe('a change of access', () => {
  it('is recorded with the previous and current state and the event behind it; a burst is one change', async () => {
    const of = await customer();
    expect(await deciding.untilChanges(of, 1)).toMatchObject([
      {
        revision: 0,
        before: { granted: false, products: [] },
        now: { granted: true, products: ['prod_one'], reason: { rule: 'active' } },
        because: { kind: 'event', stripeEventId: expect.stringMatching(/^evt_/) },
      },
    ]);
    const canceled = subscriptionEvent(subOf(of), {
      type: 'customer.subscription.deleted',
      created: START + 60,
      object: { status: 'canceled', ended_at: START + 60, canceled_at: START + 60 },
    });
    await project(subscriptionEvent(subOf(of), { created: START + 50, object: { status: 'unpaid' } }), canceled);
    const changes = await deciding.untilChanges(of, 2);
    expect(changes).toHaveLength(2);
    expect(changes[1]).toMatchObject({
      revision: 1,
      before: { granted: true, products: ['prod_one'] },
      now: { granted: false, products: [] },
      because: { kind: 'event', stripeEventId: canceled.id },
    });
  });

  it('is made once when only time passes: a grace ends without an event', async () => {
    const of = await customer();
    await project(
      subscriptionEvent(subOf(of), {
        created: START + 100,
        object: { status: 'past_due' },
        previous: { status: 'active' },
      }),
    );
    const [first] = await deciding.untilChanges(of, 1);
    expect(first?.now).toMatchObject({ granted: true });
    await deciding.idle();
    expect(await deciding.changesOf(of)).toHaveLength(1);
    const until = new Date(String(first?.now.until));
    // One minute early, nothing happens.
    deciding.now = new Date(until.getTime() - 60_000);
    await deciding.idle();
    expect(await deciding.changesOf(of)).toHaveLength(1);
    deciding.now = until;
    const changes = await deciding.untilChanges(of, 2);
    expect(changes[1]).toMatchObject({
      now: { granted: false, reason: { rule: 'grace_over' } },
      because: { kind: 'time' },
    });
    await deciding.idle();
    expect(await deciding.changesOf(of)).toHaveLength(2);
  });
});

describe('when Postgres is dropped', () => {
  it('no decision is lost, made twice, or forgotten', async () => {
    const of = await customer({ items: undefined });
    await deciding.idle();
    const before = await deciding.changesOf(early);
    const stream = `access-${of}`;
    const decided = (await eventsOf(urls.eventstoreUrl, stream)).length;
    await ledger.service.stop();
    await deciding.decider.stop();
    await query(urls.databaseUrl, 'drop schema ledger cascade');
    // An event arrives while nothing is known.
    ledger = await startLedger({ eventStore, database });
    const again = new Deciding(urls, deciding.now);
    await deciding.stop();
    deciding = again;
    await until('it decides again', async () => {
      await deciding.decider.tick().catch(() => undefined);
      return (
        (await query(urls.databaseUrl, `select to_regclass('ledger.access_customers') as found`))[0]?.['found'] !== null
      );
    });
    await deciding.idle();
    expect(await deciding.changesOf(early)).toEqual(before);
    expect((await eventsOf(urls.eventstoreUrl, stream)).length).toBe(decided);
    const next = await customer();
    expect(await deciding.untilChanges(next, 1)).toHaveLength(1);
  });
});

describe('a customer who cannot be judged, e.g. with more rows than an answer may have', () => {
  it('is named, and judged again after an hour; the others are judged', async () => {
    const of = await customer();
    // A grace period that has not ended.
    await project(
      subscriptionEvent(subOf(of), {
        created: Math.floor(deciding.now.getTime() / 1_000) - 100,
        object: { status: 'past_due' },
        previous: { status: 'active' },
      }),
    );
    const [first] = await deciding.untilChanges(of, 1);
    await deciding.stop();
    let judgements = 0;
    deciding = new Deciding(urls, new Date(String(first?.now.until)), {
      judged: (judge) => async (connection, customers, now) => {
        if (customers.includes(of)) judgements += 1;
        if (customers.includes(of)) throw new Error('Too large.');
        return judge(connection, customers, now);
      },
    });
    const other = await customer();
    expect(await deciding.untilChanges(other, 1)).toHaveLength(1);
    await deciding.idle();
    // First among others, then alone.
    expect(judgements).toBeLessThanOrEqual(2);
    expect(deciding.warnings).toEqual([expect.stringContaining(`${of} is not decided: Error: Too large.`)]);
    expect(await deciding.changesOf(of)).toHaveLength(1);
    deciding.now = new Date(deciding.now.getTime() + 3_600_000);
    const judgedBefore = judgements;
    await deciding.idle();
    expect(judgements).toBeGreaterThan(judgedBefore);
  });
});

describe('a customer whose stream of decisions is tombstoned', () => {
  it('is left out, and named; the others are decided', async () => {
    const of = await customer();
    const { store } = deciding;
    await store.appends.tombstoneStream(`access-${of}`);
    const other = await customer();
    expect(await deciding.untilChanges(other, 1)).toHaveLength(1);
    await deciding.idle();
    expect(deciding.warnings.filter((text) => text.includes(of))).toEqual([expect.stringContaining('stream_deleted')]);
  });
});

describe('when Postgres fails while events are mapped to customers', () => {
  it('these events are looked for again', async () => {
    const of = await customer();
    const view = viewOf(links, 'links');
    await query(urls.databaseUrl, `alter view ${view} rename to links_away`);
    await until('a round fails', () =>
      deciding.decider.tick().then(
        () => false,
        () => true,
      ),
    );
    await query(urls.databaseUrl, `alter view ledger.links_away rename to ${view.replace('ledger.', '')}`);
    expect(await deciding.untilChanges(of, 1)).toHaveLength(1);
  });
});

describe('two deciders', () => {
  it('do not both decide: the other is on standby', async () => {
    const other = new Deciding(urls, deciding.now);
    expect(await other.decider.tick()).toBe(false);
    expect(await deciding.decider.tick()).toBe(true);
    await other.stop();
  });
});
