import { NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contentHash } from '../../src/events/content-hash.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger } from '../support/ledger.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

const EVENTS = 10_000;
const subscription = randomId('sub');
const stream = `subscription-${subscription}`;
const events = Array.from({ length: EVENTS }, (_, at) => subscriptionEvent(subscription, { created: START + at }));
const bodyAt = (at: number): string => JSON.stringify(events[at]);

const appended = (event: (typeof events)[number]) =>
  appendedEvent(event, contentHash(JSON.parse(JSON.stringify(event)) as never));

let eventStore: TestServer;
let database: TestServer;
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  const store = connectEventStore(eventStore.url);
  for (let from = 0; from < EVENTS; from += 200) {
    const page = events.slice(from, from + 200).map(appended);
    await store.appends.appendToStream(stream, page, { expectedRevision: from === 0 ? NO_STREAM : BigInt(from - 1) });
  }
  await store.close();
}, 120_000);
afterAll(async () => {
  await Promise.all([eventStore.stop(), database.stop()]);
});

describe(`a duplicate on a stream of ${EVENTS} events, to a process that has just started`, () => {
  it('is recognised without Postgres, by reading the stream', async () => {
    const ledger = await startLedger({
      eventStore,
      database: { url: 'postgres://ledger:none@127.0.0.1:1/ledger', stop: async () => undefined },
    });
    expect(await deliver(ledger.url, bodyAt(4_711))).toMatchObject({
      status: 200,
      body: { outcome: 'duplicate', stream, revision: '4711' },
    });
    expect(await deliver(ledger.url, bodyAt(EVENTS - 1))).toMatchObject({
      status: 200,
      body: { outcome: 'duplicate', revision: String(EVENTS - 1) },
    });
    await ledger.stop();
  }, 60_000);

  it('is recognised with Postgres, through the index, which knows all of the stream', async () => {
    const first = await startLedger({ eventStore, database });
    await read(
      first.url,
      `/subscriptions?minPosition=${(await deliver(first.url, bodyAt(EVENTS - 1))).body.position}&waitMs=30000`,
    );
    await first.stop();
    expect(
      await query(database.url, 'select count(*)::int as events from ledger.event_index_v3 where stream = $1', [
        stream,
      ]),
    ).toEqual([{ events: EVENTS }]);

    const second = await startLedger({ eventStore, database });
    for (const at of [0, 4_711, EVENTS - 1])
      expect(await deliver(second.url, bodyAt(at))).toMatchObject({
        status: 200,
        body: { outcome: 'duplicate', stream, revision: String(at) },
      });
    const next = subscriptionEvent(subscription, { created: START + EVENTS });
    expect(await deliver(second.url, JSON.stringify(next))).toMatchObject({
      status: 200,
      body: { outcome: 'appended', revision: String(EVENTS) },
    });
    await second.stop();
  }, 90_000);

  it('is recognised in another stream, where an earlier route had put it', async () => {
    const elsewhere = randomId('sub');
    const event = subscriptionEvent(elsewhere);
    const store = connectEventStore(eventStore.url);
    await store.appends.appendToStream(`former-${elsewhere}`, [appended(event)], { expectedRevision: NO_STREAM });
    await store.close();
    const ledger = await startLedger({ eventStore, database });
    const marker = await deliver(ledger.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
    await read(ledger.url, `/subscriptions?minPosition=${marker.body.position}&waitMs=20000`);
    expect(await deliver(ledger.url, JSON.stringify(event))).toMatchObject({
      status: 200,
      body: { outcome: 'duplicate', stream: `former-${elsewhere}`, revision: '0' },
    });
    await ledger.stop();
  }, 60_000);
});
