import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { customers } from '../../projections/customers.js';
import { projections } from '../../projections/index.js';
import { kindsOf } from '../../projections/projection.js';
import { subscriptions } from '../../projections/subscriptions.js';
import type { ReadEvent } from '../../src/catch-up/facts.js';
import { Follower } from '../../src/catch-up/follower.js';
import { readHere } from '../../src/catch-up/log-reading.js';
import { Projector, type BatchResult, type Group } from '../../src/catch-up/projector.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { Database } from '../../src/read-models/database.js';
import { ensureSchema, EVENT_INDEX, lineOf, stateTableOf, tableOf } from '../../src/read-models/schema.js';
import { appendAndRead, takeLines } from '../support/projecting.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { BASIL, customer, invoice, stripeEvent } from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let eventStore: TestServer;
let store: EventStore;
beforeAll(async () => {
  eventStore = await testEventStore();
  store = connectEventStore(eventStore.url);
});
afterAll(async () => {
  await store.close();
  await eventStore.stop();
});

let server: TestServer;
let database: Database;
let group: Group;
let projector: Projector;
beforeEach(async () => {
  server = await testDatabase();
  database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
  await ensureSchema(database, projections);
  group = { logName: await nameOfLog(store, 5_000), lines: await takeLines(database, 'test') };
  projector = new Projector(store, database, projections);
});
afterEach(async () => {
  await database.close();
  await server.stop();
});

const appended = (stream: string, event: ReturnType<typeof stripeEvent> | ReturnType<typeof subscriptionEvent>) => appendAndRead(store, stream, event);

const movedTo = (event: ReadEvent): Group => ({ ...group, lines: group.lines.map((line) => ({ ...line, at: event })) });

/** Folds `second` while the transaction of `first` cannot get on, then lets both be written; and the result of the second. */
async function writeWhileFolding(first: ReadEvent, second: ReadEvent): Promise<{ stands: boolean; result: BatchResult }> {
  const holder = new pg.Client({ connectionString: server.url });
  await holder.connect();
  await holder.query('begin; select 1 from ledger.checkpoints for update');
  const writing = projector.write(await projector.fold([first], { group, to: first }), group);
  const folded = await projector.fold([second], { group, to: second });
  await holder.query('rollback');
  await holder.end();
  expect(await writing).toMatchObject({ kind: 'applied' });
  const stands = projector.stands(folded);
  return { stands, result: await projector.write(stands ? folded : await projector.fold([second], { group, to: second }), movedTo(first)) };
}

const parkedStreams = async (): Promise<string[]> => (await query<{ stream: string }>(server.url, 'select distinct stream from ledger.parked_streams')).map(({ stream }) => stream);

