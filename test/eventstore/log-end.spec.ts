import { ANY, jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { LogEndSearch } from '../../src/eventstore/log-end.js';
import { startProxy, type CuttableProxy } from '../support/cuttable-proxy.js';
import { temporaryDirectory } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';

/** A separate log, even when tests share a store, since its end depends on everything in it. */
let proxy: CuttableProxy;
let store: EventStore;
let stop: () => Promise<void>;
beforeEach(async () => {
  const directory = await temporaryDirectory();
  const server = await startEmbeddedEventStore({ directory: directory.path });
  const { port } = new URL(server.url.replace('esdb:', 'http:'));
  proxy = await startProxy(Number(port));
  store = connectEventStore(server.url.replace(`:${port}`, `:${proxy.port}`));
  stop = async () => {
    await store.close();
    await proxy.close();
    await server.stop();
    await directory.remove();
  };
});
afterEach(() => stop());

async function appendOne(): Promise<bigint> {
  const { position } = await store.appends.appendToStream(randomId('stream'), jsonEvent({ type: 'ours', data: {} }), {
    expectedRevision: ANY,
  });
  if (position === undefined) throw new Error('The store did not say where it wrote.');
  return position.commit;
}
/** Appends events of the store itself, many at once, as its projections and statistics do. */
async function appendSystemEvents(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1_000) {
    const events = Array.from({ length: Math.min(left, 1_000) }, () => jsonEvent({ type: '$metadata', data: {} }));
    await store.appends.appendToStream('$$a-stream', events, { expectedRevision: ANY });
  }
}

describe('the end of the log', () => {
  it('is empty in a new log, also once the store has written its own events into it', async () => {
    expect(await new LogEndSearch(store).find()).toEqual({ kind: 'empty' });
    await appendSystemEvents(1_200);
    expect(await new LogEndSearch(store, 60_000).find()).toEqual({ kind: 'empty' });
  });

  it.each([0, 1, 101, 1_500, 10_000])('is found before %i events of the store', async (count) => {
    await appendOne();
    const position = await appendOne();
    await appendSystemEvents(count);
    const search = new LogEndSearch(store, 60_000);
    expect(await search.find()).toEqual({ kind: 'at', position });
    const next = await appendOne();
    expect(await search.find()).toEqual({ kind: 'at', position: next });
  });

  it('is unknown, and neither empty nor anywhere, until a search has looked far enough', async () => {
    const position = await appendOne();
    await appendSystemEvents(3_000);
    const search = new LogEndSearch(store, 0);
    const found = [await search.find()];
    while (found.at(-1)?.kind === 'unknown' && found.length < 100) found.push(await search.find());
    expect(found.slice(0, 5).map(({ kind }) => kind)).toEqual(Array(5).fill('unknown'));
    expect(found.at(-1)).toEqual({ kind: 'at', position });
  });

  it('is asked for again without reading again what was read', async () => {
    const position = await appendOne();
    await appendSystemEvents(3_000);
    const search = new LogEndSearch(store, 60_000);
    await search.find();
    const before = proxy.answeredBytes();
    for (let i = 0; i < 10; i += 1) expect(await search.find()).toEqual({ kind: 'at', position });
    await appendSystemEvents(5);
    expect(await search.find()).toEqual({ kind: 'at', position });
    expect(proxy.answeredBytes() - before).toBeLessThan(3_000 * 50);
  });
});
