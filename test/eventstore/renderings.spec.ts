/**
 * One Stripe event delivered to endpoints of several API versions: each rendering is stored once, all in one stream.
 */
import { NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contentHash } from '../../src/events/content-hash.js';
import { eventIdOf } from '../../src/events/event-id.js';
import { Appender, noIndex } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { BatchedEventIdIndex } from '../../src/read-models/event-id-index.js';
import { TestIndex } from '../support/event-index.js';
import { appendedEvent, eventsOf } from '../support/log.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { newEvent, unknownEvent } from '../support/new-event.js';
import { testEventStore, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';

const [OLD, BASIL, ENDIVE] = ['2020-08-27', '2025-03-31.basil', '2026-09-30.endive'] as const;

let server: TestServer;
let store: EventStore;
let index: TestIndex;
beforeAll(async () => {
  server = await testEventStore();
  store = connectEventStore(server.url);
  index = await TestIndex.start(store);
  await withoutIndex().append(newEvent(randomId('sub')));
  await index.indexAll();
}, 60_000);
afterAll(async () => {
  await index.stop();
  await store.close();
  await server.stop();
});

const withoutIndex = () => new Appender(store, noIndex, APPENDER_LIMITS);
const withIndex = () => new Appender(store, new BatchedEventIdIndex(index.database), APPENDER_LIMITS);
const rendered = (stream: string, id: string, apiVersion: string) =>
  newEvent(stream, id, { apiVersion, content: `${id} in ${apiVersion}` });
const versionsIn = async (stream: string) =>
  (await eventsOf(server.url, stream)).map(({ metadata }) => metadata?.apiVersion);

describe.each([
  ['one process', withoutIndex, false],
  ['processes that have just started, without an index', withoutIndex, true],
  ['processes that have just started, with an index', withIndex, true],
])('for %s', (_, start, isNewEachTime) => {
  it('each rendering is appended once, and distinguished from a repeat', async () => {
    const [stream, id] = [randomId('sub'), randomId('evt')];
    const first = start();
    const told = [];
    for (const version of [BASIL, OLD, BASIL, OLD, ENDIVE, ENDIVE]) {
      const outcome = await (isNewEachTime ? start() : first).append(rendered(stream, id, version));
      told.push(outcome.kind === 'appended' ? `appended ${outcome.isRendering}` : outcome.kind);
      await index.indexAll();
    }
    expect(told).toEqual(['appended false', 'appended true', 'duplicate', 'duplicate', 'appended true', 'duplicate']);
    expect(await versionsIn(stream)).toEqual([BASIL, OLD, ENDIVE]);
  });

  it('another content in one of the versions is a conflict', async () => {
    const [stream, id] = [randomId('sub'), randomId('evt')];
    for (const version of [OLD, BASIL]) await start().append(rendered(stream, id, version));
    const other = newEvent(stream, id, { apiVersion: OLD, content: 'another' });
    expect(await start().append(other)).toEqual({ kind: 'conflict', stream, revision: 0n });
    expect(await versionsIn(stream)).toEqual([OLD, BASIL]);
  });

  it('an event that was recorded before renderings were is a duplicate in its version, and gets others beside it', async () => {
    const [stream, id] = [randomId('sub'), randomId('evt')];
    const event = { ...unknownEvent(id), api_version: OLD };
    const recorded = appendedEvent(event, contentHash(JSON.parse(JSON.stringify(event)) as never));
    expect(recorded.id).toBe(eventIdOf(id, null));
    await store.appends.appendToStream(stream, recorded, { expectedRevision: NO_STREAM });
    await index.indexAll();
    const again = {
      ...rendered(stream, id, OLD),
      contentHash: contentHash(JSON.parse(JSON.stringify(event)) as never),
    };
    expect(await start().append(again)).toMatchObject({ kind: 'duplicate', stream, revision: 0n });
    expect(await start().append(rendered(stream, id, BASIL))).toMatchObject({ kind: 'appended', isRendering: true });
    expect(await start().append(again)).toMatchObject({ kind: 'duplicate', stream, revision: 0n });
    expect(await versionsIn(stream)).toEqual([OLD, BASIL]);
  });
});

describe('a rendering', () => {
  it('joins the other one in the stream that has it, whatever its own route', async () => {
    const [stream, route, id] = [randomId('sub'), randomId('in'), randomId('evt')];
    await withoutIndex().append(rendered(stream, id, OLD));
    await index.indexAll();
    const appender = withIndex();
    const outcomes = [];
    for (const version of [BASIL, BASIL, OLD]) outcomes.push(await appender.append(rendered(route, id, version)));
    expect(outcomes).toEqual([
      expect.objectContaining({ kind: 'appended', stream, revision: 1n, isRendering: true }),
      expect.objectContaining({ kind: 'duplicate', stream, revision: 1n }),
      expect.objectContaining({ kind: 'duplicate', stream, revision: 0n }),
    ]);
    expect([await versionsIn(stream), await versionsIn(route)]).toEqual([[OLD, BASIL], []]);
  });

  it('of an event that an operator has hidden is a duplicate: what was deleted does not come back', async () => {
    const [stream, id] = [randomId('sub'), randomId('evt')];
    await withoutIndex().append(rendered(stream, id, OLD));
    await index.indexAll();
    await store.appends.deleteStream(stream);
    expect(await withIndex().append(rendered(stream, id, BASIL))).toMatchObject({ kind: 'duplicate', stream });
    expect(await versionsIn(stream)).toEqual([]);
  });

  it('is found in a stream that the index vouches for, above and below where it ends', async () => {
    const stream = randomId('sub');
    const ids = Array.from({ length: 900 }, () => randomId('evt'));
    const appender = withIndex();
    await Promise.all(ids.map((id) => appender.append(rendered(stream, id, OLD))));
    await index.indexAll();
    // Now the head relies on the index for everything except new events.
    await appender.append(rendered(stream, ids[0] as string, BASIL));
    for (const at of [0, 600, 899])
      expect(await appender.append(rendered(stream, ids[at] as string, ENDIVE))).toMatchObject({
        kind: 'appended',
        isRendering: true,
      });
    await index.rename();
    for (const at of [0, 600, 899])
      expect(await appender.append(rendered(stream, ids[at] as string, OLD))).toMatchObject({
        kind: 'duplicate',
        revision: expect.any(BigInt),
      });
    expect((await versionsIn(stream)).length).toBe(904);
  }, 60_000);
});
