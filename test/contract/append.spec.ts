import { describe, expect, it } from '@jest/globals';
import {
  ANY,
  binaryEvent,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
  type JSONEventData,
} from '@eventstore/db-client';
import {
  append,
  errorTypeOf,
  idsIn,
  idsInRevived,
  idsOf,
  newEvent,
  newEvents,
  newStream,
  onlyEmbedded,
  useEventStore,
} from './event-store.js';

const store = useEventStore();

/** With credentials the client uses the unary call, although it does not send them without TLS. */
const CREDENTIALS = { credentials: { username: 'admin', password: 'changeit' } };

describe.each([
  ['BatchAppend', {}],
  ['Append', CREDENTIALS],
])('An append through %s', (_call, options) => {
  type Expected = { expectedRevision: bigint | typeof ANY | typeof NO_STREAM | typeof STREAM_EXISTS };
  const appendTo = (stream: string, events: JSONEventData[], { expectedRevision }: Expected) =>
    append(store.client, stream, { events, expectedRevision, ...options });

  /** A stream with this many events. */
  const streamOf = async (count: number) => {
    const stream = newStream();
    const events = newEvents(count);
    const outcome = await appendTo(stream, events, { expectedRevision: NO_STREAM });
    if (outcome.kind !== 'written') throw new Error('A new stream takes events.');
    return { stream, events, position: outcome.position };
  };

  it.each([ANY, NO_STREAM] as const)(
    'to a new stream expecting %s is written from revision 0',
    async (expectedRevision) => {
      const stream = newStream();
      const events = newEvents(3);
      expect(await appendTo(stream, events, { expectedRevision })).toEqual({
        kind: 'written',
        revision: 2n,
        position: expect.any(BigInt),
      });
      expect(await idsIn(store.client, stream)).toEqual(idsOf(events));
    },
  );

  it('to a new stream expecting a revision is refused', async () => {
    const outcome = await appendTo(newStream(), newEvents(1), { expectedRevision: 0n });
    expect(outcome).toEqual({ kind: 'wrongExpectedRevision', current: 'no_stream', expected: 0n });
  });

  it('to a new stream expecting that it exists is refused', async () => {
    const outcome = await appendTo(newStream(), newEvents(1), { expectedRevision: STREAM_EXISTS });
    expect(outcome).toEqual({ kind: 'wrongExpectedRevision', current: 'no_stream', expected: STREAM_EXISTS });
  });

  it('to a new stream, of an event that another stream has, is written', async () => {
    const { events } = await streamOf(1);
    const stream = newStream();
    expect(await appendTo(stream, events, { expectedRevision: ANY })).toMatchObject({ kind: 'written', revision: 0n });
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events));
  });

  it.each([ANY, NO_STREAM, STREAM_EXISTS, 0n] as const)(
    'to a tombstoned stream expecting %s is refused',
    async (expectedRevision) => {
      const { stream } = await streamOf(1);
      await store.client.tombstoneStream(stream);
      expect(await appendTo(stream, newEvents(1), { expectedRevision })).toEqual({ kind: 'streamDeleted' });
    },
  );

  it('to a deleted stream expecting that it exists is refused', async () => {
    const { stream } = await streamOf(1);
    await store.client.deleteStream(stream);
    expect(await appendTo(stream, newEvents(1), { expectedRevision: STREAM_EXISTS })).toEqual({
      kind: 'streamDeleted',
    });
  });

  it('to a stream that only has metadata, expecting that it exists, is written', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 10 });
    expect(await appendTo(stream, newEvents(1), { expectedRevision: STREAM_EXISTS })).toMatchObject({
      kind: 'written',
      revision: 0n,
    });
  });

  it.each([ANY, STREAM_EXISTS] as const)(
    'expecting %s is written in full when its first event is new, even if a later one exists',
    async (expectedRevision) => {
      const { stream, events } = await streamOf(1);
      const again = [newEvent(), ...events];
      expect(await appendTo(stream, again, { expectedRevision })).toMatchObject({ kind: 'written', revision: 2n });
      expect(await idsIn(store.client, stream)).toEqual(idsOf([...events, ...again]));
    },
  );

  it.each([ANY, STREAM_EXISTS] as const)(
    'expecting %s is not written twice when all its events are there',
    async (expectedRevision) => {
      const { stream, events, position } = await streamOf(3);
      await appendTo(stream, newEvents(1), { expectedRevision });
      expect(await appendTo(stream, events, { expectedRevision })).toEqual({ kind: 'written', revision: 2n, position });
      expect(await idsIn(store.client, stream)).toHaveLength(4);
    },
  );

  it('expecting any revision is recognised by its first and last event, wherever they are', async () => {
    const { stream, events } = await streamOf(3);
    const [first, , last] = events as [JSONEventData, JSONEventData, JSONEventData];
    expect(await appendTo(stream, [first, last], { expectedRevision: ANY })).toMatchObject({
      kind: 'written',
      revision: 2n,
    });
    expect(await idsIn(store.client, stream)).toHaveLength(3);
  });

  it.each([ANY, STREAM_EXISTS] as const)(
    'expecting %s is refused when its first event exists and a later one is new',
    async (expectedRevision) => {
      const { stream, events } = await streamOf(1);
      const outcome = await appendTo(stream, [...events, newEvent()], { expectedRevision });
      expect(outcome).toMatchObject({ kind: 'wrongExpectedRevision', current: 0n });
    },
  );

  it('expecting no stream is recognised when its events are the first ones, wherever the head is', async () => {
    const { stream, events, position } = await streamOf(2);
    await appendTo(stream, newEvents(3), { expectedRevision: 1n });
    expect(await appendTo(stream, events, { expectedRevision: NO_STREAM })).toEqual({
      kind: 'written',
      revision: 1n,
      position,
    });
    expect(await idsIn(store.client, stream)).toHaveLength(5);
  });

  it('expecting a revision is recognised when its events follow that revision, wherever the head is', async () => {
    const { stream } = await streamOf(1);
    const events = newEvents(2);
    const written = await appendTo(stream, events, { expectedRevision: 0n });
    await appendTo(stream, newEvents(2), { expectedRevision: 2n });
    expect(await appendTo(stream, events, { expectedRevision: 0n })).toEqual(written);
    expect(await idsIn(store.client, stream)).toHaveLength(5);
  });

  it('to a deleted stream expecting no stream is written where the numbers left off', async () => {
    const { stream } = await streamOf(3);
    await store.client.deleteStream(stream);
    const events = newEvents(2);
    expect(await appendTo(stream, events, { expectedRevision: NO_STREAM })).toMatchObject({
      kind: 'written',
      revision: 4n,
    });
    expect(await idsInRevived(store.client, stream)).toEqual(idsOf(events));
  });

  it('to a deleted stream expecting no stream is recognised when its events are the first ones, and brings nothing back', async () => {
    const { stream, events } = await streamOf(2);
    await store.client.deleteStream(stream);
    expect(await appendTo(stream, events, { expectedRevision: NO_STREAM })).toEqual({
      kind: 'written',
      revision: 1n,
      position: undefined,
    });
    expect(await errorTypeOf(idsIn(store.client, stream))).toBe('stream-not-found');
  });

  it.each([
    ['$maxCount', { maxCount: 1 }],
    ['$tb', { truncateBefore: 2 }],
    ['$tb beyond the end', { truncateBefore: 10 }],
  ])('of events that %s hides is recognised, without a position', async (_name, metadata) => {
    const { stream, events } = await streamOf(3);
    await store.client.setStreamMetadata(stream, metadata);
    expect(await appendTo(stream, events.slice(0, 2), { expectedRevision: NO_STREAM })).toEqual({
      kind: 'written',
      revision: 1n,
      position: undefined,
    });
    expect(await appendTo(stream, events.slice(1, 2), { expectedRevision: 0n })).toEqual({
      kind: 'written',
      revision: 1n,
      position: undefined,
    });
    expect(await appendTo(stream, events.slice(0, 1), { expectedRevision: ANY })).toEqual({
      kind: 'written',
      revision: 0n,
      position: undefined,
    });
  });

  it('that is recognised has a position when its last event can be seen, though its first is hidden', async () => {
    const { stream, events, position } = await streamOf(2);
    await store.client.setStreamMetadata(stream, { truncateBefore: 1 });
    expect(await appendTo(stream, events, { expectedRevision: NO_STREAM })).toEqual({
      kind: 'written',
      revision: 1n,
      position,
    });
  });

  it('of events that have expired is recognised, without a position', async () => {
    const { stream, events } = await streamOf(1);
    await store.client.setStreamMetadata(stream, { maxAge: 1 });
    const limit = Date.now() + 10_000;
    while ((await idsIn(store.client, stream)).length > 0) {
      if (Date.now() > limit) throw new Error('An event of a stream with $maxAge 1 was seen after 10 seconds.');
    }
    expect(await appendTo(stream, events, { expectedRevision: NO_STREAM })).toEqual({
      kind: 'written',
      revision: 0n,
      position: undefined,
    });
  });

  it.each([
    ['no stream', NO_STREAM],
    ['a revision below the head', 0n],
  ] as const)('expecting %s is refused when other events are there', async (_name, expectedRevision) => {
    const { stream } = await streamOf(3);
    const outcome = await appendTo(stream, newEvents(1), { expectedRevision });
    expect(outcome).toEqual({ kind: 'wrongExpectedRevision', current: 2n, expected: expectedRevision });
  });

  it.each([NO_STREAM, 0n] as const)(
    'expecting %s, below the head, is refused when its first event exists and the next is another',
    async (expectedRevision) => {
      const { stream, events } = await streamOf(4);
      const there = events[expectedRevision === NO_STREAM ? 0 : 1] as JSONEventData;
      const outcome = await appendTo(stream, [there, newEvent()], { expectedRevision });
      expect(outcome).toMatchObject({ kind: 'wrongExpectedRevision', current: 3n });
    },
  );

  it.each([NO_STREAM, 0n] as const)(
    'expecting %s, below the head, is refused when its events are there but run past the head',
    async (expectedRevision) => {
      const { stream, events } = await streamOf(3);
      const there = events.slice(expectedRevision === NO_STREAM ? 0 : 1);
      const outcome = await appendTo(stream, [...there, newEvent()], { expectedRevision });
      expect(outcome).toMatchObject({ kind: 'wrongExpectedRevision', current: 2n });
    },
  );

  it('below the head is refused when its events are there in another order', async () => {
    const { stream, events } = await streamOf(2);
    const outcome = await appendTo(stream, [...events].reverse(), { expectedRevision: NO_STREAM });
    expect(outcome).toMatchObject({ kind: 'wrongExpectedRevision', current: 1n });
  });

  it('expecting a revision above the head is refused', async () => {
    const { stream } = await streamOf(1);
    const outcome = await appendTo(stream, newEvents(1), { expectedRevision: 7n });
    expect(outcome).toEqual({ kind: 'wrongExpectedRevision', current: 0n, expected: 7n });
  });

  it.each([1, 3])('at the head is written without a look at its ids, %d events or more', async (count) => {
    const { stream, events } = await streamOf(count);
    expect(await appendTo(stream, events, { expectedRevision: BigInt(count - 1) })).toMatchObject({
      kind: 'written',
      revision: BigInt(2 * count - 1),
    });
    expect(await idsIn(store.client, stream)).toEqual(idsOf([...events, ...events]));
  });

  it.each([ANY, STREAM_EXISTS] as const)(
    'expecting %s is recognised by the first place of its last event',
    async (expectedRevision) => {
      const { stream, events, position } = await streamOf(1);
      await appendTo(stream, events, { expectedRevision: 0n });
      expect(await appendTo(stream, events, { expectedRevision })).toEqual({ kind: 'written', revision: 0n, position });
      expect(await idsIn(store.client, stream)).toHaveLength(2);
    },
  );

  it('of one event twice is written twice, and recognised by its first place', async () => {
    const { stream } = await streamOf(1);
    const [event] = newEvents(1) as [JSONEventData];
    expect(await appendTo(stream, [event, event], { expectedRevision: ANY })).toMatchObject({
      kind: 'written',
      revision: 2n,
    });
    expect(await appendTo(stream, [event, event], { expectedRevision: ANY })).toMatchObject({
      kind: 'written',
      revision: 1n,
    });
    expect(await idsIn(store.client, stream)).toHaveLength(3);
  });

  it.each([ANY, STREAM_EXISTS, 1n] as const)(
    'of no events expecting %s leaves the stream as it is',
    async (expectedRevision) => {
      const { stream } = await streamOf(2);
      expect(await appendTo(stream, [], { expectedRevision })).toEqual({
        kind: 'written',
        revision: 1n,
        position: expect.any(BigInt),
      });
      expect(await idsIn(store.client, stream)).toHaveLength(2);
    },
  );

  it.each([ANY, NO_STREAM] as const)('of no events expecting %s makes no stream', async (expectedRevision) => {
    const stream = newStream();
    expect(await appendTo(stream, [], { expectedRevision })).toMatchObject({ kind: 'written' });
    expect(await errorTypeOf(idsIn(store.client, stream))).toBe('stream-not-found');
  });

  it('of no events expecting that the stream exists is refused when there is none, and when it is deleted', async () => {
    const { stream } = await streamOf(1);
    await store.client.deleteStream(stream);
    expect(await appendTo(newStream(), [], { expectedRevision: STREAM_EXISTS })).toMatchObject({
      kind: 'wrongExpectedRevision',
      current: 'no_stream',
    });
    expect(await appendTo(stream, [], { expectedRevision: STREAM_EXISTS })).toEqual({ kind: 'streamDeleted' });
  });

  it.each([NO_STREAM, 0n, 5n] as const)(
    'of no events expecting %s, which is not the head, is refused',
    async (expectedRevision) => {
      const { stream } = await streamOf(2);
      expect(await appendTo(stream, [], { expectedRevision })).toMatchObject({
        kind: 'wrongExpectedRevision',
        current: 1n,
      });
    },
  );

  it('is at a higher position than everything written before', async () => {
    const first = await streamOf(1);
    const second = await streamOf(2);
    expect(second.position).toBeGreaterThan(first.position as bigint);
    expect(first.position).toBeGreaterThan(0n);
  });

  it('over 1 MiB is refused by its own error, and the next one is written', async () => {
    const stream = newStream();
    const large = newEvent('large', { text: 'x'.repeat(1024 * 1024) });
    await expect(appendTo(stream, [large], { expectedRevision: ANY })).rejects.toMatchObject({
      type: 'maximum-append-size-exceeded',
      maxAppendSize: 1024 * 1024,
    });
    expect(await appendTo(stream, newEvents(1), { expectedRevision: NO_STREAM })).toMatchObject({
      kind: 'written',
      revision: 0n,
    });
  });

  const [type, metadata] = ['large', Buffer.from('metadata')];
  const eventOf = (dataBytes: number) => binaryEvent({ type, metadata, data: Buffer.alloc(dataBytes, 'x') });
  const besideDataBytes = metadata.length + 2 * type.length;

  it('of 1 MiB with metadata and type is written and read again, and of more data than that is refused', async () => {
    const stream = newStream();
    const { nextExpectedRevision } = await store.client.appendToStream(
      stream,
      eventOf(1024 * 1024 - besideDataBytes),
      options,
    );
    expect(nextExpectedRevision).toBe(0n);
    expect(await idsIn(store.client, stream)).toHaveLength(1);
    await expect(store.client.appendToStream(stream, eventOf(1024 * 1024 + 1), options)).rejects.toMatchObject({
      type: 'maximum-append-size-exceeded',
    });
  });

  onlyEmbedded('servers before 24.10 count data alone')('counts data, metadata and twice the type', async () => {
    const append = store.client.appendToStream(newStream(), eventOf(1024 * 1024 - besideDataBytes + 1), options);
    await expect(append).rejects.toMatchObject({ type: 'maximum-append-size-exceeded' });
  });

  onlyEmbedded('the real one writes them')('of more than 32,768 events is refused', async () => {
    const events = Array.from({ length: 32_769 }, () => jsonEvent({ type: 'x', data: {} }));
    await expect(
      store.client.appendToStream(newStream(), events, { ...options, deadline: 20_000 }),
    ).rejects.toMatchObject({ type: 'maximum-append-size-exceeded' });
  });

  it('counts the bytes of all its events together', async () => {
    const events = Array.from({ length: 3 }, () => newEvent('large', { text: 'x'.repeat(400_000) }));
    await expect(appendTo(newStream(), events, { expectedRevision: ANY })).rejects.toMatchObject({
      type: 'maximum-append-size-exceeded',
    });
  });

  it('without a type is refused', async () => {
    // A real server answers twice, and the official client fails on the second answer; this client is gone by then.
    const client = EventStoreDBClient.connectionString(store.url);
    await expect(client.appendToStream(newStream(), jsonEvent({ type: '', data: {} }), options)).rejects.toThrow();
    await client.dispose();
  });
});

