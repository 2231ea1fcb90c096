import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NO_STREAM } from '@eventstore/db-client';
import { Appender, noIndex } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { BatchedEventIdIndex } from '../../src/read-models/event-id-index.js';
import { TestIndex } from '../support/event-index.js';
import { appendedEvent, stripeIdsOf } from '../support/log.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { newEvent, unknownEvent } from '../support/new-event.js';
import { testEventStore, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let server: TestServer;
let store: EventStore;
let index: TestIndex;
beforeAll(async () => {
  server = await testEventStore();
  store = connectEventStore(server.url);
  index = await TestIndex.start(store);
}, 60_000);
afterAll(async () => {
  await index.stop();
  await store.close();
  await server.stop();
});

const withIndex = () => new Appender(store, new BatchedEventIdIndex(index.database), APPENDER_LIMITS);

/** A stream of ten events, its ids, and an appender whose head relies on the index for the first of them. */
async function leaning(indexed = 10): Promise<{ stream: string; ids: string[]; appender: Appender }> {
  const stream = randomId('sub');
  const ids = Array.from({ length: 10 }, () => randomId('evt'));
  const writer = new Appender(store, noIndex, APPENDER_LIMITS);
  for (const id of ids.slice(0, indexed)) await writer.append(newEvent(stream, id));
  await index.indexAll([stream]);
  for (const id of ids.slice(indexed)) await writer.append(newEvent(stream, id));
  const appender = withIndex();
  expect(await appender.append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: 10n });
  return { stream, ids, appender };
}

/** Redelivers all ids to that appender and to a cold one, and expects duplicates and an unchanged log. */
async function expectOnce({ stream, ids, appender }: Awaited<ReturnType<typeof leaning>>): Promise<void> {
  for (const each of [appender, withIndex()]) {
    for (const [at, id] of ids.entries())
      expect(await each.append(newEvent(stream, id))).toMatchObject({
        kind: 'duplicate',
        stream,
        revision: BigInt(at),
      });
  }
  expect(new Set(await stripeIdsOf(server.url, stream)).size).toBe((await stripeIdsOf(server.url, stream)).length);
}

describe('a duplicate of an event that stands in the index alone', () => {
  it('is recognised through it', async () => {
    await expectOnce(await leaning());
  });

  it('is recognised, and so is what stands beyond the index', async () => {
    await expectOnce(await leaning(6));
  });

  it('is recognised after a fail-over to a replica that lags', async () => {
    const goBack = await index.remember();
    const stream = await leaning();
    await goBack();
    await expectOnce(stream);
  });

  it('is recognised when the schema was dropped, while it is missing, empty, and filled again', async () => {
    const stream = await leaning();
    await index.drop();
    await expectOnce(stream);
    await index.make();
    await until(
      'the index is asked again',
      async () =>
        (await new BatchedEventIdIndex(index.database).find(newEvent('s').eventId, 's')).kind === 'unavailable',
    );
    await expectOnce(stream);
    const other = randomId('sub');
    await new Appender(store, noIndex, APPENDER_LIMITS).append(newEvent(other));
    await index.indexAll([other]);
    await expectOnce(stream);
    await index.indexAll([stream.stream]);
    await expectOnce(stream);
  });

  it('is recognised when the index is that of another log', async () => {
    const stream = await leaning();
    const goBack = await index.remember();
    await index.rename();
    await index.database.query('delete from ledger.event_index_v3 where stream = $1 and revision < 5', [stream.stream]);
    await expectOnce(stream);
    await goBack();
  });

  it('is recognised when the index has lost the rows of the stream', async () => {
    const stream = await leaning();
    await index.database.query('delete from ledger.event_index_v3 where stream = $1', [stream.stream]);
    await expectOnce(stream);
  });
});

describe('an event that is new', () => {
  const claim = (eventId: string, stream: string, revision: number) =>
    index.database.query(
      `insert into ledger.event_index_v3 (event_id, stream, revision, position) values ($1, $2, $3, 1)
     on conflict (stream, revision) do update set event_id = excluded.event_id`,
      [eventId, stream, revision],
    );

  it.each([
    ['has another event', 3],
    ['has ended before', 30],
  ])('is appended although according to the index it is where the stream %s', async (_, revision) => {
    const { stream, appender } = await leaning();
    const event = newEvent(stream);
    await claim(event.eventId, stream, revision);
    for (const each of [appender, withIndex()])
      expect((await each.append(event)).kind).toBe(each === appender ? 'appended' : 'duplicate');
    expect(new Set(await stripeIdsOf(server.url, stream)).size).toBe(12);
  });

  it('is appended although an index of another log places it in a stream that does not exist', async () => {
    const { stream, appender } = await leaning();
    const event = newEvent(stream);
    await claim(event.eventId, randomId('gone'), 0);
    const goBack = await index.remember();
    await index.rename();
    expect(await appender.append(event)).toMatchObject({ kind: 'appended', stream });
    await goBack();
  });
});

describe('a stream of 30,000 events, more than all heads may hold', () => {
  it('is kept by a head that leans on the index: an event costs the reading of none', async () => {
    const stream = randomId('sub');
    const ids = Array.from({ length: 30_000 }, (_, at) => `${stream}_evt_${at}`);
    for (let from = 0; from < ids.length; from += 1_000) {
      const page = ids
        .slice(from, from + 1_000)
        .map((id) => appendedEvent(unknownEvent(id), newEvent(stream, id).contentHash));
      await store.appends.appendToStream(stream, page, { expectedRevision: from === 0 ? NO_STREAM : BigInt(from - 1) });
    }
    await index.indexAll([stream]);
    const reads: string[] = [];
    const counting = {
      ...store,
      reads: new Proxy(store.reads, { get: (target, name) => noting(target, name, reads) }),
    };
    const appender = new Appender(counting, new BatchedEventIdIndex(index.database), {
      ...APPENDER_LIMITS,
      cachedIdsMax: 5_000,
    });
    expect(await appender.append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: 30_000n });
    expect(reads).not.toContain(stream);
    for (let next = 30_001n; next < 30_005n; next += 1n)
      expect(await appender.append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: next });
    expect(reads).not.toContain(stream);
    expect(await appender.append(newEvent(stream, ids[17]))).toMatchObject({ kind: 'duplicate', revision: 17n });
  }, 120_000);
});

/** Records which streams are read; the client itself answers. */
function noting(target: EventStore['reads'], name: string | symbol, reads: string[]): unknown {
  const value: unknown = Reflect.get(target, name);
  if (typeof value !== 'function') return value;
  return (...args: unknown[]): unknown => {
    if (name === 'readStream') reads.push(String(args[0]));
    return Reflect.apply(value, target, args);
  };
}
