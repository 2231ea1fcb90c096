import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Registry } from 'prom-client';
import type { Asker } from '../../src/http/asker.js';
import { KeptTimelines } from '../../src/api/timeline/kept-timelines.js';
import { LIMITS } from '../../src/api/limits.js';
import { defaultPolicy } from '../../derivations/policy.js';
import { PastThreads } from '../../src/api/past/past-threads.js';
import type { PastQuestion } from '../../src/api/past/past-questions.js';
import { Timeline } from '../../src/api/timeline/timeline.js';
import { Past } from '../../src/as-of/past.js';
import type { ProblemError } from '../../src/http/problem.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { appendedEvent } from '../support/log.js';
import { testEventStore } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const asker = (signal = new AbortController().signal): Asker => ({ token: 'a', name: 'a', signal });
const timeline = (subscription: string): PastQuestion => ({
  kind: 'timeline',
  subscription,
  withLinked: false,
  after: 0,
  limit: 10,
  bytesMax: 1_000_000,
});
const codeOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'answered',
    (error: ProblemError) => error.problem?.code ?? String(error),
  );

/** Separate threads, on the event store of the test's choice. */
function threadsOn(
  eventstoreUrl: string,
  {
    answerWithinMs = 20_000,
    reading = LIMITS.pastReading as { streamsMax: number; eventsMax: number; bytesMax: number },
  } = {},
) {
  const registry = new Registry();
  const threads = new PastThreads({
    thread: {
      eventstoreUrl,
      databaseUrl: ledger.databaseUrl,
      readTimeoutMs: 5_000,
      reading,
      referenceKey: null,
      policy: defaultPolicy,
    },
    answerWithinMs,
    registry,
  });
  return {
    threads,
    outcomes: () => registry.getSingleMetricAsString('ledger_past_outcomes_total'),
    stop: () => threads.onApplicationShutdown(),
  };
}

/** An event store that accepts connections and never answers. */
async function silentStore(): Promise<{ url: string; asked: () => number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `esdb://127.0.0.1:${(server.address() as AddressInfo).port}?tls=false`,
    asked: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a thread that answers about the past', () => {
  it('is ended when it is late, and another one answers the next question', async () => {
    const store = await silentStore();
    const { threads, outcomes, stop } = threadsOn(store.url, { answerWithinMs: 1_500 });
    expect(await codeOf(threads.ask(timeline('sub_1'), asker()))).toBe('past_timeout');
    expect(await codeOf(threads.ask(timeline('sub_1'), asker()))).toBe('past_timeout');
    expect(await outcomes()).toContain('{outcome="late"} 2');
    await stop();
    await store.close();
  });

  it("ends its work when the client leaves, and the turn is the next one's", async () => {
    const store = await silentStore();
    const { threads, stop } = threadsOn(store.url);
    const leaving = new AbortController();
    const left = codeOf(threads.ask(timeline('sub_1'), asker(leaving.signal)));
    await until('the store was asked', async () => store.asked() > 0);
    const next = new AbortController();
    const waits = codeOf(threads.ask(timeline('sub_1'), asker(next.signal)));
    leaving.abort();
    expect(await left).toBe('client_left');
    await until('the store is asked for the next', async () => store.asked() > 1);
    next.abort();
    expect(await waits).toBe('client_left');
    await stop();
    await store.close();
  });

  it('that dies is an answer that can be asked for again', async () => {
    const { threads, outcomes, stop } = threadsOn('no connection string');
    expect(await codeOf(threads.ask(timeline('sub_1'), asker()))).toBe('past_failed');
    expect(await codeOf(threads.ask(timeline('sub_1'), asker()))).toBe('past_failed');
    expect(await outcomes()).toContain('{outcome="died"} 2');
    await stop();
  });
});

