import { describe, expect, it } from '@jest/globals';
import { BACKWARDS, END } from '@eventstore/db-client';
import {
  append,
  appendedStream,
  collect,
  idsIn,
  idsInRevived,
  idsOf,
  newEvents,
  newStream,
  plainText,
  useEventStore,
} from './event-store.js';
import { follow } from './follow.js';
import { appendEvent, appendOptions, appendRaw, useRawStreams } from './raw-calls.js';

const store = useEventStore();
const raw = useRawStreams(store);

const streamOf = (count: number) => appendedStream(store.client, count);

describe('Stream metadata', () => {
  it('is what was set last', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 2, owner: 'first' });
    await store.client.setStreamMetadata(stream, { maxAge: 60, owner: 'second' });
    expect(await store.client.getStreamMetadata(stream)).toMatchObject({
      streamName: stream,
      metadata: { maxAge: 60, owner: 'second' },
    });
  });

  it('keeps every key, those of the system and custom ones', async () => {
    const stream = newStream();
    const roles = {
      readRoles: ['admin'],
      writeRoles: ['admin'],
      deleteRoles: ['admin'],
      metaReadRoles: ['admin'],
      metaWriteRoles: ['admin'],
    };
    const metadata = { maxAge: 60, maxCount: 12, truncateBefore: 1, cacheControl: 15, acl: roles, owner: 'naïve ☃' };
    await store.client.setStreamMetadata(stream, metadata);
    expect((await store.client.getStreamMetadata(stream)).metadata).toEqual(metadata);
  });

  it('that removes all limits makes the events visible again that were not scavenged', async () => {
    const { stream, events } = await streamOf(3);
    await store.client.setStreamMetadata(stream, { maxCount: 1 });
    await store.client.setStreamMetadata(stream, { owner: 'nobody' });
    const seen = await idsIn(store.client, stream);
    expect(idsOf(events).slice(-seen.length)).toEqual(seen);
    expect(seen).toContain(events[2]?.id);
  });

  it('is absent when it was never set', async () => {
    const { stream } = await streamOf(1);
    expect((await store.client.getStreamMetadata(stream)).metadata).toBeUndefined();
  });

  it('can be set at an expected revision', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 1 }, { expectedRevision: 'no_stream' });
    await expect(
      store.client.setStreamMetadata(stream, { maxCount: 2 }, { expectedRevision: 'no_stream' }),
    ).rejects.toMatchObject({
      type: 'wrong-expected-version',
    });
  });

  it('keeps only its last event in its own stream', async () => {
    const stream = newStream();
    for (const maxCount of [1, 2, 3]) await store.client.setStreamMetadata(stream, { maxCount });
    const recorded = await collect(store.client.readStream(`$$${stream}`));
    expect(recorded.map(({ revision, data }) => ({ revision, data }))).toEqual([
      { revision: 2n, data: { $maxCount: 3 } },
    ]);
  });
});

