import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Past } from '../../src/as-of/past.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

let ledger: TestLedger;
let store: EventStore;
let database: Database;
beforeAll(async () => {
  ledger = await startLedger();
  store = connectEventStore(ledger.eventstoreUrl);
  database = new Database(ledger.databaseUrl, { connectionsMax: 1, onIdleError: () => undefined });
});
afterAll(async () => {
  await Promise.all([store.close(), database.close()]);
  await ledger.stop();
});

describe('reading the past', () => {
  it('has all events of the streams, or says that they are more than it may read', async () => {
    const [one, other] = [randomId('sub'), randomId('sub')];
    let position = '';
    for (const [at, id] of [one, one, other].entries()) ({ position } = (await deliver(ledger.url, JSON.stringify(subscriptionEvent(id, { created: START + at })))).body);
    await read(ledger.url, `/subscriptions?minPosition=${position}&waitMs=20000`);
    const names = [one, other].map((id) => `subscription-${id}`);
    const sizes = async (limits: { streamsMax: number; eventsMax: number }) => {
      const past = await new Past(store, database, { ...limits, runningMax: 1, waitingMax: 0 }).read([...names, 'subscription-none']);
      return past.kind === 'read' ? [...past.streams.values()].map(({ length }) => length) : past.kind;
    };
    expect(await sizes({ streamsMax: 3, eventsMax: 3 })).toEqual([2, 1, 0]);
    expect(await sizes({ streamsMax: 3, eventsMax: 2 })).toBe('too_large');
    expect(await sizes({ streamsMax: 2, eventsMax: 3 })).toBe('too_large');
  });
});
