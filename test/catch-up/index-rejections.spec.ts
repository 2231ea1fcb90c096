/** What the index of event ids does with events that Postgres rejects. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Envelope } from '../../src/eventstore/recorded-event.js';
import { Database } from '../../src/read-models/database.js';
import { findEvents, indexOneByOne } from '../../src/read-models/event-index.js';
import { ensureSchema, EVENT_INDEX } from '../../src/read-models/schema.js';
import { testDatabase, type TestServer } from '../support/servers.js';

let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await testDatabase();
  database = new Database(server.url, { connectionsMax: 2, onIdleError: () => undefined });
  await ensureSchema(database, []);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

const metadata = {
  format: 1, stripeEventId: 'evt_1', apiVersion: null, account: null, livemode: false, endpoint: 'tests', receivedAt: null, signedAt: null, bodySha256: null, contentHash: null,
} as const;

it('an event is indexed by its id when Postgres rejects what its metadata says, and so are its neighbours', async () => {
  await database.query(`alter table ${EVENT_INDEX} add constraint live_only check (livemode)`);
  const events = [true, false, true].map((livemode, at): Envelope => ({
    eventId: randomUUID(), stream: 'subscription-sub_1', revision: BigInt(at), position: BigInt(at + 1), type: 'test.happened', recordedAt: new Date(), metadata: { ...metadata, livemode },
  }));
  expect(await database.transaction((connection) => indexOneByOne(connection, events))).toEqual([]);
  const found = await findEvents(database, events.map(({ eventId }) => eventId));
  expect(events.map(({ eventId }) => found.get(eventId)?.revision)).toEqual([0n, 1n, 2n]);
});
