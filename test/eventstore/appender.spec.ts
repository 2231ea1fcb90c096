import { jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { eventIdOf } from '../../src/events/event-id.js';
import { Appender, type AppenderLimits, type EventIdIndex } from '../../src/eventstore/appender.js';
import type { NewEvent } from '../../src/eventstore/append.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { startProxy } from '../support/cuttable-proxy.js';
import { stripeIdsOf } from '../support/log.js';
import { testEventStore, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';

const LIMITS: AppenderLimits = { waitingMax: 1_000, waitingBytesMax: 1 << 26, streamsMax: 16, sharedBytesMax: 1 << 19, appendBytesMax: 1 << 20, cachedEventsMax: 1_000, timeoutMs: 2_000 };
const NO_INDEX: EventIdIndex = { find: async () => ({ kind: 'unavailable' }), indexedTo: async () => -1n };

let server: TestServer;
let store: EventStore;
beforeAll(async () => {
  server = await testEventStore();
  store = connectEventStore(server.url);
});
afterAll(async () => {
  await store.close();
  await server.stop();
});

function newEvent(stream: string, stripeEventId = randomId('evt'), content = stripeEventId): NewEvent {
  const contentHash = createHash('sha256').update(content).digest('hex');
  const metadata = { format: 1, stripeEventId, apiVersion: null, account: null, livemode: false, endpoint: 'tests', receivedAt: '2026-01-01T00:00:00.000Z', signedAt: '2026-01-01T00:00:00.000Z', bodySha256: '', contentHash };
  return { stream, eventId: eventIdOf(stripeEventId), type: 'test.happened', data: Buffer.from(JSON.stringify({ content })), metadata: new Uint8Array(Buffer.from(JSON.stringify(metadata))), contentHash, apiVersion: null };
}

describe('an appender', () => {
  it('takes events that wait for one stream into one append, in their order', async () => {
    const stream = randomId('sub');
    const appender = new Appender(store, NO_INDEX, LIMITS);
    const events = Array.from({ length: 50 }, () => newEvent(stream));
    const outcomes = await Promise.all(events.map((event) => appender.append(event)));
    expect(outcomes.map((outcome) => outcome.kind === 'appended' && outcome.revision)).toEqual(events.map((_, at) => BigInt(at)));
    expect((await stripeIdsOf(server.url, stream)).map(eventIdOf)).toEqual(events.map(({ eventId }) => eventId));
    const positions = new Set(outcomes.map((outcome) => outcome.kind === 'appended' && outcome.position));
    expect(positions.size).toBeLessThan(50);
  });

  it('goes on after the stream has moved on behind its back', async () => {
    const stream = randomId('sub');
    const [one, other] = [new Appender(store, NO_INDEX, LIMITS), new Appender(store, NO_INDEX, LIMITS)];
    const events = Array.from({ length: 20 }, () => newEvent(stream));
    for (const [at, event] of events.entries()) expect(await (at % 2 === 0 ? one : other).append(event)).toMatchObject({ kind: 'appended', revision: BigInt(at) });
    // Of the last event `one` knows nothing yet: the store answers its append from disk, and nothing is written.
    expect(await one.append(events[19] as NewEvent)).toMatchObject({ revision: 19n });
    expect(await one.append(events[18] as NewEvent)).toMatchObject({ kind: 'duplicate', revision: 18n });
    expect(await stripeIdsOf(server.url, stream)).toHaveLength(20);
  });

  it('tells a conflict from a duplicate, also with a cold cache', async () => {
    const stream = randomId('sub');
    const id = randomId('evt');
    await new Appender(store, NO_INDEX, LIMITS).append(newEvent(stream, id));
    const cold = new Appender(store, NO_INDEX, LIMITS);
    expect(await cold.append(newEvent(stream, id, 'another content'))).toMatchObject({ kind: 'conflict', revision: 0n });
    expect(await cold.append(newEvent(stream, id))).toMatchObject({ kind: 'duplicate', revision: 0n });
  });

  it('believes the index only after it has read the event back', async () => {
    const [stream, elsewhere] = [randomId('sub'), randomId('cus')];
    const event = newEvent(stream);
    await new Appender(store, NO_INDEX, LIMITS).append({ ...event, stream: elsewhere });
    const indexSaying = (at: { stream: string; revision: bigint }): EventIdIndex => ({ find: async () => ({ kind: 'found', ...at }), indexedTo: async () => -1n });
    expect(await new Appender(store, indexSaying({ stream: elsewhere, revision: 0n }), LIMITS).append(event)).toMatchObject({ kind: 'duplicate', stream: elsewhere, revision: 0n });
    expect(await new Appender(store, indexSaying({ stream: elsewhere, revision: 7n }), LIMITS).append(event)).toMatchObject({ kind: 'appended', stream, revision: 0n });
  });

  it('finds its way back to the log when the index speaks of another past', async () => {
    const stream = randomId('sub');
    await new Appender(store, NO_INDEX, LIMITS).append(newEvent(stream));
    const wrongIndex: EventIdIndex = { find: async () => ({ kind: 'not_indexed' }), indexedTo: async () => 40n };
    expect(await new Appender(store, wrongIndex, LIMITS).append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: 1n });
  });

  it('refuses at once what no append can hold, and more than may wait', async () => {
    const appender = new Appender(store, NO_INDEX, { ...LIMITS, waitingMax: 2 });
    expect(await appender.append({ ...newEvent(randomId('sub')), data: new Uint8Array(1 << 20) })).toEqual({ kind: 'too_large' });
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => appender.append(newEvent(randomId('sub')))));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['appended', 'appended', 'overloaded', 'overloaded', 'overloaded']);
    expect(await appender.append(newEvent(randomId('sub')))).toMatchObject({ kind: 'appended' });
  });

  it('writes once what the store took without answering, and says so after the connection is back', async () => {
    const proxy = await startProxy(Number(new URL(server.url.replace('esdb', 'http')).port));
    const cuttable = connectEventStore(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    try {
      const stream = randomId('sub');
      const appender = new Appender(cuttable, NO_INDEX, { ...LIMITS, timeoutMs: 500 });
      await appender.append(newEvent(stream));
      proxy.swallowAnswers();
      const event = newEvent(stream);
      const outcome = appender.append(event);
      while ((await stripeIdsOf(server.url, stream)).length < 2);
      proxy.cut();
      expect(await outcome).toMatchObject({ kind: 'appended', revision: 1n });
      expect(await stripeIdsOf(server.url, stream)).toHaveLength(2);
    } finally {
      await cuttable.close();
      await proxy.close();
    }
  });

  it('says unavailable within its limits when no store answers', async () => {
    const proxy = await startProxy(1);
    proxy.refuse();
    const away = connectEventStore(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    try {
      expect(await new Appender(away, NO_INDEX, { ...LIMITS, timeoutMs: 300 }).append(newEvent(randomId('sub')))).toMatchObject({ kind: 'unavailable' });
    } finally {
      await away.close();
      await proxy.close();
    }
  });
});

