import { NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { derivations } from '../../derivations/index.js';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { projections } from '../../projections/index.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { Places } from '../../src/api/places.js';
import { ReadPosition } from '../../src/api/read-position.js';
import { tooManyWaiting } from '../../src/api/refusals.js';
import { CatchUp } from '../../src/catch-up/catch-up.js';
import { Deriver } from '../../src/deriving/deriver.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { nameOfGeneration } from '../../src/read-models/schema.js';
import { deliver, read } from '../support/delivery.js';
import { readsOf } from '../support/health.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import {
  emptyDatabase,
  temporaryDirectory,
  testDatabase,
  testEventStore,
  type TestDatabase,
  type TestServer,
} from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let eventStore: TestServer;
let database: TestDatabase;
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), testDatabase()]);
});
afterAll(async () => {
  await Promise.all([eventStore.stop(), database.stop()]);
});

async function sendTo(ledger: TestLedger, ...events: unknown[]): Promise<string> {
  let position = '';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  await read(ledger.url, `/subscriptions?minPosition=${position}&waitMs=20000`);
  return position;
}

describe('the catch-up', () => {
  it('continues from its checkpoint after a restart, and counts nothing twice', async () => {
    const id = randomId('sub');
    const first = await startLedger({ eventStore, database });
    await sendTo(
      first,
      subscriptionEvent(id, { type: 'customer.subscription.created', object: { status: 'trialing' } }),
    );
    await first.stop();
    const second = await startLedger({ eventStore, database });
    await sendTo(second, subscriptionEvent(id, { created: START + 1, object: { quantity: 2 } }));
    expect((await read(second.url, `/subscriptions/${id}`)).body).toMatchObject({ status: 'active' });
    expect(
      await query(database.url, `select count(*)::int as events from ledger.event_index_v3 where stream = $1`, [
        `subscription-${id}`,
      ]),
    ).toEqual([{ events: 2 }]);
    await second.stop();
  });

  it('stops at any moment of its start', async () => {
    for (let afterMs = 0; afterMs < 200; afterMs += 20) {
      const ledger = await startLedger({ eventStore, database });
      await pause(afterMs);
      await ledger.stop();
    }
  }, 60_000);

  it('inserts a late event in order, from the log, however late it comes', async () => {
    const id = randomId('sub');
    const ledger = await startLedger({ eventStore, database });
    const deleted = subscriptionEvent(id, {
      type: 'customer.subscription.deleted',
      created: START + 100,
      object: { status: 'canceled' },
    });
    await sendTo(ledger, deleted);
    await sendTo(ledger, subscriptionEvent(id, { created: START + 50, object: { status: 'past_due' } }));
    expect((await read(ledger.url, `/subscriptions/${id}`)).body).toMatchObject({
      status: 'canceled',
      changedBy: { stripeEventId: deleted.id },
    });
    await ledger.stop();
  });

  it('makes the same rows again after the schema was dropped', async () => {
    const ids = Array.from({ length: 20 }, () => randomId('sub'));
    const first = await startLedger({ eventStore, database });
    await sendTo(
      first,
      ...ids.flatMap((id) =>
        [1, 0, 2].map((second) =>
          subscriptionEvent(id, {
            created: START + second,
            object: { status: ['incomplete', 'active', 'past_due'][second] },
          }),
        ),
      ),
    );
    await first.stop();
    const own = ids.map((id) => `subscription-${id}`);
    const rows = () =>
      query(database.url, 'select * from ledger.subscriptions where stream = any($1) order by id', [own]);
    const index = () =>
      query(database.url, 'select * from ledger.event_index_v3 where stream = any($1) order by event_id', [own]);
    const before = [await rows(), await index()];
    expect(before.map(({ length }) => length)).toEqual([ids.length, 3 * ids.length]);
    await database.dropReadModels();
    const second = await startLedger({ eventStore, database });
    await until('the read models are built again', async () => (await readsOf(second)).ready);
    expect([await rows(), await index()]).toEqual(before);
    await second.stop();
  }, 60_000);

  it('parks a stream that cannot be read, with its rows as they were, and lets the others flow', async () => {
    const [bad, good] = [randomId('sub'), randomId('sub')];
    const ledger = await startLedger({ eventStore, database });
    await sendTo(ledger, subscriptionEvent(bad));
    await sendTo(
      ledger,
      subscriptionEvent(bad, { created: START + 1, object: { customer: 7 } }),
      subscriptionEvent(good),
    );
    expect((await read(ledger.url, `/subscriptions/${good}`)).status).toBe(200);
    expect((await read(ledger.url, `/subscriptions/${bad}`)).status).toBe(200);
    expect(
      await query(
        database.url,
        'select revision::int, attempts, cause from ledger.parked_streams where generation = $2 and stream = $1',
        [`subscription-${bad}`, nameOfGeneration({ projection: subscriptions, generation: 1 })],
      ),
    ).toEqual([{ revision: 1, attempts: 1, cause: expect.stringContaining('"subscription.customer" is a number') }]);
    await ledger.stop();
  });

  it('keeps texts that Postgres cannot hold from parking anything', async () => {
    const id = randomId('sub');
    const ledger = await startLedger({ eventStore, database });
    await sendTo(ledger, subscriptionEvent(id, { object: { currency: 'e\u0000\ud800r' } }));
    expect((await read(ledger.url, `/subscriptions/${id}`)).body).toMatchObject({ currency: 'e\ufffd\ufffdr' });
    await ledger.stop();
  });

  it('ends the pause in which it gathers events as soon as a client waits for their rows', async () => {
    const [store, rows] = [
      connectEventStore(eventStore.url),
      new Database(database.url, { connectionsMax: 6, onIdleError: () => undefined }),
    ];
    const batches: number[] = [];
    const catchUp = new CatchUp(store, rows, {
      projections,
      deriver: new Deriver({ projections, derivations, policy: {} }),
      pace: { after: () => ({ kind: 'gather', ms: 3_600_000 }) },
      verifyEveryMs: 3_600_000,
      intakeIsBusy: () => false,
      build: async () => ({ kind: 'stopped' }),
      observer: {
        stateChanged: () => undefined,
        batchApplied: (events) => batches.push(events),
        buildEnded: () => undefined,
        verified: () => undefined,
        warned: () => undefined,
      },
    });
    const places = new Places({ max: 1, perTokenMax: 1, what: 'wait', full: tooManyWaiting });
    const position = new ReadPosition(rows, projections, places, () => catchUp.hurry());
    const asker = { token: 'one', name: 'one', signal: new AbortController().signal };
    catchUp.start();
    for (const id of [randomId('sub'), randomId('sub'), randomId('sub')]) {
      const appended = await store.appends.appendToStream(`subscription-${id}`, appendedEvent(subscriptionEvent(id)), {
        expectedRevision: NO_STREAM,
      });
      await position.satisfy({ minPosition: appended.position?.commit, waitMs: 20_000 }, asker);
    }
    expect(batches.length).toBeGreaterThanOrEqual(3);
    await catchUp.stop();
    await Promise.all([store.close(), rows.close()]);
  });

  it('lets one of several processes project, and another take over when it stops', async () => {
    const [one, other] = [await startLedger({ eventStore, database }), await startLedger({ eventStore, database })];
    const projecting = async () => (await Promise.all([one, other].map(readsOf))).map(({ catchUp }) => catchUp).sort();
    await until('one projects and one stands by', async () => (await projecting()).join() === 'projecting,standing_by');
    const [owner, standby] = (await readsOf(one)).catchUp === 'projecting' ? [one, other] : [other, one];
    await sendTo(standby, subscriptionEvent(randomId('sub')));
    await owner.stop();
    await until('the other has taken over', async () => (await readsOf(standby)).catchUp === 'projecting');
    await sendTo(standby, subscriptionEvent(randomId('sub')));
    await standby.stop();
  });
});

