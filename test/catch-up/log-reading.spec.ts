import { ANY } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { kindsOf } from '../../projections/projection.js';
import type { ReadEvent } from '../../src/folding/facts.js';
import { readHere, type Arrival, type LogReading, type ReadLog } from '../../src/catch-up/log-reading.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { dealLog, Hand } from '../../src/catch-up/dealing.js';
import { DealtLog } from '../../src/catch-up/dealt-log.js';
import { LogEndSearch } from '../../src/eventstore/log-end.js';
import { shardOf } from '../../src/projector/shard.js';
import { startProxy, type CuttableProxy } from '../support/cuttable-proxy.js';
import { appendedEvent } from '../support/log.js';
import { endOfSharedLog, SHARES_STORE, testEventStore, type TestServer } from '../support/servers.js';
import { BASIL, invoice, stripeEvent } from '../support/stripe-objects.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

const EVENTS = 3_000;
const AT_ONCE = 500;
const room = { events: 100, bytes: 1024 * 1024 * 1024 };

let server: TestServer;
let proxy: CuttableProxy;
let store: EventStore;
let close: () => Promise<void>;
/** Where these tests begin to read: at the start of the log, or before their own events. */
let begin: bigint | null;
/** A stream of three kinds of events with many large ones. */
const subscription = randomId('sub');
const stream = `subscription-${subscription}`;
beforeAll(async () => {
  server = await testEventStore();
  begin = (await endOfSharedLog())?.position ?? null;
  ({ proxy, store, close } = await connectThroughProxy());
  await append(subscriptionEvent(subscription));
  await append(stripeEvent('invoice.created', invoice(randomId('in'), BASIL, { subscription, amount_due: 'much' })));
  await append(stripeEvent('account.updated', { id: 'acct_1', object: 'account' }));
  await appendMany();
});
afterAll(async () => {
  await close();
  await server.stop();
});

const kinds = kindsOf(projections);

async function connectThroughProxy(): Promise<{ proxy: CuttableProxy; store: EventStore; close: () => Promise<void> }> {
  const { port } = new URL(server.url.replace('esdb:', 'http:'));
  const between = await startProxy(Number(port));
  const connected = connectEventStore(server.url.replace(`:${port}`, `:${between.port}`));
  return {
    proxy: between,
    store: connected,
    close: async () => {
      await connected.close();
      await between.close();
    },
  };
}

const append = (event: Parameters<typeof appendedEvent>[0]) =>
  store.appends.appendToStream(stream, appendedEvent(event), { expectedRevision: ANY });

/** 12 MB, far more than the buffers of kernel and client. */
async function appendMany(): Promise<void> {
  for (let at = 0; at < EVENTS; at += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) =>
        append(
          subscriptionEvent(subscription, {
            created: 1_800_000_000 + at + i,
            object: { metadata: { note: 'x'.repeat(4_000) } },
          }),
        ),
      ),
    );
  }
}

/** Waits until nothing arrives any more. A running reading would progress within this many polls. */
async function halt(looksMax = 100): Promise<void> {
  let [last, looks] = [-1, 0];
  await until('nothing arrives any more', async () => {
    looks = proxy.answeredBytes() === last ? looks + 1 : 0;
    last = proxy.answeredBytes();
    return looks > looksMax;
  });
}

/** The events of one stream up to and including the first that `isLast`; the reading is then stopped. */
async function taken(
  reading: LogReading,
  isLast: (event: ReadEvent, arrival: Arrival) => boolean,
  of = stream,
): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for await (const arrival of reading) {
    const own = arrival.events.filter((event) => event.stream === of);
    events.push(...own);
    if (own.some((event) => isLast(event, arrival))) break;
  }
  await reading.stop();
  return events;
}

/** An event with its error as text, as it is reported for parked streams. */
const withErrorText = ({ content, ...envelope }: ReadEvent) => ({
  ...envelope,
  content: content.kind === 'unreadable' ? { ...content, error: String(content.error) } : content,
});

const reader = (of: EventStore): ReadLog => readHere(of, kinds);

