import { jsonEvent } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { customers } from '../../projections/customers.js';
import { projections } from '../../projections/index.js';
import { kindsOf } from '../../projections/projection.js';
import { readEvent, type ReadEvent } from '../../src/folding/facts.js';
import { Follower } from '../../src/catch-up/follower.js';
import { readHere } from '../../src/catch-up/log-reading.js';
import { readModelsIn } from '../../src/projector/postgres-read-models.js';
import { Projector, type Applied } from '../../src/projector/projector.js';
import type { Group } from '../../src/projector/group.js';
import { eventReader } from '../../src/projector/stream-reading.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { Database } from '../../src/read-models/database.js';
import { ensureSchema, EVENT_INDEX, tableOf } from '../../src/read-models/schema.js';
import { eventsOf } from '../support/log.js';
import { appendAndRead, takeCheckpoints } from '../support/projecting.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { BASIL, customer, invoice, stripeEvent } from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

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
/** Number of events that were read again. */
let read: number;
beforeEach(async () => {
  server = await testDatabase();
  database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
  await ensureSchema(database, projections);
  group = { logName: await nameOfLog(store, 5_000), checkpoints: await takeCheckpoints(database, 'test') };
  read = 0;
  const reader = eventReader(store, projections);
  const counting: typeof reader = {
    readStream: async function* (stream, range) {
      for await (const event of reader.readStream(stream, range)) {
        read += 1;
        yield event;
      }
    },
  };
  projector = new Projector({ reader: counting, models: readModelsIn(database), projections });
});
afterEach(async () => {
  await database.close();
  await server.stop();
});

const appended = (stream: string, event: ReturnType<typeof stripeEvent> | ReturnType<typeof subscriptionEvent>) =>
  appendAndRead(store, stream, event);

const movedTo = (event: ReadEvent): Group => ({
  ...group,
  checkpoints: group.checkpoints.map((checkpoint) => ({ ...checkpoint, at: event })),
});

/** Applies a batch, which moves the checkpoints to its last event. */
async function applied(...events: readonly ReadEvent[]): Promise<Applied> {
  const to = events.at(-1) as ReadEvent;
  const result = await projector.apply(events, { group, to });
  if (result.kind === 'lost') throw new Error('The batch is lost.');
  group = movedTo(to);
  return result;
}
const parkedStreams = async (): Promise<string[]> =>
  (await query<{ stream: string }>(server.url, 'select distinct stream from ledger.parked_streams')).map(
    ({ stream }) => stream,
  );
const rowsOfSubscription = (id: string) =>
  query<{ status: string }>(server.url, 'select status from subscriptions where id = $1', [id]);

