import { describe, expect, it } from '@jest/globals';
import { binaryEvent, END, START, streamNameFilter } from '@eventstore/db-client';
import { append, appendedStream, collect, idsOf, newEvents, newStream, useEventStore } from './event-store.js';

const store = useEventStore();

const streamOf = (count: number) => appendedStream(store.client, count);

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

  it('to the revision -1 is read as the last event', async () => {
    const { stream, events } = await streamOf(3);
    const links = await linkTo(newStream(), `-1@${stream}`);
    expect(idsOf(await collect(store.client.readStream(links, { resolveLinkTos: true })))).toEqual([events[2]?.id]);
  });

  it('is itself when links are not to be resolved', async () => {
    const { stream } = await streamOf(1);
    const links = await linkTo(newStream(), `0@${stream}`);
    const [recorded] = await collect(store.client.readStream(links));
    expect(recorded).toMatchObject({ streamId: links, type: '$>' });
  });

  it.each([
    [
      'to an event that is gone',
      async () => {
        const { stream } = await streamOf(2);
        await store.client.setStreamMetadata(stream, { truncateBefore: 1 });
        return `0@${stream}`;
      },
    ],
    [
      'to a deleted stream',
      async () => {
        const { stream } = await streamOf(1);
        await store.client.deleteStream(stream);
        return `0@${stream}`;
      },
    ],
    [
      'to a tombstoned stream',
      async () => {
        const { stream } = await streamOf(1);
        await store.client.tombstoneStream(stream);
        return `0@${stream}`;
      },
    ],
    ['beyond the end', async () => `7@${(await streamOf(1)).stream}`],
    ['to the largest revision', async () => `9223372036854775807@${(await streamOf(1)).stream}`],
    ['to a revision below zero', async () => `-2@${(await streamOf(1)).stream}`],
    ['to a stream without a name', async () => '0@'],
  ])('%s has no event', async (_name, target) => {
    const links = await linkTo(newStream(), await target());
    const resolved = [];
    for await (const { event, link } of store.client.readStream(links, { resolveLinkTos: true }))
      resolved.push([event, link?.streamId]);
    expect(resolved).toEqual([[undefined, links]]);
  });

  it.each(['nowhere', '@stream', '1.0@stream', '9223372036854775808@stream', '99999999999999999999@stream'])(
    'to no place, like "%s", is an event like others',
    async (place) => {
      const links = await linkTo(newStream(), place);
      const resolved = [];
      for await (const { event, link } of store.client.readStream(links, { resolveLinkTos: true }))
        resolved.push([event?.streamId, event?.type, link]);
      expect(resolved).toEqual([[links, '$>', undefined]]);
      await append(store.client, newStream(), { events: newEvents(1) });
    },
  );

  it('is resolved for subscriptions to $all', async () => {
    const { stream, events } = await streamOf(1);
    const subscription = store.client.subscribeToAll({ fromPosition: END, resolveLinkTos: true });
    const caughtUp = new Promise((resolve) => subscription.once('caughtUp', resolve));
    const received = (async () => {
      for await (const { event, link } of subscription) if (link?.type === '$>') return event?.id;
      return undefined;
    })();
    await caughtUp;
    await append(store.client, newStream(), { events: newEvents(1) });
    await linkTo(newStream(), `0@${stream}`);
    expect(await received).toBe(events[0]?.id);
  });

  it('is resolved for subscriptions to its stream', async () => {
    const { stream, events } = await streamOf(1);
    const links = await linkTo(newStream(), `0@${stream}`);
    for await (const { event, link } of store.client.subscribeToStream(links, {
      fromRevision: START,
      resolveLinkTos: true,
    })) {
      expect([event?.id, link?.streamId]).toEqual([events[0]?.id, links]);
      break;
    }
    expect.assertions(1);
  });

  it('is resolved for reads of $all, at its own position', async () => {
    const { stream, events } = await streamOf(1);
    const links = newStream();
    const { position } = await store.client.appendToStream(
      links,
      binaryEvent({ type: '$>', data: Buffer.from(`0@${stream}`) }),
    );
    for await (const { event, link, commitPosition } of store.client.readAll({
      fromPosition: position ?? START,
      maxCount: 1,
      resolveLinkTos: true,
    })) {
      expect([event?.id, link?.streamId, commitPosition]).toEqual([events[0]?.id, links, position?.commit]);
    }
    expect.assertions(1);
  });

  it('to a link is resolved no further', async () => {
    const { stream } = await streamOf(1);
    const first = await linkTo(newStream(), `0@${stream}`);
    const second = await linkTo(newStream(), `0@${first}`);
    for await (const { event } of store.client.readStream(second, { resolveLinkTos: true }))
      expect(event).toMatchObject({ streamId: first, type: '$>' });
    expect.assertions(1);
  });

  it('is filtered by its own stream and type, not by those of what it points to', async () => {
    const { stream } = await streamOf(1);
    const links = newStream();
    await linkTo(links, `0@${stream}`);
    await append(store.client, links, { events: newEvents(1, 'last') });
    const filter = streamNameFilter({ prefixes: [links] });
    const received = [];
    for await (const { event, link } of store.client.subscribeToAll({
      fromPosition: START,
      filter,
      resolveLinkTos: true,
    })) {
      received.push([event?.streamId, link?.streamId]);
      if (event?.type === 'last') break;
    }
    expect(received).toEqual([
      [stream, links],
      [links, undefined],
    ]);
  });
});