describe('the log read here', () => {
  it('returns the events after a position in order, each once, and continues with new ones', async () => {
    const all = (await taken(reader(store)(begin, room), ({ revision }) => revision === BigInt(EVENTS + 2))).filter(
      ({ revision }) => revision <= BigInt(EVENTS + 2),
    );
    expect(all.map(({ revision }) => revision)).toEqual(
      Array.from({ length: EVENTS + 3 }, (__, revision) => BigInt(revision)),
    );
    expect(all.slice(0, 3).map(({ content }) => content.kind)).toEqual(['fact', 'unreadable', 'nothing']);
    const rest = await taken(reader(store)(all[1]?.position ?? null, room), ({ revision }) => revision >= 4n);
    expect(rest[0]?.revision).toBe(2n);

    const other = `subscription-${randomId('sub')}`;
    const next = taken(
      reader(store)(all.at(-1)?.position ?? null, room),
      (__, { isFollowed }) => SHARES_STORE || !isFollowed,
      other,
    );
    await store.appends.appendToStream(other, appendedEvent(subscriptionEvent(randomId('sub'))), {
      expectedRevision: ANY,
    });
    expect((await next).at(-1)).toMatchObject({ stream: other, revision: 0n, content: { kind: 'fact' } });
  });

  it('names the cause of an unreadable event as it is named for parked streams', async () => {
    const [, unreadable] = await taken(reader(store)(begin, room), ({ revision }) => revision === 1n);
    expect(unreadable && withErrorText(unreadable).content).toMatchObject({
      of: 'invoice',
      error: expect.stringMatching(/^UnreadableSnapshot: .*"invoice.amount_due"/),
    });
    expect((unreadable?.content as { error: Error }).error.stack).toMatch(/\n +at /);
  });

  it('does not run ahead of its reader', async () => {
    const before = proxy.answeredBytes();
    const reading = reader(store)(begin, room);
    const arrivals = reading[Symbol.asyncIterator]();
    await arrivals.next();
    await halt();
    expect(proxy.answeredBytes() - before).toBeLessThan((EVENTS * 4_000) / 2);
    await reading.stop();
  });

  it('does not run ahead of its reader in bytes either, however few events they are in', async () => {
    const large = 900_000;
    const own = `subscription-${randomId('sub')}`;
    const before = await new LogEndSearch(store).find();
    for (let at = 0; at < 80; at += 1)
      await store.appends.appendToStream(
        own,
        appendedEvent(subscriptionEvent(subscription, { object: { metadata: { note: 'x'.repeat(large) } } })),
        { expectedRevision: ANY },
      );
    const answered = proxy.answeredBytes();
    const reading = reader(store)(before.kind === 'at' ? before.position : null, { events: 1_000, bytes: 2_000_000 });
    const arrivals = reading[Symbol.asyncIterator]();
    await arrivals.next();
    await halt();
    expect(proxy.answeredBytes() - answered).toBeLessThan(large * 60);
    await reading.stop();
  });

  it('does not run ahead either when many events follow single ones', async () => {
    const end = await new LogEndSearch(store).find();
    if (end.kind !== 'at') throw new Error('The log has an end.');
    const reading = reader(store)(end.position, room);
    const arrivals = reading[Symbol.asyncIterator]();
    const first = arrivals.next();
    await append(subscriptionEvent(subscription));
    await first;
    for (let i = 0; i < 90; i += 1) await append(subscriptionEvent(subscription));
    await appendMany();
    const before = proxy.answeredBytes();
    for (let i = 0; i < 20; i += 1) {
      await arrivals.next();
      await halt(3);
    }
    await halt();
    expect(proxy.answeredBytes() - before).toBeLessThan((EVENTS * 4_000) / 2);
    await reading.stop();
  });

  it('ends when it is stopped, whatever has come', async () => {
    const reading = reader(store)(begin, { ...room, events: 1_000 });
    const arrivals = reading[Symbol.asyncIterator]();
    await arrivals.next();
    await halt();
    await reading.stop();
    // In the middle of a message this is a forced end, and an error.
    expect((await arrivals.next().catch(() => ({ done: true }))).done).toBe(true);
  });

  it('throws when the store goes', async () => {
    // A separate connection: a cut affects every call on it, even calls made before its client has noticed.
    const own = await connectThroughProxy();
    const cut = taken(reader(own.store)(begin, room), () => {
      own.proxy.cut();
      return false;
    });
    await expect(cut).rejects.toThrow();
    await own.close();
  });
});

