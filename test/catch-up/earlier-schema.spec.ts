/** How the ledger treats a database left by an earlier build. */
import { expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { Database } from '../../src/read-models/database.js';
import { tidy } from '../../src/read-models/generations.js';
import { nameOfGeneration } from '../../src/read-models/schema.js';
import { ADMIN_TOKEN, deliver, read } from '../support/delivery.js';
import { startLedger } from '../support/ledger.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

/** Restores the earlier tables: version 1 of the index with version 2's data, and a parked stream. */
const EARLIER = `
  create table ledger.event_index_v1 (
    event_id uuid primary key, stream text collate "C" not null, revision int8 not null, position int8 not null, type text not null,
    stripe_event_id text collate "C", api_version text, account text collate "C", livemode boolean, quarantine text,
    received_at timestamptz, recorded_at timestamptz not null, unique (stream, revision));
  insert into ledger.event_index_v1 (event_id, stream, revision, position, type, recorded_at)
    select event_id, stream, revision, position, 'customer.subscription.created', now() from ledger.event_index_v3;
  alter table ledger.checkpoints rename column name to line;
  update ledger.checkpoints set line = 'event_index_v1_g1', version = 1 where line = 'event_index_v3_g1';
  drop table ledger.event_index_v3;
  alter table ledger.checkpoints drop column aside;
  alter table ledger.parked_streams drop column stripe_event_id, drop column event_type, drop column kind;
  alter table ledger.parked_streams rename column generation to projection;
  insert into ledger.parked_streams (projection, stream, revision, cause)
    values ('${nameOfGeneration({ projection: subscriptions, generation: 1 })}', 'subscription-sub_parked', 3, 'a test')`;

const TABLES = `select relname as name from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r' and relname like 'event_index%'`;

it('is taken over: parked streams stay parked, the index of event ids is rebuilt while intake works, and the old one is dropped in the end', async () => {
  const [eventStore, server] = await Promise.all([testEventStore(), testDatabase()]);
  const [id, later] = [randomId('sub'), randomId('sub')];
  const first = JSON.stringify(subscriptionEvent(id));
  const before = await startLedger({ eventStore, database: server });
  const { position } = (await deliver(before.url, first)).body;
  expect(await read(before.url, `/subscriptions/${id}?minPosition=${position}&waitMs=20000`)).toMatchObject({
    status: 200,
  });
  await before.stop();
  await query(server.url, EARLIER);

  const ledger = await startLedger({ eventStore, database: server });
  expect((await deliver(ledger.url, first)).body).toMatchObject({ outcome: 'duplicate' });
  const end = (await deliver(ledger.url, JSON.stringify(subscriptionEvent(later)))).body.position;
  expect(await read(ledger.url, `/subscriptions/${later}?minPosition=${end}&waitMs=20000`)).toMatchObject({
    status: 200,
  });
  const indexed = await query<{ stream: string }>(
    server.url,
    'select stream from ledger.event_index_v3 where stream = any($1)',
    [[id, later].map((one) => `subscription-${one}`)],
  );
  expect(indexed.map(({ stream }) => stream).sort()).toEqual([id, later].map((one) => `subscription-${one}`).sort());
  expect(await query(server.url, TABLES)).toHaveLength(2);

  const parked = await read<{ data: unknown[] }>(
    ledger.url,
    '/parked/subscriptions/subscription-sub_parked',
    ADMIN_TOKEN,
  );
  expect(parked.body.data).toMatchObject([
    { revision: '3', cause: 'a test', attempts: 1, stripeEventId: null, eventType: null },
  ]);

  const database = new Database(server.url, { connectionsMax: 1, onIdleError: () => undefined });
  await query(
    server.url,
    `update ledger.checkpoints set used_at = now() - interval '4 days' where name = 'event_index_v1_g1'`,
  );
  await tidy(database, projections);
  expect(await query(server.url, TABLES)).toEqual([{ name: 'event_index_v3' }]);
  await database.close();
  await ledger.stop();
  await Promise.all([eventStore.stop(), server.stop()]);
}, 60_000);