describe('a duplicate on a stream of 10,000 events with a cold cache', () => {
  const stream = randomId('sub');
  const ids = Array.from({ length: 10_000 }, (_, at) => `${stream}_evt_${at}`);
  beforeAll(async () => {
    for (let from = 0; from < ids.length; from += 1_000) {
      const events = ids.slice(from, from + 1_000).map((id) => jsonEvent({ id: eventIdOf(id), type: 'test.happened', data: {} }));
      await store.appends.appendToStream(stream, events, { expectedRevision: from === 0 ? NO_STREAM : BigInt(from - 1) });
    }
  }, 60_000);

  it('is recognised by reading the stream when there is no index', async () => {
    expect(await new Appender(store, NO_INDEX, LIMITS).append(newEvent(stream, ids[4_711]))).toMatchObject({ kind: 'duplicate', revision: 4_711n });
  });

  it('is recognised through the index with one event read back, and beyond the index by reading the gap', async () => {
    const index: EventIdIndex = {
      find: async (eventId) => (eventId === eventIdOf(ids[4_711] ?? '') ? { kind: 'found', stream, revision: 4_711n } : { kind: 'not_indexed' }),
      indexedTo: async () => 9_989n,
    };
    const appender = new Appender(store, index, LIMITS);
    expect(await appender.append(newEvent(stream, ids[4_711]))).toMatchObject({ kind: 'duplicate', revision: 4_711n });
    expect(await appender.append(newEvent(stream, ids[9_995]))).toMatchObject({ kind: 'duplicate', revision: 9_995n });
    expect(await appender.append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: 10_000n });
  });

  it('is recognised when the index goes away between two deliveries', async () => {
    let away = false;
    const index: EventIdIndex = { find: async () => (away ? { kind: 'unavailable' } : { kind: 'not_indexed' }), indexedTo: async () => 9_999n };
    const appender = new Appender(store, index, LIMITS);
    expect(await appender.append(newEvent(stream))).toMatchObject({ kind: 'appended' });
    away = true;
    expect(await appender.append(newEvent(stream, ids[17]))).toMatchObject({ kind: 'duplicate', revision: 17n });
  });
});