describe('batches that follow one another', () => {
  it('continue from the states that the previous one wrote', async () => {
    const id = randomId('sub');
    await applied(
      await appended(
        `subscription-${id}`,
        subscriptionEvent(id, { type: 'customer.subscription.deleted', object: { status: 'canceled' } }),
      ),
    );
    const second = await appended(
      `subscription-${id}`,
      subscriptionEvent(id, {
        created: START + 5,
        object: { status: 'active' },
        previous: { metadata: { of: 'before' } },
      }),
    );
    expect(await applied(second)).toMatchObject({ refolds: 0, repeats: 0 });
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'canceled' }]);
  });

  it('know the ids of those before: one of them in another stream is a repeat', async () => {
    const id = randomId('cus');
    const event = stripeEvent('customer.created', customer(id, { name: 'Ada' }));
    await applied(await appended(`customer-${id}`, event));
    expect(await applied(await appended(`customer-other-${id}`, event))).toMatchObject({ repeats: 1 });
    expect(await query(server.url, `select stream from ${EVENT_INDEX}`)).toEqual([{ stream: `customer-${id}` }]);
    expect(await query(server.url, 'select id, stream from customers')).toEqual([{ id, stream: `customer-${id}` }]);
  });

  it('count a repeat once wherever they are cut, also when its stream is read again', async () => {
    const [id, subscription] = [randomId('in'), randomId('sub')];
    const event = stripeEvent('invoice.created', invoice(id, BASIL, { subscription }), { after: 5 });
    const batch = [
      await appended(`invoice-${id}`, event),
      await appended(`subscription-${subscription}`, subscriptionEvent(subscription, { created: START + 9 })),
      await appended(`subscription-${subscription}`, event),
      await appended(`subscription-${subscription}`, subscriptionEvent(subscription, { created: START + 1 })),
    ];
    expect(await applied(...batch)).toMatchObject({ repeats: 1, parked: [] });
    expect(await query(server.url, 'select id, stream from invoices')).toEqual([{ id, stream: `invoice-${id}` }]);
  });

  it('take an event back that another stream turns out to have had before, as when streams are projected side by side', async () => {
    const id = randomId('cus');
    const event = stripeEvent('customer.created', customer(id, { name: 'Ada' }));
    const [first, second] = [
      await appended(`customer-first-${id}`, event),
      await appended(`customer-second-${id}`, event),
    ];
    expect(await projector.apply([second], { group, to: first })).toMatchObject({ kind: 'applied', repeats: 0 });
    group = movedTo(first);
    expect(await projector.apply([first], { group, to: second })).toMatchObject({
      kind: 'applied',
      repeats: 0,
      parked: [],
    });
    group = movedTo(second);
    expect(await projector.workOff(() => group)).toBe('done');
    expect(await query(server.url, 'select id, stream from customers')).toEqual([
      { id, stream: `customer-first-${id}` },
    ]);
    expect(await query(server.url, `select stream from ${EVENT_INDEX}`)).toEqual([{ stream: `customer-first-${id}` }]);
    expect(await query(server.url, 'select stream from ledger.parked_streams')).toEqual([]);
  });

  it('write nothing when their owner has lost its lines', async () => {
    const id = randomId('cus');
    const first = await appended(`customer-${id}`, stripeEvent('customer.created', customer(id)));
    const others = {
      ...group,
      checkpoints: group.checkpoints.map((checkpoint) => ({ ...checkpoint, epoch: checkpoint.epoch - 1n })),
    };
    expect(await projector.apply([first], { group: others, to: first })).toEqual({ kind: 'lost' });
    expect(await query(server.url, 'select id from customers')).toEqual([]);
  });

  it('with a rejected row lose nothing of the other streams', async () => {
    await query(
      server.url,
      `alter table ${tableOf({ projection: customers, generation: 1 }, 'customers')} add constraint no_such_name check (name <> 'rejected')`,
    );
    const subscriptions = [randomId('sub'), randomId('sub'), randomId('sub')];
    const rejected = randomId('cus');
    await appended(`customer-${rejected}`, stripeEvent('customer.created', customer(rejected, { name: 'rejected' })));
    const invoices: string[] = [];
    let last: ReadEvent | undefined;
    for (const after of [1, 2, 3, 4]) {
      for (const subscription of subscriptions) {
        const id = randomId('in');
        invoices.push(id);
        last = await appended(
          `subscription-${subscription}`,
          stripeEvent('invoice.created', invoice(id, BASIL, { subscription }), { after }),
        );
      }
    }
    if (last === undefined) throw new Error('Nothing was appended.');
    const follower = new Follower(readHere(store, kindsOf(projections)), projector);
    expect(
      await follower.follow(group, {
        until: last,
        batchMax: { events: 3, bytes: 1_000_000 },
        signal: new AbortController().signal,
        applied: () => undefined,
      }),
    ).toMatchObject({ kind: 'reached' });
    expect(await parkedStreams()).toContain(`customer-${rejected}`);
    expect(
      await query(
        server.url,
        `select 1 from ledger.parked_streams where stream = $1 and generation not like 'customers%'`,
        [`customer-${rejected}`],
      ),
    ).toEqual([]);
    const rows = await query<{ id: string }>(
      server.url,
      'select id from invoices where subscription = any($1) order by id',
      [subscriptions],
    );
    expect(rows.map(({ id }) => id)).toEqual([...invoices].sort());
  });
});

