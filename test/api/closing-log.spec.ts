import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { Closings } from '../../src/closings/closing-log.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { appendOwn } from '../../src/eventstore/own-streams.js';
import { temporaryDirectory, type TestServer } from '../support/servers.js';

/** A separate store, since one stream holds the closings of all books. */
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let eventStore: TestServer;
let store: EventStore;
beforeAll(async () => {
  directory = await temporaryDirectory();
  eventStore = await startEmbeddedEventStore({ directory: directory.path });
  store = connectEventStore(eventStore.url);
});
afterAll(async () => {
  await store.close();
  await eventStore.stop();
  await directory.remove();
});

describe('closings', () => {
  it('never skip what a newer build wrote, however often they are read', async () => {
    const newer = { eventId: randomUUID(), type: 'ledger.year_closed', data: {} };
    await appendOwn(store, 'ledger-closings', { events: [newer], revision: -1n });
    const closings = new Closings(store);
    for (let read = 0; read < 2; read += 1)
      await expect(closings.refresh()).rejects.toThrow('which this build does not know');
  });
});
