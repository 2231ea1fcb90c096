import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { customers } from '../../projections/customers.js';
import { projections } from '../../projections/index.js';
import type { ReadEvent } from '../../src/folding/facts.js';
import type { Group } from '../../src/projector/group.js';
import { repeat } from '../../src/catch-up/repeating.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { Database } from '../../src/read-models/database.js';
import { acquire, become, lock, move, release, renew, use } from '../../src/read-models/checkpoints.js';
import { ensureSchema, nameOfGeneration, tableOf } from '../../src/read-models/schema.js';
import { appendAndRead, projectorOn, takeCheckpoints } from '../support/projecting.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { stripeEvent, customer } from '../support/stripe-objects.js';
import { randomId } from '../support/subscription-events.js';
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
/** One connection, so that anything that needs a second one would hang. */
let database: Database;
beforeEach(async () => {
  server = await testDatabase();
  database = new Database(server.url, { connectionsMax: 1, onIdleError: () => undefined });
  await ensureSchema(database, projections);
});
afterEach(async () => {
  await database.close();
  await server.stop();
});

const take = (owner: string) => takeCheckpoints(database, owner);
const states = () =>
  query<{ state: string }>(server.url, 'select distinct state from ledger.checkpoints').then((rows) =>
    rows.map(({ state }) => state),
  );

describe('an owner that has lost its lines', () => {
  it('no longer report their state, and keep none from being dropped', async () => {
    const lost = await take('first');
    await release(database, 'first');
    const held = await take('second');
    await query(server.url, `update ledger.checkpoints set used_at = now() - interval '1 day'`);
    expect(await become(database, lost, 'live')).toBe(false);
    await use(database, lost);
    expect(await states()).toEqual(['building']);
    expect(
      await query(server.url, `select 1 from ledger.checkpoints where used_at > now() - interval '1 hour'`),
    ).toEqual([]);
    expect(await become(database, held, 'live')).toBe(true);
    await use(database, held);
    expect(await states()).toEqual(['live']);
    expect(
      await query(server.url, `select 1 from ledger.checkpoints where used_at < now() - interval '1 hour'`),
    ).toEqual([]);
  });
});

it('a generation that a rebuild has replaced stays kept, whatever its owner still reports', async () => {
  const held = await take('first');
  await query(server.url, `update ledger.checkpoints set state = 'kept'`);
  expect(await become(database, held, 'live')).toBe(false);
  expect(await states()).toEqual(['kept']);
});

it('a lease counts from when a batch moves its lines, however long its transaction has run', async () => {
  const held = await take('first');
  const [lease] = await database.transaction(async (connection) => {
    await connection.query('select pg_sleep(0.3)');
    await move(connection, held, {
      logName: '00000000-0000-0000-0000-000000000001',
      to: { position: 1n, eventId: '00000000-0000-0000-0000-000000000002' },
    });
    return (
      await connection.query<{ whole: boolean }>(
        `select min(lease_until) >= now() + interval '10.3 seconds' as whole from ledger.checkpoints`,
      )
    ).rows;
  });
  expect(lease).toEqual({ whole: true });
});

it('a batch that lasts longer than its lease leaves nothing for those that waited for its generations', async () => {
  const held = await take('first');
  const other = new Database(server.url, { connectionsMax: 1, onIdleError: () => undefined });
  const names = held.map(({ name }) => name);
  await query(server.url, `update ledger.checkpoints set lease_until = clock_timestamp()`);
  const waiting = await database.transaction(async (connection) => {
    expect(await lock(connection, held)).toBe(true);
    const acquired = acquire(other, 'second', { names, follows: projections });
    await until(
      'the other one waits',
      async () =>
        (
          await query(
            server.url,
            `select 1 from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()`,
          )
        ).length > 0,
    );
    await move(connection, held, {
      logName: '00000000-0000-0000-0000-000000000001',
      to: { position: 1n, eventId: '00000000-0000-0000-0000-000000000002' },
    });
    return { acquired };
  });
  expect(await waiting.acquired).toEqual([]);
  expect(await renew(database, held)).toBe(true);
  await other.close();
});

it('a lease is whole when a batch commits: it counts from after the last row was written', async () => {
  const table = tableOf({ projection: customers, generation: 1 }, 'customers');
  await query(
    server.url,
    `
    create table ledger.written (at timestamptz);
    create function note_time() returns trigger language plpgsql as $$ begin insert into ledger.written values (clock_timestamp()); return new; end $$;
    create trigger note after insert on ${table} for each row execute function note_time()`,
  );
  const group: Group = { logName: await nameOfLog(store, 5_000), checkpoints: await take('first') };
  const id = randomId('cus');
  const event = await appendAndRead(store, `customer-${id}`, stripeEvent('customer.created', customer(id)));
  expect(await projectorOn(store, database).apply([event], { group, to: event })).toMatchObject({
    kind: 'applied',
    parked: [],
  });
  const leases = await query(
    server.url,
    `select bool_and(lease_until >= (select max(at) from ledger.written) + interval '10 seconds') as whole from ledger.checkpoints`,
  );
  expect(leases).toEqual([{ whole: true }]);
});

it('a batch with one rejected stream is written on a single connection', async () => {
  await query(
    server.url,
    `alter table ${tableOf({ projection: customers, generation: 1 }, 'customers')} add constraint no_such_name check (name <> 'rejected')`,
  );
  const group: Group = { logName: await nameOfLog(store, 5_000), checkpoints: await take('first') };
  const projector = projectorOn(store, database);
  const [good, bad] = [randomId('cus'), randomId('cus')];
  const batch: ReadEvent[] = [];
  for (const [id, name] of [
    [good, 'Ada'],
    [bad, 'rejected'],
  ] as const)
    batch.push(await appendAndRead(store, `customer-${id}`, stripeEvent('customer.created', customer(id, { name }))));
  const to = batch.at(-1) as ReadEvent;
  expect(await projector.apply(batch, { group, to })).toMatchObject({
    kind: 'applied',
    parked: [{ stream: `customer-${bad}` }],
  });
  expect(await query(server.url, 'select name from customers where id = any($1)', [[good, bad]])).toEqual([
    { name: 'Ada' },
  ]);
  expect(
    await query(server.url, 'select stream from ledger.parked_streams where generation = $1', [
      nameOfGeneration({ projection: customers, generation: 1 }),
    ]),
  ).toEqual([{ stream: `customer-${bad}` }]);
});

it('a repeated task continues after an error', async () => {
  const [made, failures] = [{ times: 0 }, [] as unknown[]];
  const repeating = repeat(1, {
    work: async () => {
      made.times += 1;
      if (made.times < 3) throw new Error(`failure ${made.times}`);
    },
    failed: (error) => {
      failures.push(error);
    },
  });
  await until('it was done again', async () => made.times > 4);
  void repeating.end();
  expect(failures.map(String)).toEqual(['Error: failure 1', 'Error: failure 2']);
});