describe('Appends through BatchAppend', () => {
  it('in many messages are written whole', async () => {
    const stream = newStream();
    const events = Array.from({ length: 50 }, () => newEvent('chunked', { text: 'x'.repeat(1000) }));
    expect(await append(store.client, stream, { events, batchAppendSize: 3000 })).toMatchObject({
      kind: 'written',
      revision: 49n,
    });
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events));
  });

  it('whose deadline has passed are answered with that, and not written', async () => {
    const stream = newStream();
    await expect(append(store.client, stream, { events: newEvents(1), deadline: -1_000 })).rejects.toMatchObject({
      type: 'deadline-exceeded',
    });
    await expect(idsIn(store.client, stream)).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('that race for one revision have one winner', async () => {
    const stream = newStream();
    const outcomes = await Promise.all(
      Array.from({ length: 64 }, () =>
        append(store.client, stream, { events: newEvents(1), expectedRevision: NO_STREAM }),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === 'written')).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === 'wrongExpectedRevision')).toHaveLength(63);
    expect(await idsIn(store.client, stream)).toHaveLength(1);
  });

  it('that race with the same event write it once; each is answered with its one place, or with a deadline and again on repetition', async () => {
    const stream = newStream();
    const events = newEvents(1);
    const race = Array.from({ length: 64 }, () =>
      append(store.client, stream, { events, expectedRevision: NO_STREAM }),
    );
    const outcomes = await Promise.allSettled(race);
    const late = outcomes.filter(({ status }) => status === 'rejected');
    for (const outcome of late) expect(outcome).toMatchObject({ reason: { type: 'deadline-exceeded' } });
    const again = await append(store.client, stream, { events, expectedRevision: NO_STREAM });
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') expect(outcome.value).toEqual(again);
    expect(again).toEqual({ kind: 'written', revision: 0n, position: expect.any(BigInt) });
    expect(late.length).toBeLessThan(64);
    expect(await idsIn(store.client, stream)).toEqual(idsOf(events));
  });
});
