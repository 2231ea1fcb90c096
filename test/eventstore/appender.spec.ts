import { NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventIdOf } from '../../src/events/event-id.js';
import { Appender, noIndex } from '../../src/eventstore/appender.js';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import type { NewEvent } from '../../src/eventstore/append.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { startProxy } from '../support/cuttable-proxy.js';
import { appendedEvent, stripeIdsOf } from '../support/log.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { newEvent, unknownEvent } from '../support/new-event.js';
import { testEventStore, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';
import { securedUrl, testTls } from '../support/tls.js';
import { until } from '../support/until.js';

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

describe('an appender', () => {
  it('combines events that wait for one stream into one append, in order', async () => {
    const stream = randomId('sub');
    const appender = new Appender(store, noIndex, APPENDER_LIMITS);
    const events = Array.from({ length: 50 }, () => newEvent(stream));
    const outcomes = await Promise.all(events.map((event) => appender.append(event)));
    expect(outcomes.map((outcome) => outcome.kind === 'appended' && outcome.revision)).toEqual(
      events.map((_, at) => BigInt(at)),
    );
    expect((await stripeIdsOf(server.url, stream)).map((id) => eventIdOf(id, null))).toEqual(
      events.map(({ eventId }) => eventId),
    );
    const positions = new Set(outcomes.map((outcome) => outcome.kind === 'appended' && outcome.position));
    expect(positions.size).toBeLessThan(50);
  });

  it('continues after the stream has moved on unnoticed', async () => {
    const stream = randomId('sub');
    const [one, other] = [new Appender(store, noIndex, APPENDER_LIMITS), new Appender(store, noIndex, APPENDER_LIMITS)];
    const events = Array.from({ length: 20 }, () => newEvent(stream));
    for (const [at, event] of events.entries())
      expect(await (at % 2 === 0 ? one : other).append(event)).toMatchObject({
        kind: 'appended',
        revision: BigInt(at),
      });
    // `one` does not know the last event yet: the store answers its append from disk and writes nothing.
    expect(await one.append(events[19] as NewEvent)).toMatchObject({ revision: 19n });
    expect(await one.append(events[18] as NewEvent)).toMatchObject({ kind: 'duplicate', revision: 18n });
    expect(await stripeIdsOf(server.url, stream)).toHaveLength(20);
  });

  it('distinguishes a conflict from a duplicate, also with a cold cache', async () => {
    const stream = randomId('sub');
    const id = randomId('evt');
    await new Appender(store, noIndex, APPENDER_LIMITS).append(newEvent(stream, id));
    const cold = new Appender(store, noIndex, APPENDER_LIMITS);
    expect(await cold.append(newEvent(stream, id, { content: 'another content' }))).toMatchObject({
      kind: 'conflict',
      revision: 0n,
    });
    expect(await cold.append(newEvent(stream, id))).toMatchObject({ kind: 'duplicate', revision: 0n });
  });

  it('refuses at once what no append can hold, and more than may wait', async () => {
    const appender = new Appender(store, noIndex, { ...APPENDER_LIMITS, waitingMax: 2 });
    expect(await appender.append({ ...newEvent(randomId('sub')), data: new Uint8Array(1 << 20) })).toEqual({
      kind: 'too_large',
      limitBytes: 1 << 20,
    });
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => appender.append(newEvent(randomId('sub')))));
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      'appended',
      'appended',
      'overloaded',
      'overloaded',
      'overloaded',
    ]);
    expect(await appender.append(newEvent(randomId('sub')))).toMatchObject({ kind: 'appended' });
  });

  it('writes once what the store accepted without answering, and reports so after the connection is back', async () => {
    const proxy = await startProxy(Number(new URL(server.url.replace('esdb', 'http')).port));
    const cuttable = connectEventStore(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    try {
      const stream = randomId('sub');
      const appender = new Appender(cuttable, noIndex, { ...APPENDER_LIMITS, timeoutMs: 500 });
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

  it('sees in the log what the store accepted and never answers, long before the append has timed out', async () => {
    const proxy = await startProxy(Number(new URL(server.url.replace('esdb', 'http')).port));
    const deaf = connectEventStore(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    try {
      const stream = randomId('sub');
      const appender = new Appender({ ...store, appends: deaf.appends }, noIndex, {
        ...APPENDER_LIMITS,
        timeoutMs: 60_000,
      });
      await appender.append(newEvent(stream));
      proxy.swallowAnswers();
      const events = [newEvent(stream), newEvent(stream)];
      expect(await Promise.all(events.map((event) => appender.append(event)))).toMatchObject([
        { kind: 'appended', revision: 1n },
        { kind: 'appended', revision: 2n },
      ]);
      expect(await stripeIdsOf(server.url, stream)).toHaveLength(3);
    } finally {
      proxy.cut();
      await deaf.close();
      await proxy.close();
    }
  });

  it('reports unavailable within its limits when no store answers, and names the trouble until an append succeeds or some time has passed', async () => {
    const proxy = await startProxy(Number(new URL(server.url.replace('esdb', 'http')).port));
    proxy.refuse();
    const away = connectEventStore(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    let now = 0;
    try {
      const appender = new Appender(away, noIndex, { ...APPENDER_LIMITS, timeoutMs: 300 }, () => now);
      const event = newEvent(randomId('sub'));
      expect(appender.trouble).toBeNull();
      expect(await appender.append(event)).toMatchObject({ kind: 'unavailable' });
      expect(appender.trouble).toMatchObject({ kind: 'not_writable' });
      now = 10_001;
      expect(appender.trouble).toBeNull();
      expect(await appender.append(event)).toMatchObject({ kind: 'unavailable' });
      expect(appender.trouble).not.toBeNull();
      proxy.cut();
      await until('the store takes it', async () => (await appender.append(event)).kind === 'appended');
      expect(appender.trouble).toBeNull();
    } finally {
      await away.close();
      await proxy.close();
    }
  });
});

describe('a store that refuses the password', () => {
  it('is a trouble that names the cause, and not the outage of a store that does not answer', async () => {
    const secured = await startEmbeddedEventStore({ directory: 'memory', tls: testTls, users: { ledger: 'right' } });
    const [its, wrong] = ['right', 'wrong'].map((password) =>
      connectEventStore(securedUrl(secured.url, `ledger:${password}`)),
    ) as [EventStore, EventStore];
    try {
      const refused = new Appender(wrong, noIndex, APPENDER_LIMITS);
      expect(await refused.append(newEvent(randomId('sub')))).toMatchObject({ kind: 'unavailable' });
      expect(refused.trouble).toMatchObject({ kind: 'refused' });
      const taken = new Appender(its, noIndex, APPENDER_LIMITS);
      expect(await taken.append(newEvent(randomId('sub')))).toMatchObject({ kind: 'appended' });
      expect(taken.trouble).toBeNull();
    } finally {
      await Promise.all([its.close(), wrong.close()]);
      await secured.stop();
    }
  });
});

describe('a store that accepts less than the configuration', () => {
  const LIMIT_BYTES = 64 * 1024;
  it('refuses the event that is too large and no other of the same append, and names its limit', async () => {
    const small = await startEmbeddedEventStore({ directory: 'memory', appendBytesMax: LIMIT_BYTES });
    const its = connectEventStore(small.url);
    try {
      const stream = randomId('sub');
      const appender = new Appender(its, noIndex, APPENDER_LIMITS);
      const sizes = [10_000, 10_000, 100_000, 10_000, 10_000, 10_000, 10_000, 10_000];
      const outcomes = await Promise.all(
        sizes.map((bytes) => appender.append(newEvent(stream, randomId('evt'), { bytes }))),
      );
      expect(outcomes.map(({ kind }) => kind)).toEqual(
        sizes.map((bytes) => (bytes > LIMIT_BYTES ? 'too_large' : 'appended')),
      );
      expect(outcomes[2]).toEqual({ kind: 'too_large', limitBytes: LIMIT_BYTES });
      expect(await stripeIdsOf(small.url, stream)).toHaveLength(sizes.length - 1);
      expect(appender.trouble).toBeNull();
    } finally {
      await its.close();
      await small.stop();
    }
  });
});

describe('a duplicate on a stream of 10,000 events with a cold cache', () => {
  const stream = randomId('sub');
  const ids = Array.from({ length: 10_000 }, (_, at) => `${stream}_evt_${at}`);
  beforeAll(async () => {
    for (let from = 0; from < ids.length; from += 1_000) {
      const events = ids
        .slice(from, from + 1_000)
        .map((id) => appendedEvent(unknownEvent(id), newEvent(stream, id).contentHash));
      await store.appends.appendToStream(stream, events, {
        expectedRevision: from === 0 ? NO_STREAM : BigInt(from - 1),
      });
    }
  }, 60_000);

  it('is recognised by reading the stream when there is no index', async () => {
    expect(await new Appender(store, noIndex, APPENDER_LIMITS).append(newEvent(stream, ids[4_711]))).toMatchObject({
      kind: 'duplicate',
      revision: 4_711n,
    });
  });

  it('is recognised when no head may hold this many ids, by reading the stream for each', async () => {
    const appender = new Appender(store, noIndex, { ...APPENDER_LIMITS, cachedIdsMax: 1_000 });
    for (const at of [17, 9_999])
      expect(await appender.append(newEvent(stream, ids[at]))).toMatchObject({
        kind: 'duplicate',
        revision: BigInt(at),
      });
    const appended = newEvent(stream);
    expect(await appender.append(appended)).toMatchObject({ kind: 'appended', revision: 10_000n });
    expect(await appender.append(appended)).toMatchObject({ kind: 'duplicate', revision: 10_000n });
  });
});
