import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Past, type PastLimits } from '../../src/as-of/past.js';
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
  it('has all events of the streams, or reports that there are more than it may read', async () => {
    const [one, other] = [randomId('sub'), randomId('sub')];
    let position = '';
    for (const [at, id] of [one, one, other].entries())
      ({ position } = (await deliver(ledger.url, JSON.stringify(subscriptionEvent(id, { created: START + at })))).body);
    await read(ledger.url, `/subscriptions?minPosition=${position}&waitMs=20000`);
    const names = [one, other].map((id) => `subscription-${id}`);
    const enough = { streamsMax: 3, eventsMax: 3, bytesMax: 100_000 };
    const sizes = async (limits: Partial<PastLimits>) => {
      const past = await new Past(store, database, { ...enough, ...limits, signal: new AbortController().signal }).read(
        [...names, 'subscription-none'],
      );
      return past.kind === 'read' ? [...past.streams.values()].map(({ length }) => length) : past.limit;
    };
    expect(await sizes({})).toEqual([2, 1, 0]);
    expect(await sizes({ eventsMax: 2 })).toBe('eventsMax');
    expect(await sizes({ streamsMax: 2 })).toBe('streamsMax');
    expect(await sizes({ bytesMax: 1_000 })).toBe('bytesMax');
  });
});
