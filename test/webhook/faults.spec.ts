import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startProxy, type CuttableProxy } from '../support/cuttable-proxy.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { stripeIdsOf } from '../support/log.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let eventStore: TestServer;
let database: TestServer;
let proxy: CuttableProxy;
let ledger: TestLedger;
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  proxy = await startProxy(Number(new URL(eventStore.url.replace('esdb', 'http')).port));
  ledger = await startLedger({
    eventStore: { url: `esdb://127.0.0.1:${proxy.port}?tls=false`, stop: async () => undefined },
    database,
    environment: { APPEND_TIMEOUT_MS: '500' },
  });
});
afterAll(async () => {
  await ledger.stop();
  await proxy.close();
  await Promise.all([eventStore.stop(), database.stop()]);
});

describe('while the store is unavailable', () => {
  it('the webhook answers 503 with the time of the next attempt, and accepts the event once the store is back', async () => {
    const subscription = randomId('sub');
    const event = subscriptionEvent(subscription);
    await deliver(ledger.url, JSON.stringify(subscriptionEvent(subscription)));
    proxy.refuse();
    const refused = await deliver(ledger.url, JSON.stringify(event));
    expect(refused).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await fetch(`${ledger.url}/health/ready`)).status).toBe(503);
    proxy.cut();
    await until(
      'the store takes the event',
      async () => (await deliver(ledger.url, JSON.stringify(event))).status === 200,
    );
    expect(await stripeIdsOf(eventStore.url, `subscription-${subscription}`)).toHaveLength(2);
  });

  it('an answer that got lost on the way is asked for again: the event is there once, and acknowledged once', async () => {
    const subscription = randomId('sub');
    await deliver(ledger.url, JSON.stringify(subscriptionEvent(subscription)));
    const event = subscriptionEvent(subscription);
    proxy.swallowAnswers();
    const answer = deliver(ledger.url, JSON.stringify(event));
    await until(
      'the store has the event',
      async () => (await stripeIdsOf(eventStore.url, `subscription-${subscription}`)).length === 2,
    );
    proxy.cut();
    expect((await answer).status === 200 || (await deliver(ledger.url, JSON.stringify(event))).status === 200).toBe(
      true,
    );
    expect(await stripeIdsOf(eventStore.url, `subscription-${subscription}`)).toHaveLength(2);
  });

  it('the read models come up with the log again by themselves', async () => {
    proxy.refuse();
    proxy.cut();
    const subscription = randomId('sub');
    await until(
      'an event is taken',
      async () => (await deliver(ledger.url, JSON.stringify(subscriptionEvent(subscription)))).status === 200,
    );
    await until('it is projected', async () => (await fetch(`${ledger.url}/health/ready/reads`)).status === 200);
  });
});

describe('when more deliveries come than may wait', () => {
  it('those above the limit get 503 at once, those below are stored', async () => {
    const narrow = await startLedger({ eventStore, database, environment: { INTAKE_WAITING_MAX: '4' } });
    try {
      const answers = await Promise.all(
        Array.from({ length: 64 }, () => deliver(narrow.url, JSON.stringify(subscriptionEvent(randomId('sub'))))),
      );
      const refused = answers.filter(({ status }) => status === 503);
      expect(refused.length).toBeGreaterThan(0);
      for (const { body, headers } of refused) {
        expect(body).toMatchObject({ code: 'overloaded' });
        expect(headers.get('retry-after')).toBe('1');
      }
      const stored = answers.filter(({ status }) => status === 200);
      expect(stored.length + refused.length).toBe(64);
      for (const { body } of stored) expect(await stripeIdsOf(eventStore.url, body.stream)).toHaveLength(1);
    } finally {
      await narrow.stop();
    }
  });
});

describe('a store whose clock is ahead by more than the append deadline', () => {
  const TIMERS = [
    'hrtime',
    'nextTick',
    'performance',
    'queueMicrotask',
    'setImmediate',
    'clearImmediate',
    'setInterval',
    'clearInterval',
    'setTimeout',
    'clearTimeout',
  ] as const;

  it('is named in readiness, and forgotten once the clocks agree', async () => {
    const eventStoreSays = async () =>
      (await read<{ intake: { eventStore: string } }>(ledger.url, '/health/ready')).body.intake.eventStore;
    const event = JSON.stringify(subscriptionEvent(randomId('sub')));
    jest.useFakeTimers({ now: Date.now() - 60_000, doNotFake: [...TIMERS] });
    try {
      expect(await deliver(ledger.url, event)).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
      expect(await eventStoreSays()).toMatch(/clock is more than 500 ms ahead/);
    } finally {
      jest.useRealTimers();
    }
    expect(await deliver(ledger.url, event)).toMatchObject({ status: 200, body: { outcome: 'appended' } });
    expect(await eventStoreSays()).toBe('ok');
  });
});
