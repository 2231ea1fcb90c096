import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { eventsOf, stripeIdsOf } from '../support/log.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
let processes: ServiceProcess[];
beforeAll(async () => {
  // Like a real store, it is slow to flush, and drops repeats of an append that it has not committed yet.
  [eventStore, database] = await Promise.all([
    testEventStore({ dropsRepeatsInFlight: true, flushDelayMs: 5 }),
    serviceDatabase(),
  ]);
  ledger = await startLedger({ eventStore, database });
  processes = await Promise.all(
    [1, 2, 3].map(() => startServiceProcess({ eventstoreUrl: eventStore.url, databaseUrl: database.url })),
  );
}, 60_000);
afterAll(async () => {
  await Promise.all(processes.map((process) => process.stop()));
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
});

const inOneProcess = () => [ledger.url];
const inSeveralProcesses = () => processes.map(({ url }) => url);
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

describe.each([
  ['one process', inOneProcess],
  ['three processes on one store', inSeveralProcesses],
])('deliveries at the same moment to %s', (_name, targets) => {
  const everyTarget = (at: number): string => {
    const urls = targets();
    return urls[at % urls.length] ?? '';
  };

  it.each([2, 64])('one event %i times: once in the log, and every answer names its place', async (deliveries) => {
    const subscription = randomId('sub');
    const event = subscriptionEvent(subscription);
    const answers = await Promise.all(times(deliveries, (at) => deliver(everyTarget(at), JSON.stringify(event))));
    expect(await stripeIdsOf(eventStore.url, `subscription-${subscription}`)).toEqual([event.id]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, body: { stream: `subscription-${subscription}`, revision: '0' } });
      expect(['appended', 'duplicate']).toContain(answer.body.outcome);
    }
  });

  it.each([6, 96])('one event in three API versions %i times: each of them once in the log', async (deliveries) => {
    const subscription = randomId('sub');
    const versions = ['2020-08-27', '2025-03-31.basil', '2026-09-30.endive'];
    const event = subscriptionEvent(subscription);
    const bodies = versions.map((version) => JSON.stringify({ ...event, api_version: version }));
    const answers = await Promise.all(times(deliveries, (at) => deliver(everyTarget(at), bodies[(at % 7) % 3] ?? '')));
    const stored = await eventsOf(eventStore.url, `subscription-${subscription}`);
    expect(stored.map(({ metadata }) => metadata?.apiVersion).sort()).toEqual(versions);
    expect(new Set(stored.map(({ metadata }) => metadata?.stripeEventId))).toEqual(new Set([event.id]));
    for (const { status, body } of answers) {
      expect([status, body.stream]).toEqual([200, `subscription-${subscription}`]);
      expect(['appended', 'duplicate']).toContain(body.outcome);
    }
    const end = stored.map(({ position }) => position).reduce((a, b) => (a > b ? a : b));
    expect(
      await read(ledger.url, `/v1/subscriptions/${subscription}/events?minPosition=${end}&waitMs=20000`),
    ).toMatchObject({
      status: 200,
      body: { data: [{ stripeEventId: event.id, apiVersion: versions[2], renderings: versions.toReversed() }] },
    });
    // Before the index has the event, a process that has not seen it may answer that it appended what another did.
    const [last] = await Promise.all(
      bodies.map((body, at) => deliver(everyTarget(at + 1), body).then((again) => again.body)),
    );
    expect(last).toMatchObject({ outcome: 'duplicate' });
  });

  it('64 events of one subscription, each three times: all stored, without a gap, none twice', async () => {
    const subscription = randomId('sub');
    const events = times(64, () => subscriptionEvent(subscription));
    const answers = await Promise.all(times(192, (at) => deliver(everyTarget(at), JSON.stringify(events[at % 64]))));
    expect(answers.map(({ status }) => status)).toEqual(times(192, () => 200));
    const stored = await stripeIdsOf(eventStore.url, `subscription-${subscription}`);
    expect([...stored].sort()).toEqual(events.map(({ id }) => id).sort());
  });

  it('one id with two contents: one of them once in the stream, the other in quarantine', async () => {
    const subscription = randomId('sub');
    const event = subscriptionEvent(subscription);
    const bodies = [event, subscriptionEvent(subscription, { eventId: event.id, object: { status: 'past_due' } })].map(
      (body) => JSON.stringify(body),
    );
    const answers = await Promise.all(times(32, (at) => deliver(everyTarget(at), bodies[(at >> 1) % 2] ?? '')));
    expect(await stripeIdsOf(eventStore.url, `subscription-${subscription}`)).toEqual([event.id]);
    const quarantines = [
      ...new Set(answers.map(({ body }) => body.stream).filter((stream) => stream.startsWith('quarantine-'))),
    ];
    // Processes that each believe they wrote first quarantine each other's content, so both may be there.
    expect(quarantines.length).toBeGreaterThanOrEqual(1);
    for (const quarantine of quarantines) expect(await stripeIdsOf(eventStore.url, quarantine)).toEqual([event.id]);
  });
});
