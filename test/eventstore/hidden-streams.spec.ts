import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { readLog } from '../../src/eventstore/raw-event.js';
import { readStream } from '../../src/eventstore/read.js';
import { eventIdOf } from '../../src/events/event-id.js';
import { deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

const EVENTS = 5;

/** EventStoreDB's ways for an operator to hide events, and whether the stream is then empty. */
const acts = {
  'soft-deleted': { act: (store: EventStore, stream: string) => store.appends.deleteStream(stream), empties: true },
  tombstoned: { act: (store: EventStore, stream: string) => store.appends.tombstoneStream(stream), empties: false },
  'cut to its last two events': {
    act: (store: EventStore, stream: string) => store.appends.setStreamMetadata(stream, { maxCount: 2 }),
    empties: false,
  },
  'expired as a whole': {
    act: (store: EventStore, stream: string) => store.appends.setStreamMetadata(stream, { maxAge: 1 }),
    empties: true,
  },
  'cut before its last event': {
    act: (store: EventStore, stream: string) => store.appends.setStreamMetadata(stream, { truncateBefore: 4 }),
    empties: false,
  },
} as const;
type Act = keyof typeof acts;
const processes = ['warm', 'cold', 'cold, without an index'] as const;
type Process = (typeof processes)[number];
const deliveries = ['the first event again', 'the third event again', 'the last event again', 'a new event'] as const;
type Delivery = (typeof deliveries)[number];

/**
 * A duplicate is recognised, except where nothing can know it. Then it is stored a second time, visible for good, but
 * never a third time.
 */
const unknown: Readonly<Partial<Record<Act, readonly Delivery[]>>> = {
  'soft-deleted': ['the first event again', 'the third event again', 'the last event again'],
  'cut to its last two events': ['the first event again', 'the third event again'],
  'expired as a whole': ['the first event again', 'the third event again', 'the last event again'],
  'cut before its last event': ['the first event again', 'the third event again'],
};

const cells = processes.flatMap((process) =>
  (Object.keys(acts) as Act[]).flatMap((act) => deliveries.map((delivery) => [process, act, delivery] as const)),
);
const keyOf = (process: Process, act: Act, delivery: Delivery): string => [process, act, delivery].join();

const made = new Map(
  cells.map(([process, act, delivery]) => {
    const id = randomId('sub');
    return [
      keyOf(process, act, delivery),
      {
        stream: `subscription-${id}`,
        events: Array.from({ length: EVENTS + 1 }, (_, at) => subscriptionEvent(id, { created: START + at })),
      },
    ];
  }),
);

let eventStore: TestServer;
let database: TestServer;
let store: EventStore;
const ledgers = new Map<Process, TestLedger>();

beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  store = connectEventStore(eventStore.url);
  const warm = await startLedger({ eventStore, database });
  let last = '0';
  for (let at = 0; at < EVENTS; at += 1) {
    const answers = await Promise.all(
      [...made.values()].map(({ events }) => deliver(warm.url, JSON.stringify(events[at]))),
    );
    expect(answers.map(({ body }) => body.outcome)).toEqual(answers.map(() => 'appended'));
    last = answers.map(({ body }) => body.position).reduce((a, b) => (BigInt(a) > BigInt(b) ? a : b), last);
  }
  await until(
    'all of them are indexed',
    async () => (await read(warm.url, `/subscriptions?minPosition=${last}&waitMs=10000`)).status === 200,
    120_000,
  );
  for (const [process, act, delivery] of cells) await acts[act].act(store, streamOf(process, act, delivery));
  for (const [process, act, delivery] of cells)
    if (acts[act].empties)
      await until('the stream shows nothing', async () => (await shownOf(streamOf(process, act, delivery))) === 0);
  ledgers.set('warm', warm);
  ledgers.set('cold', await startLedger({ eventStore, database }));
  ledgers.set(
    'cold, without an index',
    await startLedger({ eventStore, database, environment: { ROLES: 'ingest', DATABASE_URL: '' } }),
  );
}, 240_000);
afterAll(async () => {
  for (const ledger of ledgers.values()) await ledger.stop();
  await store.close();
  await Promise.all([eventStore.stop(), database.stop()]);
});

const streamOf = (process: Process, act: Act, delivery: Delivery): string =>
  made.get(keyOf(process, act, delivery))?.stream ?? '';

async function shownOf(stream: string): Promise<number> {
  let shown = 0;
  for await (const _ of readStream(store, stream)) shown += 1;
  return shown;
}

/** How often the log may contain the delivered events, whatever their streams show; nothing was scavenged. */
const expected: { cell: string; stream: string; eventId: string; max: number; isElsewhere: boolean }[] = [];

describe.each(processes)('to a process that is %s', (process) => {
  describe.each(Object.keys(acts) as Act[])('and a stream that was %s', (act) => {
    it.each(deliveries)('%s is answered 2xx, and is a duplicate from then on', async (delivery) => {
      const { stream, events } = made.get(keyOf(process, act, delivery)) as {
        stream: string;
        events: ReturnType<typeof subscriptionEvent>[];
      };
      const at = {
        'the first event again': 0,
        'the third event again': 2,
        'the last event again': EVENTS - 1,
        'a new event': EVENTS,
      }[delivery];
      const event = events[at] as (typeof events)[number];
      const { url } = ledgers.get(process) as TestLedger;
      const answer = await deliver(url, JSON.stringify(event));
      const isNew = delivery === 'a new event';
      const isUnknown = process === 'cold, without an index' && (unknown[act] ?? []).includes(delivery);
      const toQuarantine = act === 'tombstoned' && (isNew || process === 'cold, without an index');
      expect(answer.status).toBe(200);
      if (isNew && !toQuarantine)
        expect(answer.body).toMatchObject({ outcome: 'appended', stream, revision: String(EVENTS) });
      if (toQuarantine)
        expect(answer.body).toMatchObject({ outcome: 'quarantined', stream: expect.stringMatching(/^quarantine-/) });
      if (!isNew && !isUnknown && !toQuarantine)
        expect(answer.body).toMatchObject({ outcome: 'duplicate', stream, revision: String(at) });
      expect(await deliver(url, JSON.stringify(event))).toMatchObject({
        status: 200,
        body: { outcome: 'duplicate', stream: toQuarantine ? answer.body.stream : stream },
      });
      expected.push({
        cell: [process, act, delivery].join(', '),
        stream,
        eventId: eventIdOf(event.id, event.api_version),
        max: isUnknown ? 2 : 1,
        isElsewhere: isNew && toQuarantine,
      });
    });
  });
});

it('each of them is in the log, and none more often than can be known', async () => {
  const times = new Map<string, number>();
  for await (const { stream, id } of readLog(store))
    times.set(`${stream} ${id}`, (times.get(`${stream} ${id}`) ?? 0) + 1);
  const wrong = expected.filter(({ stream, eventId, max, isElsewhere }) => {
    const found = times.get(`${stream} ${eventId}`) ?? 0;
    return isElsewhere ? found !== 0 : found < 1 || found > max;
  });
  expect(expected).toHaveLength(cells.length);
  expect(wrong).toEqual([]);
});

describe('what went to quarantine because its stream is tombstoned', () => {
  it('is counted by that reason', async () => {
    const text = await (
      await fetch(`${ledgers.get('warm')?.url}/metrics`, { headers: { authorization: `Bearer ${READ_TOKEN}` } })
    ).text();
    expect(text).toMatch(/ledger_quarantined_total\{reason="stream_deleted"\} 1\b/);
  });
});
