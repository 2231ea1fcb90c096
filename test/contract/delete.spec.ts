import { describe, expect, it } from '@jest/globals';
import { ANY, NO_STREAM, START, STREAM_EXISTS } from '@eventstore/db-client';
import {
  append,
  appendedStream,
  collect,
  errorTypeOf,
  idsIn,
  idsInRevived,
  idsOf,
  newEvent,
  newEvents,
  newStream,
  useEventStore,
} from './event-store.js';
import { follow } from './follow.js';

const store = useEventStore();

const streamOf = (count: number) => appendedStream(store.client, count);

describe('A deleted stream', () => {
  it('is not found', async () => {
    const { stream } = await streamOf(3);
    await store.client.deleteStream(stream);
    expect(await errorTypeOf(idsIn(store.client, stream))).toBe('stream-not-found');
  });

  it.each([ANY, NO_STREAM, 2n] as const)(
    'comes back with an append expecting %s; its numbers continue and its old events stay hidden',
    async (expectedRevision) => {
      const { stream } = await streamOf(3);
      await store.client.deleteStream(stream);
      const events = newEvents(2);
      expect(await append(store.client, stream, { events, expectedRevision })).toMatchObject({
        kind: 'written',
        revision: 4n,
      });
      expect(await idsInRevived(store.client, stream)).toEqual(idsOf(events));
      expect((await store.client.getStreamMetadata(stream)).metadata).toMatchObject({ truncateBefore: 3 });
    },
  );

  it('refuses an append expecting another revision than its last', async () => {
    const { stream } = await streamOf(3);
    await store.client.deleteStream(stream);
    const outcome = await append(store.client, stream, { events: newEvents(1), expectedRevision: 1n });
    expect(outcome).toMatchObject({ kind: 'wrongExpectedRevision', current: 2n });
  });

  it('brings later events to subscribers that were there all the time', async () => {
    const { stream, events } = await streamOf(2);
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    await store.client.deleteStream(stream);
    const fresh = newEvents(2);
    await append(store.client, stream, { events: fresh, expectedRevision: NO_STREAM });
    expect(idsOf(await following.events(4))).toEqual(idsOf([...events, ...fresh]));
    await following.stop();
  });

  it('can be followed before it comes back', async () => {
    const { stream } = await streamOf(2);
    await store.client.deleteStream(stream);
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    const fresh = newEvents(1);
    await append(store.client, stream, { events: fresh });
    expect(idsOf(await following.events(1))).toEqual(idsOf(fresh));
    await following.stop();
  });

  it('has its events in $all still', async () => {
    const { stream, events } = await streamOf(3);
    const [first] = await collect(store.client.readStream(stream, { maxCount: 1 }));
    await store.client.deleteStream(stream);
    const all = await collect(store.client.readAll({ fromPosition: first?.position ?? START }));
    expect(idsOf(all.filter(({ streamId }) => streamId === stream))).toEqual(idsOf(events));
  });

  it('can be deleted again after it came back', async () => {
    const { stream } = await streamOf(1);
    await store.client.deleteStream(stream);
    await append(store.client, stream, { events: newEvents(1) });
    await store.client.deleteStream(stream, { expectedRevision: 1n });
    expect(await errorTypeOf(idsIn(store.client, stream))).toBe('stream-not-found');
  });

  it('comes back without its old events when metadata is set that does not say from where to read', async () => {
    const { stream } = await streamOf(3);
    await store.client.deleteStream(stream);
    await store.client.setStreamMetadata(stream, { maxCount: 100 });
    const events = newEvents(1);
    await append(store.client, stream, { events, expectedRevision: 2n });
    expect(await idsInRevived(store.client, stream)).toEqual(idsOf(events));
    expect((await store.client.getStreamMetadata(stream)).metadata).toMatchObject({ maxCount: 100, truncateBefore: 3 });
  });
});