describe('a batch that is folded while the one before is written', () => {
  it('goes on from the states that are being written', async () => {
    const id = randomId('sub');
    const first = await appended(`subscription-${id}`, subscriptionEvent(id, { type: 'customer.subscription.deleted', object: { status: 'canceled' } }));
    const second = await appended(`subscription-${id}`, subscriptionEvent(id, { created: START + 5, object: { status: 'active' }, previous: { metadata: { of: 'before' } } }));
    expect(await writeWhileFolding(first, second)).toMatchObject({ stands: true, result: { kind: 'applied', refolds: 0, repeats: 0 } });
    expect(await query(server.url, 'select id, status from subscriptions')).toEqual([{ id, status: 'canceled' }]);
  });

  it('knows the ids that are being indexed: one of them in another stream is a repeat', async () => {
    const id = randomId('cus');
    const event = stripeEvent('customer.created', customer(id, { name: 'Ada' }));
    const first = await appended(`customer-${id}`, event);
    const second = await appended(`customer-other-${id}`, event);
    expect(await writeWhileFolding(first, second)).toMatchObject({ stands: true, result: { kind: 'applied', repeats: 1 } });
    expect(await query(server.url, `select stream from ${EVENT_INDEX}`)).toEqual([{ stream: `customer-${id}` }]);
    expect(await query(server.url, 'select id, stream from customers')).toEqual([{ id, stream: `customer-${id}` }]);
  });

  it('leaves parked what is being parked', async () => {
    const id = randomId('sub');
    const broken = stripeEvent('invoice.created', invoice(randomId('in'), BASIL, { subscription: id, amount_due: 'much' }));
    const first = await appended(`subscription-${id}`, broken);
    const second = await appended(`subscription-${id}`, stripeEvent('invoice.created', invoice(randomId('in'), BASIL, { subscription: id }), { after: 5 }));
    await writeWhileFolding(first, second);
    expect(await parkedStreams()).toEqual([`subscription-${id}`]);
    expect(await query(server.url, 'select id from invoices')).toEqual([]);
  });

  it('is folded again when Postgres rejected a row of the one before', async () => {
    await query(server.url, `alter table ${tableOf({ projection: customers, generation: 1 }, 'customers')} add constraint no_such_name check (name <> 'rejected')`);
    const id = randomId('cus');
    const first = await appended(`customer-${id}`, stripeEvent('customer.created', customer(id, { name: 'rejected' })));
    const second = await appended(`customer-${id}`, stripeEvent('customer.updated', customer(id, { name: 'Ada' }), { after: 5, previous: { name: 'rejected' } }));
    expect(await writeWhileFolding(first, second)).toMatchObject({ stands: false, result: { kind: 'applied', parked: [] } });
    expect(await query(server.url, 'select id, name from customers')).toEqual([{ id, name: 'Ada' }]);
    expect(await parkedStreams()).toEqual([]);
  });

  it('is folded again also when it was folded after the rejection, while the rest of the one before is written stream by stream', async () => {
    await query(server.url, `
      create sequence rejections;
      create function reject() returns trigger language plpgsql as $$ begin
        if nextval('rejections') > 1 then perform pg_advisory_xact_lock(1); end if;
        raise 'rejected' using errcode = '23514';
      end $$;
      create trigger reject before insert on ${tableOf({ projection: customers, generation: 1 }, 'customers')} for each row when (new.name = 'rejected') execute function reject()`);
    const holder = new pg.Client({ connectionString: server.url });
    await holder.connect();
    await holder.query('select pg_advisory_lock(1)');
    const id = randomId('cus');
    const first = await appended(`customer-${id}`, stripeEvent('customer.created', customer(id, { name: 'rejected' })));
    const second = await appended(`customer-${id}`, stripeEvent('customer.updated', customer(id, { name: 'Ada' }), { after: 5, previous: { name: 'rejected' } }));
    const writing = projector.write(await projector.fold([first], { group, to: first }), group);
    await until('the row is rejected a second time', async () => (await query(server.url, `select 1 from pg_locks where locktype = 'advisory' and not granted`)).length > 0);
    const folded = await projector.fold([second], { group, to: second });
    await holder.end();
    expect(await writing).toMatchObject({ kind: 'applied', parked: [{ stream: `customer-${id}` }] });
    expect(projector.stands(folded)).toBe(false);
  });

  it('is folded again when the one before was not written, since its owner had lost its lines', async () => {
    const id = randomId('cus');
    const first = await appended(`customer-${id}`, stripeEvent('customer.created', customer(id)));
    const second = await appended(`customer-${id}`, stripeEvent('customer.updated', customer(id, { name: 'Ada' }), { after: 5 }));
    const others = { ...group, lines: group.lines.map((line) => ({ ...line, epoch: line.epoch - 1n })) };
    const writing = projector.write(await projector.fold([first], { group: others, to: first }), others);
    const folded = await projector.fold([second], { group: others, to: second });
    expect(await writing).toEqual({ kind: 'lost' });
    expect(projector.stands(folded)).toBe(false);
    expect(await query(server.url, 'select id from customers')).toEqual([]);
  });
});

describe('batches that follow one another', () => {
  it('count a repeat once wherever they are cut, also when its stream is folded again', async () => {
    const [id, subscription] = [randomId('in'), randomId('sub')];
    const event = stripeEvent('invoice.created', invoice(id, BASIL, { subscription }), { after: 5 });
    const batch = [
      await appended(`invoice-${id}`, event),
      await appended(`subscription-${subscription}`, subscriptionEvent(subscription, { created: START + 9 })),
      await appended(`subscription-${subscription}`, event),
      await appended(`subscription-${subscription}`, subscriptionEvent(subscription, { created: START + 1 })),
    ];
    const to = batch.at(-1) as ReadEvent;
    expect(await projector.write(await projector.fold(batch, { group, to }), group)).toMatchObject({ kind: 'applied', repeats: 1, parked: [] });
    expect(await query(server.url, 'select id, stream from invoices')).toEqual([{ id, stream: `invoice-${id}` }]);
  });

  it('lose nothing when a row of the first is rejected: those behind it are folded again, one on the other', async () => {
    await query(server.url, `alter table ${tableOf({ projection: customers, generation: 1 }, 'customers')} add constraint no_such_name check (name <> 'rejected')`);
    const subscriptions = [randomId('sub'), randomId('sub'), randomId('sub')];
    const [rejected, mended] = [randomId('cus'), randomId('cus')];
    for (const id of [rejected, mended]) await appended(`customer-${id}`, stripeEvent('customer.created', customer(id, { name: 'rejected' })));
    const invoices: string[] = [];
    let last: ReadEvent | undefined;
    for (const after of [1, 2, 3, 4]) {
      for (const subscription of subscriptions) {
        const id = randomId('in');
        invoices.push(id);
        last = await appended(`subscription-${subscription}`, stripeEvent('invoice.created', invoice(id, BASIL, { subscription }), { after }));
        // Three events after the first of its customer: in the next batch.
        if (invoices.length === 2) await appended(`customer-${mended}`, stripeEvent('customer.updated', customer(mended, { name: 'Ada' }), { after: 5 }));
      }
    }
    if (last === undefined) throw new Error('Nothing was appended.');
    const follower = new Follower(readHere(store, kindsOf(projections)), projector);
    expect(await follower.follow(group, { until: last, batchMax: { events: 3, bytes: 1_000_000 }, signal: new AbortController().signal, applied: () => undefined })).toMatchObject({ kind: 'reached' });
    const parked = await parkedStreams();
    expect([rejected, mended].map((id) => parked.includes(`customer-${id}`))).toEqual([true, false]);
    expect(await query(server.url, 'select name from customers where id = $1', [mended])).toEqual([{ name: 'Ada' }]);
    const rows = await query<{ id: string }>(server.url, 'select id from invoices where subscription = any($1) order by id', [subscriptions]);
    expect(rows.map(({ id }) => id)).toEqual([...invoices].sort());
  });
});

