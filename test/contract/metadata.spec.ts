import { describe, expect, it } from '@jest/globals';
import { BACKWARDS, binaryEvent, END, jsonEvent } from '@eventstore/db-client';
import { append, appendedStream, collect, idsIn, idsOf, newEvents, newStream, useEventStore } from './event-store.js';
import { follow } from './follow.js';

const store = useEventStore();

const streamOf = (count: number) => appendedStream(store.client, count);

describe('Stream metadata', () => {
  it('is what was set last', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 2, owner: 'first' });
    await store.client.setStreamMetadata(stream, { maxAge: 60, owner: 'second' });
    expect(await store.client.getStreamMetadata(stream)).toMatchObject({ streamName: stream, metadata: { maxAge: 60, owner: 'second' } });
  });

  it('is absent when it was never set', async () => {
    const { stream } = await streamOf(1);
    expect((await store.client.getStreamMetadata(stream)).metadata).toBeUndefined();
  });

  it('can be set at an expected revision', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 1 }, { expectedRevision: 'no_stream' });
    await expect(store.client.setStreamMetadata(stream, { maxCount: 2 }, { expectedRevision: 'no_stream' })).rejects.toMatchObject({
      type: 'wrong-expected-version',
    });
  });

  it('keeps only its last event in its own stream', async () => {
    const stream = newStream();
    for (const maxCount of [1, 2, 3]) await store.client.setStreamMetadata(stream, { maxCount });
    const recorded = await collect(store.client.readStream(`$$${stream}`));
    expect(recorded.map(({ revision, data }) => ({ revision, data }))).toEqual([{ revision: 2n, data: { $maxCount: 3 } }]);
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
    expect(idsOf(await collect(store.client.readStream(stream, { fromRevision: 2n, maxCount: 2 })))).toEqual(idsOf(events.slice(7, 9)));
  });

  it('does not move the revisions', async () => {
    const { stream } = await streamOf(10);
    await store.client.setStreamMetadata(stream, { maxCount: 1 });
    expect(await append(store.client, stream, { events: newEvents(1), expectedRevision: 9n })).toMatchObject({ kind: 'written', revision: 10n });
  });
});

describe('$tb', () => {
  it('hides the events before it', async () => {
    const { stream, events } = await streamOf(10);
    await store.client.setStreamMetadata(stream, { truncateBefore: 6 });
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events.slice(6)));
    expect(idsOf(await collect(store.client.readStream(stream, { direction: BACKWARDS, fromRevision: 3n })))).toEqual([]);
  });

  it('beyond the end hides everything and the stream is there', async () => {
    const { stream } = await streamOf(3);
    await store.client.setStreamMetadata(stream, { truncateBefore: 100 });
    expect(await idsIn(store.client, stream)).toEqual([]);
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

describe('A link', () => {
  const linkTo = async (stream: string, target: string) => {
    await store.client.appendToStream(stream, binaryEvent({ type: '$>', data: Buffer.from(target) }));
    return stream;
  };

  it('is read as the event that it points to, with itself beside it', async () => {
    const { stream, events } = await streamOf(3);
    const links = await linkTo(newStream(), `1@${stream}`);
    for await (const { event, link, commitPosition } of store.client.readStream(links, { resolveLinkTos: true })) {
      expect(event).toMatchObject({ streamId: stream, revision: 1n, id: events[1]?.id });
      expect(link).toMatchObject({ streamId: links, revision: 0n, type: '$>' });
      expect(commitPosition).toBe(link?.position?.commit);
    }
    expect.assertions(3);
  });

  it('is itself when links are not to be resolved', async () => {
    const { stream } = await streamOf(1);
    const links = await linkTo(newStream(), `0@${stream}`);
    const [recorded] = await collect(store.client.readStream(links));
    expect(recorded).toMatchObject({ streamId: links, type: '$>' });
  });

  it.each([
    ['to an event that is gone', async () => {
      const { stream } = await streamOf(2);
      await store.client.setStreamMetadata(stream, { truncateBefore: 1 });
      return `0@${stream}`;
    }],
    ['to a deleted stream', async () => {
      const { stream } = await streamOf(1);
      await store.client.deleteStream(stream);
      return `0@${stream}`;
    }],
    ['beyond the end', async () => `7@${(await streamOf(1)).stream}`],
  ])('%s has no event', async (_name, target) => {
    const links = await linkTo(newStream(), await target());
    const resolved = [];
    for await (const { event, link } of store.client.readStream(links, { resolveLinkTos: true })) resolved.push([event, link?.streamId]);
    expect(resolved).toEqual([[undefined, links]]);
  });

  it('is resolved for subscriptions to $all', async () => {
    const { stream, events } = await streamOf(1);
    const subscription = store.client.subscribeToAll({ fromPosition: END, resolveLinkTos: true });
    const caughtUp = new Promise((resolve) => subscription.once('caughtUp', resolve));
    const received = (async () => {
      for await (const { event, link } of subscription) if (link?.type === '$>') return event?.id;
      return undefined;
    })();
    await caughtUp;
    await append(store.client, newStream(), { events: [jsonEvent({ type: 'other', data: {} })] });
    await linkTo(newStream(), `0@${stream}`);
    expect(await received).toBe(events[0]?.id);
  });
});