describe('A delete', () => {
  it('is at a position of the log', async () => {
    const { stream } = await streamOf(1);
    const { position } = await store.client.deleteStream(stream);
    const [event] = await collect(
      store.client.readAll({ fromPosition: position as NonNullable<typeof position>, maxCount: 1 }),
    );
    expect(event).toMatchObject({ streamId: `$$${stream}`, type: '$metadata' });
  });

  it.each([NO_STREAM, 1n, 7n] as const)(
    'expecting %s, which is not the last revision, is refused',
    async (expectedRevision) => {
      const { stream } = await streamOf(3);
      await expect(store.client.deleteStream(stream, { expectedRevision })).rejects.toMatchObject({
        type: 'wrong-expected-version',
        streamName: stream,
        actualVersion: 2n,
        expectedVersion: expectedRevision === NO_STREAM ? -1n : expectedRevision,
      });
      expect(await idsIn(store.client, stream)).toHaveLength(3);
    },
  );

  it.each([ANY, NO_STREAM, 0n] as const)(
    'expecting %s of a stream that never was is refused',
    async (expectedRevision) => {
      expect(await errorTypeOf(store.client.deleteStream(newStream(), { expectedRevision }))).toBe(
        'wrong-expected-version',
      );
    },
  );

  it('of a stream that only has metadata succeeds', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { cacheControl: 10 });
    expect(await store.client.deleteStream(stream, { expectedRevision: NO_STREAM })).toBeDefined();
  });
});

describe('A tombstoned stream', () => {
  it('is deleted for reads, subscriptions, appends, deletes and its metadata', async () => {
    const { stream } = await streamOf(3);
    await store.client.tombstoneStream(stream, { expectedRevision: 2n });
    expect(await errorTypeOf(idsIn(store.client, stream))).toBe('stream-deleted');
    expect(await errorTypeOf(follow(store.client.subscribeToStream(stream)).events(1))).toBe('stream-deleted');
    expect(await append(store.client, stream, { events: [newEvent()] })).toEqual({ kind: 'streamDeleted' });
    expect(await errorTypeOf(store.client.deleteStream(stream))).toBe('stream-deleted');
    expect(await errorTypeOf(store.client.tombstoneStream(stream))).toBe('stream-deleted');
    expect(await errorTypeOf(store.client.setStreamMetadata(stream, { maxCount: 1 }))).toBe('stream-deleted');
  });

  it('is named by the error', async () => {
    const { stream } = await streamOf(1);
    await store.client.tombstoneStream(stream);
    await expect(idsIn(store.client, stream)).rejects.toMatchObject({ type: 'stream-deleted', streamName: stream });
  });

  it.each(['naïve', '☃', '\u0001'])(
    'with a name beyond ASCII, like "%s", ends reads and deletes with an error that does not say so',
    async (name) => {
      const stream = `${newStream()} ${name}`;
      await append(store.client, stream, { events: newEvents(1) });
      expect(await errorTypeOf(store.client.deleteStream(stream, { expectedRevision: 7n }))).toBe('unknown');
      await store.client.tombstoneStream(stream);
      expect(await append(store.client, stream, { events: newEvents(1) })).toEqual({ kind: 'streamDeleted' });
      expect(await errorTypeOf(idsIn(store.client, stream))).toBe('unknown');
      expect(await errorTypeOf(store.client.tombstoneStream(stream))).toBe('unknown');
      expect(await errorTypeOf(follow(store.client.subscribeToStream(stream)).events(1))).toBe('unknown');
    },
  );

  it('may never have been before', async () => {
    const stream = newStream();
    await store.client.tombstoneStream(stream, { expectedRevision: NO_STREAM });
    expect(await append(store.client, stream, { events: newEvents(1), expectedRevision: NO_STREAM })).toEqual({
      kind: 'streamDeleted',
    });
  });

  it('ends in $all with the event of its deletion', async () => {
    const { stream } = await streamOf(1);
    const { position } = await store.client.tombstoneStream(stream);
    const [event] = await collect(
      store.client.readAll({ fromPosition: position as NonNullable<typeof position>, maxCount: 1 }),
    );
    expect(event).toMatchObject({ streamId: stream, type: '$streamDeleted', revision: 2n ** 63n - 1n });
  });

  it('is refused when another revision is expected', async () => {
    const { stream } = await streamOf(3);
    expect(await errorTypeOf(store.client.tombstoneStream(stream, { expectedRevision: 0n }))).toBe(
      'wrong-expected-version',
    );
    expect(await append(store.client, stream, { events: newEvents(1), expectedRevision: STREAM_EXISTS })).toMatchObject(
      { kind: 'written' },
    );
  });
});