describe('the event store', () => {
  it('that does not answer is named, with 503 and when to ask again', async () => {
    const eventStore = await testEventStore();
    const other = await startLedger({
      eventStore: { url: 'esdb://127.0.0.1:1?tls=false', stop: async () => undefined },
    });
    for (const path of [
      '/subscriptions/sub_1/events',
      '/subscriptions/sub_1?trueAt=2026-01-01T00:00:00Z',
      '/subscriptions/sub_1?revision=1',
    ]) {
      const answer = await read(other.url, path);
      expect(answer).toMatchObject({ status: 503, body: { code: 'event_store_unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('2');
    }
    await other.stop();
    await eventStore.stop();
  }, 60_000);

  it.each(['deleteStream', 'tombstoneStream'] as const)(
    'after %s has nothing of a subscription, and is reported as such',
    async (remove) => {
      const id = randomId('sub');
      await deliver(ledger.url, JSON.stringify(subscriptionEvent(id)));
      expect((await read(ledger.url, `/subscriptions/${id}/events`)).status).toBe(200);
      const store = connectEventStore(ledger.eventstoreUrl);
      await store.appends[remove](`subscription-${id}`);
      await store.close();
      for (const path of [`/subscriptions/${id}?trueAt=2027-01-01T00:00:00Z`, `/subscriptions/${id}?revision=0`]) {
        expect(await read(ledger.url, path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
      const { threads, stop } = threadsOn(ledger.eventstoreUrl);
      expect(await codeOf(threads.ask(timeline(id), asker()))).toBe('not_found');
      await stop();
    },
  );
});

describe('a long timeline', () => {
  /** A subscription with this many events, one second apart. */
  async function long(count: number): Promise<string> {
    const id = randomId('sub');
    const store = connectEventStore(ledger.eventstoreUrl);
    await store.appends.appendToStream(
      `subscription-${id}`,
      Array.from({ length: count }, (_, at) => appendedEvent(subscriptionEvent(id, { created: START + at }))),
    );
    await store.close();
    return id;
  }
  type Page = { data: { number: number }[]; nextAfter: number | null };

  it('is read in full once for its pages, as long as nothing new has come', async () => {
    const id = await long(30);
    const store = connectEventStore(ledger.eventstoreUrl);
    const database = new Database(ledger.databaseUrl, { connectionsMax: 1, onIdleError: () => undefined });
    const kept = new KeptTimelines({ bytesMax: 1_000_000, keptMs: 60_000 });
    const page = async (after: number, eventsMax: number): Promise<Page> => {
      const past = new Past(store, database, {
        streamsMax: 1,
        eventsMax,
        bytesMax: 1_000_000,
        signal: new AbortController().signal,
      });
      return JSON.parse(
        String(
          await new Timeline({ past, database, kept }).page({
            subscription: id,
            withLinked: false,
            after,
            limit: 10,
            bytesMax: 1_000_000,
          }),
        ),
      ) as Page;
    };
    expect(await page(0, 30)).toMatchObject({ data: { length: 10 }, nextAfter: 10 });
    expect(await page(10, 0)).toMatchObject({ data: { length: 10, 0: { number: 11 } }, nextAfter: 20 });
    await deliver(ledger.url, JSON.stringify(subscriptionEvent(id, { created: START + 100 })));
    expect(await codeOf(page(20, 0))).toBe('past_too_large');
    expect(await page(20, 31)).toMatchObject({ data: { length: 10 }, nextAfter: 30 });
    await Promise.all([store.close(), database.close()]);
  });

  it('comes in pages limited in bytes, each with at least one event, and without a gap', async () => {
    const id = await long(7);
    const { threads, stop } = threadsOn(ledger.eventstoreUrl);
    const numbers: number[][] = [];
    for (let after: number | null = 0; after !== null;) {
      const page = JSON.parse(
        String(
          await threads.ask(
            { kind: 'timeline', subscription: id, withLinked: false, after, limit: 200, bytesMax: 1_000 },
            asker(),
          ),
        ),
      ) as Page;
      numbers.push(page.data.map(({ number }) => number));
      after = page.nextAfter;
    }
    expect(numbers.flat()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(numbers.length).toBeGreaterThan(2);
    await stop();
  });

  it.each([
    { eventsMax: 3, most: '3 events' },
    { bytesMax: 500, most: '500 bytes of events' },
  ])('of more than $most is refused, with advice that fits one stream', async ({ most, ...reading }) => {
    const id = await long(4);
    const { threads, stop } = threadsOn(ledger.eventstoreUrl, { reading: { ...LIMITS.pastReading, ...reading } });
    for (const question of [
      timeline(id),
      { kind: 'subscription', id, at: { trueAt: new Date(), knownAt: null, revision: null } } satisfies PastQuestion,
    ]) {
      const refusal = await threads.ask(question, asker()).catch((error: ProblemError) => error.problem);
      expect(refusal).toMatchObject({
        code: 'past_too_large',
        detail: expect.stringMatching(new RegExp(`subscription-${id} alone.*${most}.*event store`)),
      });
      expect(refusal).toMatchObject({ detail: expect.not.stringContaining('Ask for') });
    }
    await stop();
  });

  it('lists an event nested too deeply to compare, except for what it changed', async () => {
    const id = randomId('sub');
    const body = JSON.stringify(subscriptionEvent(id, { previous: { metadata: 'DEEP' } })).replace(
      '"DEEP"',
      `${'{"a":'.repeat(130_000)}1${'}'.repeat(130_000)}`,
    );
    expect(await deliver(ledger.url, body)).toMatchObject({ status: 200 });
    expect(await read(ledger.url, `/subscriptions/${id}/events`)).toMatchObject({
      status: 200,
      body: { data: [{ number: 1, changes: null }] },
    });
  });
});