describe('a late event', () => {
  const at = (id: string, second: number, status: string) =>
    subscriptionEvent(id, { created: START + second, object: { status } });

  it('of a stream of many objects reads those of its own object again, once for all projections', async () => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    const batch: ReadEvent[] = [];
    for (let number = 0; number < 20; number += 1) {
      for (const [type, status] of [
        ['created', 'draft'],
        ['updated', 'open'],
        ['updated', 'paid'],
      ] as const) {
        batch.push(
          await appended(
            stream,
            stripeEvent(`invoice.${type}`, invoice(`in_${number}_${id}`, BASIL, { subscription: id, status }), {
              after: 10 + batch.length,
            }),
          ),
        );
      }
    }
    await applied(...batch);
    read = 0;
    const late = await appended(
      stream,
      stripeEvent('invoice.updated', invoice(`in_7_${id}`, BASIL, { subscription: id, status: 'open' }), { after: 31 }),
    );
    expect(await applied(late)).toMatchObject({ parked: [], waiting: 0 });
    expect(read).toBeLessThan(70);
    expect(await query(server.url, 'select status from invoices where id = $1', [`in_7_${id}`])).toEqual([
      { status: 'paid' },
    ]);
  });

  it('of an object of many events reads those since a kept state', async () => {
    const id = randomId('sub');
    const batch: ReadEvent[] = [];
    for (let second = 0; second < 200; second += 1)
      batch.push(await appended(`subscription-${id}`, at(id, 10 * second, second % 2 === 0 ? 'active' : 'past_due')));
    for (let from = 0; from < 200; from += 40) await applied(...batch.slice(from, from + 40));
    read = 0;
    expect(await applied(await appended(`subscription-${id}`, at(id, 1_985, 'unpaid')))).toMatchObject({
      parked: [],
      waiting: 0,
    });
    expect(read).toBeLessThan(70);
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'past_due' }]);
    // The late event lies between the last two: its status precedes that of the last.
    expect(await query(server.url, 'select previous_status from subscriptions where id = $1', [id])).toEqual([
      { previous_status: 'unpaid' },
    ]);
  });

  it('older than what is kept of a long stream holds up no batch: the stream is folded again beside them', async () => {
    const id = randomId('sub');
    const batch: ReadEvent[] = [];
    for (let second = 0; second < 300; second += 1)
      batch.push(await appended(`subscription-${id}`, at(id, 10 * second + 10, 'active')));
    await applied(...batch);
    read = 0;
    const late = await appended(`subscription-${id}`, at(id, 1, 'trialing'));
    expect((await applied(late)).waiting).toBeGreaterThan(0);
    expect(
      await query(server.url, `select distinct kind from ledger.parked_streams where stream = $1`, [
        `subscription-${id}`,
      ]),
    ).toEqual([{ kind: 'waiting' }]);
    // A stopped run reports that something is left.
    expect(await projector.workOff(() => group, AbortSignal.abort())).toBe('stopped');
    // Events that arrive meanwhile are not lost.
    await applied(await appended(`subscription-${id}`, at(id, 9_000, 'canceled')));
    expect(await projector.workOff(() => group)).toBe('done');
    expect(await parkedStreams()).toEqual([]);
    expect(await query(server.url, 'select status, previous_status from subscriptions where id = $1', [id])).toEqual([
      { status: 'canceled', previous_status: 'active' },
    ]);
    expect(await query(server.url, 'select status_since from subscriptions where id = $1', [id])).toEqual([
      { status_since: new Date((START + 9_000) * 1_000) },
    ]);
  });
});

describe('a stream that is not the ledger’s', () => {
  it('is not read, whatever the log contains for it', async () => {
    const foreign = randomId('orders');
    for (let at = 0; at < 20; at += 1)
      await store.appends.appendToStream(foreign, jsonEvent({ type: 'ordered', data: {} }));
    await store.appends.setStreamMetadata(foreign, { maxCount: 10 });
    const [said] = await eventsOf(store.url, `$$${foreign}`);
    if (said === undefined) throw new Error('The store has no metadata of the stream.');
    read = 0;
    expect(await applied(readEvent(said))).toMatchObject({ waiting: 0, gone: [], parked: [] });
    expect(read).toBe(0);
  });
});

