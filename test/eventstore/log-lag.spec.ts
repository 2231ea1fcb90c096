import { ANY, jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { LogEndSearch } from '../../src/eventstore/log-end.js';
import { LogLag } from '../../src/eventstore/log-lag.js';
import { temporaryDirectory } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';

/** A separate log, even when tests share a store. */
let store: EventStore;
let stop: () => Promise<void>;
beforeEach(async () => {
  const directory = await temporaryDirectory();
  const server = await startEmbeddedEventStore({ directory: directory.path });
  store = connectEventStore(server.url);
  stop = async () => {
    await store.close();
    await server.stop();
    await directory.remove();
  };
});
afterEach(() => stop());

async function append(stream: string, events: ReturnType<typeof jsonEvent>[]): Promise<bigint> {
  const { position } = await store.appends.appendToStream(stream, events, { expectedRevision: ANY });
  if (position === undefined) throw new Error('The store did not say where it wrote.');
  return position.commit;
}
const NOON = new Date('2026-01-01T12:00:00Z');
const receivedAt = (time: string) =>
  append(randomId('stream'), [
    jsonEvent({ type: 'ours', data: {}, metadata: { format: 1, receivedAt: `2026-01-01T${time}Z` } }),
  ]);
const ofTheStore = (count: number) =>
  append(
    '$$a-stream',
    Array.from({ length: count }, () => jsonEvent({ type: '$metadata', data: {} })),
  );

describe('the lag of a position', () => {
  it('is the age of the oldest event after it, and nothing at the end of the log', async () => {
    const [lag, search] = [new LogLag(store), new LogEndSearch(store)];
    expect(await lag.secondsAt(-1n, await search.find(), NOON)).toBe(0);
    const first = await receivedAt('11:00:00');
    const second = await receivedAt('11:59:00');
    const end = await search.find();
    expect(await lag.secondsAt(-1n, end, NOON)).toBe(3_600);
    expect(await lag.secondsAt(first, end, NOON)).toBe(60);
    expect(await lag.secondsAt(second, end, NOON)).toBe(0);
    await receivedAt('11:59:59');
    expect(await lag.secondsAt(second, await search.find(), NOON)).toBe(1);
  });

  it('looks past events of the store itself, and is not known behind very many of them', async () => {
    const [lag, search] = [new LogLag(store), new LogEndSearch(store)];
    const first = await receivedAt('11:00:00');
    await ofTheStore(30);
    const second = await receivedAt('11:30:00');
    await ofTheStore(300);
    await receivedAt('11:40:00');
    const end = await search.find();
    expect(await lag.secondsAt(first, end, NOON)).toBe(1_800);
    expect(await lag.secondsAt(second, end, NOON)).toBeNull();
  });

  it('goes by the record time of the store where an event does not say when it was received', async () => {
    await append(randomId('stream'), [jsonEvent({ type: 'ours', data: {}, metadata: { receivedAt: 'yesterday' } })]);
    const lag = await new LogLag(store).secondsAt(-1n, await new LogEndSearch(store).find());
    expect(lag).toBeGreaterThanOrEqual(0);
    expect(lag).toBeLessThan(60);
  });
});