describe('a stream that parks', () => {
  const broken = (id: string, after: number) => subscriptionEvent(id, { created: START + after, object: { created: 'yesterday' } });
  const applied = async (events: readonly ReadEvent[]) => {
    const to = events.at(-1) as ReadEvent;
    expect(await projector.write(await projector.fold(events, { group, to }), group)).toMatchObject({ kind: 'applied' });
    group = movedTo(to);
  };
  const parkedAt = async (stream: string) => query(server.url, `select revision from ledger.parked_streams where stream = $1 and generation like 'subscriptions%'`, [stream]);

  it('has its last good rows, though one batch brought them and what cannot be read', async () => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    const batch = [
      await appended(stream, subscriptionEvent(id, { object: { status: 'trialing' } })),
      await appended(stream, broken(id, 5)),
      await appended(stream, subscriptionEvent(id, { created: START + 9, object: { status: 'active' } })),
    ];
    await applied(batch);
    expect(await parkedAt(stream)).toEqual([{ revision: 1n }]);
    expect(await query(server.url, 'select id, status from subscriptions')).toEqual([{ id, status: 'trialing' }]);
  });

  it('does not go back to rows before those that it has', async () => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    await applied([await appended(stream, subscriptionEvent(id, { object: { status: 'trialing' } }))]);
    await applied([await appended(stream, subscriptionEvent(id, { created: START + 3, object: { status: 'active' } }))]);
    // As a build leaves it that cannot read what the one before could.
    const table = stateTableOf({ projection: subscriptions, generation: 1 });
    await query(server.url, `update ${table} set revision = 7 where stream = $1`, [stream]);
    await query(server.url, `insert into ledger.parked_streams (generation, stream, revision, cause) values ($1, $2, 1, 'unreadable')`, [lineOf({ projection: subscriptions, generation: 1 }), stream]);
    await applied([await appended(stream, broken(id, 5))]);
    expect(await parkedAt(stream)).toEqual([{ revision: 2n }]);
    expect(await query(server.url, `select revision from ${table} where stream = $1`, [stream])).toEqual([{ revision: 7n }]);
  });

  describe('since Postgres rejects its row', () => {
    const named = (id: string, after: number, name: unknown) => stripeEvent(after === 0 ? 'customer.created' : 'customer.updated', customer(id, { name }), { after });
    const inBatchesOf = async (size: number, events: readonly ReadEvent[]) => {
      for (let at = 0; at < events.length; at += size) await applied(events.slice(at, at + size));
    };
    const parkings = (stream: string) => query(server.url, `select revision, cause from ledger.parked_streams where stream = $1 and generation like 'customers%'`, [stream]);
    beforeEach(() => query(server.url, `alter table ${tableOf({ projection: customers, generation: 1 }, 'customers')} add constraint no_such_name check (name not like 'rejected%')`));

    it.each([1, 2, 5, 20])('has the rows that Postgres took last, also when it gets its events in batches of %i, and flows on when they are good again', async (size) => {
      const id = randomId('cus');
      const stream = `customer-${id}`;
      const names = ['Ada', 'Grace', ...Array.from({ length: 11 }, (_, at) => `rejected ${at}`)];
      const events: ReadEvent[] = [];
      for (const [after, name] of names.entries()) events.push(await appended(stream, named(id, after, name)));
      await inBatchesOf(size, events);
      expect(await query(server.url, 'select id, name from customers')).toEqual([{ id, name: 'Grace' }]);
      const [parking] = await parkings(stream);
      expect(parking).toMatchObject({ cause: expect.stringMatching(/Postgres rejects a row \(SQLSTATE 23514\).*no_such_name/) });
      if (size === 20) expect(parking).toMatchObject({ revision: 2n });
      await applied([await appended(stream, named(id, names.length, 'Hedy'))]);
      expect(await query(server.url, 'select id, name from customers')).toEqual([{ id, name: 'Hedy' }]);
      expect(await parkings(stream)).toEqual([]);
    });

    it('has the rows before those too when an event behind them cannot be folded', async () => {
      const id = randomId('cus');
      const stream = `customer-${id}`;
      const events = [await appended(stream, named(id, 0, 'Ada')), await appended(stream, named(id, 1, 'rejected')), await appended(stream, named(id, 2, 7))];
      await inBatchesOf(3, events);
      expect(await query(server.url, 'select id, name from customers')).toEqual([{ id, name: 'Ada' }]);
      expect(await parkings(stream)).toMatchObject([{ revision: 2n }]);
    });
  });
});
