/** What an appender reads of an unknown stream: its end from the index, and its events from the log. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Appender, noIndex } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { BatchedEventIdIndex } from '../../src/read-models/event-id-index.js';
import { TestIndex } from '../support/event-index.js';
import { stripeIdsOf } from '../support/log.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { newEvent } from '../support/new-event.js';
import { testEventStore, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';

let server: TestServer;
let store: EventStore;
let index: TestIndex;
beforeAll(async () => {
  server = await testEventStore();
  store = connectEventStore(server.url);
  index = await TestIndex.start(store);
  await other().append(newEvent(randomId('sub')));
  await index.indexAll();
}, 60_000);
afterAll(async () => {
  await index.stop();
  await store.close();
  await server.stop();
});

/** Another process, without an index. */
const other = () => new Appender(store, noIndex, APPENDER_LIMITS);

/** An appender with an index and an empty cache, and the streams it reads. */
function cold(): { appender: Appender; reads: string[] } {
  const reads: string[] = [];
  const readStream: EventStore['reads']['readStream'] = (stream, ...rest) => {
    reads.push(stream);
    return store.reads.readStream(stream, ...rest);
  };
  const noting = new Proxy(store.reads, {
    get: (target, name) => {
      if (name === 'readStream') return readStream;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  return {
    appender: new Appender({ ...store, reads: noting }, new BatchedEventIdIndex(index.database), APPENDER_LIMITS),
    reads,
  };
}

it('a new stream is begun without being read', async () => {
  const { appender, reads } = cold();
  const streams = Array.from({ length: 20 }, () => randomId('sub'));
  for (const stream of streams)
    expect(await appender.append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: 0n });
  expect(reads.filter((stream) => streams.includes(stream))).toEqual([]);
});

it('a repeat of what this process has appended is answered without asking index or log, and so is a conflict with it', async () => {
  const asked: string[] = [];
  const find: BatchedEventIdIndex['find'] = (eventId) => {
    asked.push(eventId);
    return Promise.resolve({ kind: 'unavailable' });
  };
  const appender = new Appender(store, { find }, APPENDER_LIMITS);
  const [stream, id] = [randomId('sub'), randomId('evt')];
  const [event, otherBody] = [newEvent(stream, id), newEvent(stream, id, { content: 'another body' })];
  expect(await appender.append(event)).toMatchObject({ kind: 'appended', revision: 0n });
  expect(await Promise.all([event, otherBody, event].map((one) => appender.append(one)))).toMatchObject([
    { kind: 'duplicate', revision: 0n },
    { kind: 'conflict', revision: 0n },
    { kind: 'duplicate', revision: 0n },
  ]);
  expect(asked).toEqual([event.eventId]);
});

it('a stream that the index knows is gone on with without being read', async () => {
  const stream = randomId('sub');
  const known = newEvent(stream);
  await other().append(known);
  await index.indexAll();
  const { appender, reads } = cold();
  expect(await appender.append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: 1n });
  expect(reads).not.toContain(stream);
  expect(await appender.append(known)).toMatchObject({ kind: 'duplicate', revision: 0n });
});

it.each([0, 3])('a stream of %d events that has moved on beyond the index is read on', async (indexed) => {
  const stream = randomId('sub');
  const writer = other();
  const events = Array.from({ length: 6 }, () => newEvent(stream));
  for (const event of events.slice(0, indexed)) await writer.append(event);
  if (indexed > 0) await index.indexAll();
  for (const event of events.slice(indexed)) await writer.append(event);
  for (const [revision, event] of events.entries())
    expect(await cold().appender.append(event)).toMatchObject({ kind: 'duplicate', revision: BigInt(revision) });
  expect(await cold().appender.append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: 6n });
});

it.each([0, 1])(
  'an event beyond the index, after %d others, is distinguished from another with its id, though the store answers both as written',
  async (before) => {
    const stream = randomId('sub');
    const id = randomId('evt');
    const writer = other();
    for (let at = 0; at < before; at += 1) await writer.append(newEvent(stream));
    if (before > 0) await index.indexAll();
    await writer.append(newEvent(stream, id));
    const revision = BigInt(before);
    expect(await cold().appender.append(newEvent(stream, id))).toMatchObject({ kind: 'duplicate', revision });
    const { appender } = cold();
    const otherBody = newEvent(stream, id, { content: 'another body' });
    for (let time = 0; time < 2; time += 1)
      expect(await appender.append(otherBody)).toMatchObject({ kind: 'conflict', revision });
    expect(await stripeIdsOf(server.url, stream)).toHaveLength(before + 1);
  },
);

it('several events of one append that all existed are distinguished from others', async () => {
  const stream = randomId('sub');
  const ids = Array.from({ length: 4 }, () => randomId('evt'));
  const writer = other();
  await Promise.all(ids.map((id) => writer.append(newEvent(stream, id))));
  const { appender } = cold();
  const outcomes = await Promise.all(
    ids.map((id, at) => appender.append(newEvent(stream, id, { content: at === 2 ? 'another body' : id }))),
  );
  expect(outcomes.map(({ kind }) => kind)).toEqual(['duplicate', 'duplicate', 'conflict', 'duplicate']);
});

it('a stream is read when the index is that of another log', async () => {
  const goBack = await index.remember();
  await index.rename();
  const stream = randomId('sub');
  const { appender, reads } = cold();
  expect(await appender.append(newEvent(stream))).toMatchObject({ kind: 'appended' });
  expect(reads).toContain(stream);
  await goBack();
});
