import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Appender, noIndex } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { eventsOf } from '../support/log.js';
import { newEvent } from '../support/new-event.js';
import { testEventStore, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';

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

const appender = () => new Appender(store, noIndex, APPENDER_LIMITS);

it('an event judged at a revision is appended directly after it, or not at all', async () => {
  const stream = randomId('sub');
  const [one, other] = [appender(), appender()];
  expect(await one.append({ ...newEvent(stream), at: 0n })).toEqual({ kind: 'moved', stream });
  const first = { ...newEvent(stream), at: -1n };
  expect(await one.append(first)).toMatchObject({ kind: 'appended', revision: 0n });
  // Known ids are duplicates, whatever the stream's revision and in every process.
  expect(await one.append({ ...first, at: 7n })).toMatchObject({ kind: 'duplicate', revision: 0n });
  expect(await other.append(first)).toMatchObject({ kind: 'duplicate', revision: 0n });
  // `other` appends unnoticed by `one`, whose head is now too low.
  expect(await other.append(newEvent(stream))).toMatchObject({ kind: 'appended', revision: 1n });
  expect(await one.append({ ...newEvent(stream), at: 0n })).toEqual({ kind: 'moved', stream });
  expect(await other.append(newEvent(stream))).toMatchObject({ revision: 2n });
  expect(await one.append({ ...newEvent(stream), at: 2n })).toMatchObject({ kind: 'appended', revision: 3n });
});

it('of judgements that race with each other and with webhooks, each is appended at its revision', async () => {
  const stream = randomId('sub');
  const appenders = Array.from({ length: 4 }, appender);
  const same = newEvent(stream);
  const outcomes = await Promise.all(
    appenders.flatMap((one) => [
      one.append({ ...same, at: -1n }),
      one.append(newEvent(stream)),
      one.append({ ...newEvent(stream), at: 0n }),
    ]),
  );
  const events = await eventsOf(server.url, stream);
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
  // All webhooks are appended; of the events judged at one revision at most one is.
  expect(outcomes.filter((_, at) => at % 3 === 1).map(({ kind }) => kind)).toEqual(Array(4).fill('appended'));
  const judgedAt0 = outcomes.filter((outcome, at) => at % 3 === 2 && outcome.kind === 'appended');
  expect(judgedAt0.length).toBeLessThanOrEqual(1);
  for (const outcome of judgedAt0) expect(outcome).toMatchObject({ revision: 1n });
  const first = events.findIndex(({ eventId }) => eventId === same.eventId);
  expect([-1, 0]).toContain(first);
});