describe('a stream that parks', () => {
  const broken = (id: string, after: number) =>
    subscriptionEvent(id, { created: START + after, object: { created: 'yesterday' } });
  const parkedAt = async (stream: string) =>
    query(
      server.url,
      `select kind, revision from ledger.parked_streams where stream = $1 and generation like 'subscriptions%'`,
      [stream],
    );

  it('has the rows of all that can be read, though one batch brought them and what cannot', async () => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    await applied(
      await appended(stream, subscriptionEvent(id, { object: { status: 'trialing' } })),
      await appended(stream, broken(id, 900)),
      await appended(stream, subscriptionEvent(id, { created: START + 9, object: { status: 'active' } })),
    );
    expect(await parkedAt(stream)).toEqual([{ kind: 'unread', revision: 1n }]);
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'active' }]);
  });

  it('stays parked at that event, flows on, and is not read whole with what comes behind it', async () => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    await applied(
      await appended(stream, subscriptionEvent(id, { object: { status: 'trialing' } })),
      await appended(stream, broken(id, 900)),
    );
    const rest: ReadEvent[] = [];
    for (let after = 10; after < 210; after += 1)
      rest.push(
        await appended(stream, subscriptionEvent(id, { created: START + after, object: { status: 'active' } })),
      );
    await applied(...rest.slice(0, 100));
    read = 0;
    for (const event of rest.slice(100)) await applied(event);
    // The failing event is read once per generation that it concerns.
    expect(read).toBeLessThanOrEqual(100 * projections.length);
    expect(await parkedAt(stream)).toEqual([{ kind: 'unread', revision: 1n }]);
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'active' }]);
  });

  it('continues with a later event that shows its object whole, and names the one it passed over', async () => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    const events = [
      subscriptionEvent(id, { object: { status: 'trialing' } }),
      broken(id, 5),
      subscriptionEvent(id, { created: START + 9, object: { status: 'active' } }),
    ];
    const read: ReadEvent[] = [];
    for (const event of events) read.push(await appended(stream, event));
    for (const event of read) await applied(event);
    expect(await parkedAt(stream)).toEqual([{ kind: 'passed', revision: 1n }]);
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'active' }]);
    await applied(await appended(stream, subscriptionEvent(id, { created: START + 20, object: { status: 'unpaid' } })));
    expect(await parkedAt(stream)).toEqual([{ kind: 'passed', revision: 1n }]);
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'unpaid' }]);
  });

  it.each([
    ['in one batch', [0, 1, 2]],
    ['after what makes it good', [0, 2, 1]],
    ['first', [1, 0, 2]],
    ['first, in reverse', [1, 2, 0]],
  ])('passes over what cannot be read when it comes %s', async (_, arrival) => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    const events = [
      subscriptionEvent(id, { object: { status: 'trialing' } }),
      broken(id, 5),
      subscriptionEvent(id, { created: START + 9, object: { status: 'active' } }),
    ];
    const read: ReadEvent[] = [];
    for (const at of arrival) read.push(await appended(stream, events[at] as (typeof events)[number]));
    if (arrival[1] === 1) await applied(...read);
    else for (const event of read) await applied(event);
    expect(await parkedAt(stream)).toEqual([{ kind: 'passed', revision: BigInt(arrival.indexOf(1)) }]);
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'active' }]);
    expect(await query(server.url, 'select stripe_event_created from subscriptions where id = $1', [id])).toEqual([
      { stripe_event_created: new Date((START + 9) * 1_000) },
    ]);
  });

  it('continues however many events of other objects lie between', async () => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    await applied(
      await appended(stream, subscriptionEvent(id, { object: { status: 'trialing' } })),
      await appended(stream, broken(id, 5)),
    );
    const between: ReadEvent[] = [];
    for (let n = 0; n < 100; n += 1)
      between.push(
        await appended(
          stream,
          stripeEvent('invoice.created', invoice(`${id}_${n}`, BASIL, { subscription: id }), { after: 6 + n }),
        ),
      );
    await applied(...between);
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'trialing' }]);
    await applied(
      await appended(stream, subscriptionEvent(id, { created: START + 500, object: { status: 'canceled' } })),
    );
    expect(await projector.workOff(() => group)).toBe('done');
    expect(await parkedAt(stream)).toEqual([{ kind: 'passed', revision: 1n }]);
    expect(await rowsOfSubscription(id)).toEqual([{ status: 'canceled' }]);
  });

  it('since Postgres rejects its row keeps what stands, and flows on when it is good again', async () => {
    await query(
      server.url,
      `alter table ${tableOf({ projection: customers, generation: 1 }, 'customers')} add constraint no_such_name check (name not like 'rejected%')`,
    );
    const id = randomId('cus');
    const stream = `customer-${id}`;
    for (const [after, name] of ['Ada', 'Grace', 'rejected 1', 'rejected 2'].entries()) {
      await applied(
        await appended(
          stream,
          stripeEvent(after === 0 ? 'customer.created' : 'customer.updated', customer(id, { name }), { after }),
        ),
      );
    }
    expect(await projector.workOff(() => group)).toBe('done');
    expect(await query(server.url, 'select id, name from customers')).toEqual([{ id, name: 'Grace' }]);
    expect(await query(server.url, 'select cause from ledger.parked_streams where stream = $1', [stream])).toEqual([
      { cause: expect.stringMatching(/Postgres rejects a row \(SQLSTATE 23514\).*no_such_name/) },
    ]);
    await applied(
      await appended(stream, stripeEvent('customer.updated', customer(id, { name: 'Hedy' }), { after: 9 })),
    );
    expect(await projector.workOff(() => group)).toBe('done');
    expect(await query(server.url, 'select id, name from customers')).toEqual([{ id, name: 'Hedy' }]);
    expect(await parkedStreams()).toEqual([]);
  });
});