/** Distributes the log to workers in this thread; events are dealt no faster than each worker takes them. */
function dealTo(
  count: number,
  { after, until: position, of = store }: { after: bigint | null; until: bigint; of?: EventStore },
) {
  const stopping = new AbortController();
  const logs = Array.from({ length: count }, (_, index) => new DealtLog(kinds, (bytes) => hands[index]?.taken(bytes)));
  const hands: Hand[] = logs.map((log) => new Hand((deal) => log.put(deal)));
  const dealing = dealLog(of, { after, until: { position }, hands, signal: stopping.signal });
  return { readings: logs.map(({ readLog }) => readLog(after, room)), dealing, stop: () => stopping.abort() };
}

it('dealt to two workers is shared out among them: each event is read by one, and both know how far it went', async () => {
  const own = Array.from({ length: 20 }, () => `subscription-${randomId('sub')}`);
  const before = await new LogEndSearch(store).find();
  for (const name of own)
    await store.appends.appendToStream(name, appendedEvent(subscriptionEvent(name.slice('subscription-'.length))), {
      expectedRevision: ANY,
    });
  await append(subscriptionEvent(subscription));
  const after = before.kind === 'at' ? before.position : null;
  const here = await taken(readHere(store, kinds)(after, room), ({ stream: name }) => name === own.at(-1), own.at(-1));
  const last = here.at(-1) as ReadEvent;
  const { readings, dealing } = dealTo(2, { after, until: last.position });
  const parts = await Promise.all(
    readings.map(async (reading) => {
      const events: ReadEvent[] = [];
      for await (const arrival of reading) {
        events.push(...arrival.events);
        if (events.at(-1)?.position === last.position) break;
      }
      return events;
    }),
  );
  await dealing;
  expect(parts.map((events) => events.at(-1)?.eventId)).toEqual([last.eventId, last.eventId]);
  const read = parts.map((events) =>
    events
      .filter(({ content }) => content.kind !== 'skipped')
      .map(({ stream: name }) => name)
      .filter((name) => own.includes(name)),
  );
  expect(read.flat().sort()).toEqual([...own].sort());
  expect(Math.min(...read.map(({ length }) => length))).toBeGreaterThan(0);
});

it('is not dealt further than the slowest worker has room for, and no further once it is to stop', async () => {
  const end = await new LogEndSearch(store).find();
  if (end.kind !== 'at') throw new Error('The log has an end.');
  const before = proxy.answeredBytes();
  const { readings, dealing, stop } = dealTo(2, { after: begin, until: end.position });
  const fast = readings[1 - shardOf(stream, 2)];
  const arrivals = fast?.[Symbol.asyncIterator]();
  void (async () => {
    while ((await arrivals?.next())?.done === false);
  })();
  await halt();
  expect(proxy.answeredBytes() - before).toBeLessThan((EVENTS * 4_000) / 2);
  stop();
  await dealing;
  await fast?.stop();
});

it('continues where it was when the store comes back, each event once', async () => {
  const end = await new LogEndSearch(store).find();
  if (end.kind !== 'at') throw new Error('The log has an end.');
  const own = await connectThroughProxy();
  const {
    readings: [reading],
    dealing,
  } = dealTo(1, { after: begin, until: end.position, of: own.store });
  const positions: bigint[] = [];
  let cuts = 0;
  for await (const { events } of reading as LogReading) {
    positions.push(...events.filter(({ stream: name }) => name === stream).map(({ revision }) => revision));
    if (cuts === 0) own.proxy.cut();
    cuts += 1;
    if (events.some(({ position }) => position >= end.position)) break;
  }
  await dealing;
  expect(positions.slice(0, EVENTS)).toEqual(Array.from({ length: EVENTS }, (_, revision) => BigInt(revision)));
  await own.close();
});