describe('Metadata that cannot be read', () => {
  const nested = (depth: number): string => `{"$maxCount":1,"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  const set = async (stream: string, data: string, contentType = 'application/json') =>
    appendRaw(raw, [
      appendOptions(`$$${stream}`),
      appendEvent({ data, properties: { type: '$metadata', 'content-type': contentType } }),
    ]);

  plainText('up to 64 levels deep counts', async () => {
    const { stream, events } = await streamOf(3);
    await set(stream, nested(64));
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events.slice(2)));
  });

  for (const [name, data, contentType] of [
    ['nests deeper', nested(65)],
    ['nests very deep', nested(200_000)],
    ['is no JSON', 'zzz'],
    ['is a list', '[1]'],
    ['says that it is none', '{"$maxCount":1}', 'application/octet-stream'],
    ['has an access list that is none', '{"$maxCount":1,"$acl":5}'],
    ['has a text for a number', '{"$maxCount":"1"}'],
    ['has nothing', ''],
  ] as const) {
    plainText(`says nothing: what ${name}`, async () => {
      const { stream, events } = await streamOf(3);
      await set(stream, data, contentType);
      expect(await idsIn(store.client, stream)).toEqual(idsOf(events));
    });
  }

  plainText('brings back a deleted stream with all its events', async () => {
    const { stream, events } = await streamOf(3);
    await store.client.deleteStream(stream);
    await set(stream, nested(100_000));
    expect(await idsInRevived(store.client, stream)).toEqual(idsOf(events));
  });
});

describe('$maxCount', () => {
  it('lets the last events be seen, in both directions, whenever it is set', async () => {
    const { stream, events } = await streamOf(50);
    await store.client.setStreamMetadata(stream, { maxCount: 40 });
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events.slice(10)));
    const backwards = await collect(store.client.readStream(stream, { direction: BACKWARDS, fromRevision: END }));
    expect(idsOf(backwards)).toEqual(idsOf(events.slice(10).reverse()));
    await append(store.client, stream, { events: newEvents(5) });
    expect(await idsIn(store.client, stream)).toHaveLength(40);
  });

  it('begins a read at the first event that is still to be seen', async () => {
    const { stream, events } = await streamOf(10);
    await store.client.setStreamMetadata(stream, { maxCount: 3 });
    expect(idsOf(await collect(store.client.readStream(stream, { fromRevision: 2n, maxCount: 2 })))).toEqual(
      idsOf(events.slice(7, 9)),
    );
  });

  it('hides nothing from those who have caught up', async () => {
    const { stream } = await streamOf(1);
    await store.client.setStreamMetadata(stream, { maxCount: 1 });
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    const events = newEvents(5);
    await append(store.client, stream, { events });
    expect(idsOf(await following.events(6)).slice(1)).toEqual(idsOf(events));
    await following.stop();
  });

  it('does not move the revisions', async () => {
    const { stream } = await streamOf(10);
    await store.client.setStreamMetadata(stream, { maxCount: 1 });
    expect(await append(store.client, stream, { events: newEvents(1), expectedRevision: 9n })).toMatchObject({
      kind: 'written',
      revision: 10n,
    });
  });
});

describe('$tb', () => {
  it('hides the events before it', async () => {
    const { stream, events } = await streamOf(10);
    await store.client.setStreamMetadata(stream, { truncateBefore: 6 });
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events.slice(6)));
    expect(idsOf(await collect(store.client.readStream(stream, { direction: BACKWARDS, fromRevision: 3n })))).toEqual(
      [],
    );
  });

  it('beyond the end hides everything, and the stream exists', async () => {
    const { stream } = await streamOf(3);
    await store.client.setStreamMetadata(stream, { truncateBefore: 100 });
    expect(await idsIn(store.client, stream)).toEqual([]);
  });

  it('beyond the end hides what comes, up to it, from reads, and nothing from those who follow', async () => {
    const { stream } = await streamOf(3);
    await store.client.setStreamMetadata(stream, { truncateBefore: 5 });
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    const events = newEvents(3);
    await append(store.client, stream, { events });
    expect(idsOf(await following.events(3))).toEqual(idsOf(events));
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events.slice(2)));
    await following.stop();
  });

  it('holds for subscriptions', async () => {
    const { stream, events } = await streamOf(10);
    await store.client.setStreamMetadata(stream, { truncateBefore: 6 });
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    expect(idsOf(await following.events(4))).toEqual(idsOf(events.slice(6)));
    await following.stop();
  });
});

describe('$tb and $maxCount', () => {
  it.each([
    [{ truncateBefore: 6, maxCount: 8 }, 6],
    [{ truncateBefore: 3, maxCount: 2 }, 8],
  ])('%j together let be seen what both allow', async (metadata, first) => {
    const { stream, events } = await streamOf(10);
    await store.client.setStreamMetadata(stream, metadata);
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events.slice(first)));
  });
});

describe('$maxAge', () => {
  it('hides events when they are older', async () => {
    const { stream } = await streamOf(3);
    await store.client.setStreamMetadata(stream, { maxAge: 1 });
    const limit = Date.now() + 10_000;
    while ((await idsIn(store.client, stream)).length > 0) {
      if (Date.now() > limit) throw new Error('Events of a stream with $maxAge 1 were seen after 10 seconds.');
    }
    const events = newEvents(1);
    await append(store.client, stream, { events });
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events));
  });

  it('leaves younger events', async () => {
    const { stream, events } = await streamOf(3);
    await store.client.setStreamMetadata(stream, { maxAge: 3600 });
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events));
  });
});