describe('another log than that of the read models', () => {
  it('is noticed at start: nothing is projected, health explains why, intake continues', async () => {
    const own = await testDatabase();
    const first = await startLedger({ eventStore, database: own });
    await sendTo(first, subscriptionEvent(randomId('sub')));
    await first.stop();
    const exchanged = await startEmbeddedEventStore({ directory: 'memory' });
    const second = await startLedger({ eventStore: exchanged, database: own });
    const { cause } = await until('the log is refused', async () => {
      const state = await readsOf(second);
      return state.catchUp === 'refused' && state;
    });
    expect(cause).toMatch(/built from the log .* this log is .*EVENTSTORE_URL/);
    expect(await deliver(second.url, JSON.stringify(subscriptionEvent(randomId('sub'))))).toMatchObject({
      status: 200,
    });
    await second.stop();
    await exchanged.stop();
    await own.stop();
  });

  it('is noticed when it is an older copy of the same one', async () => {
    const directory = await temporaryDirectory();
    const own = await emptyDatabase();
    const store = await startEmbeddedEventStore({ directory: directory.path });
    const first = await startLedger({ eventStore: store, database: own });
    await sendTo(first, subscriptionEvent(randomId('sub')));
    await first.stop();
    await query(own.url, 'update ledger.checkpoints set event_id = gen_random_uuid()');
    const second = await startLedger({ eventStore: store, database: own });
    const { cause } = await until('the log is refused', async () => {
      const state = await readsOf(second);
      return state.catchUp === 'refused' && state;
    });
    expect(cause).toMatch(/has no event .* at position/);
    await second.stop();
    await store.stop();
    await own.stop();
    await directory.remove();
  });
});

describe('without Postgres', () => {
  it('intake continues, duplicates are recognised, and reads answer 503', async () => {
    const unreachable = { url: 'postgres://ledger:none@127.0.0.1:1/ledger', stop: async () => undefined };
    const ledger = await startLedger({ eventStore, database: unreachable });
    const id = randomId('sub');
    const body = JSON.stringify(subscriptionEvent(id));
    expect(await deliver(ledger.url, body)).toMatchObject({ status: 200, body: { outcome: 'appended' } });
    expect(await deliver(ledger.url, body)).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
    expect((await fetch(`${ledger.url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${ledger.url}/health/ready/reads`)).status).toBe(503);
    expect(await read(ledger.url, `/subscriptions/${id}`)).toMatchObject({
      status: 503,
      body: { code: 'read_models_unavailable' },
    });
    await ledger.stop();
  });
});
