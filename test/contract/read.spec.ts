import { beforeAll, describe, expect, it } from '@jest/globals';
import { BACKWARDS, binaryEvent, END, FORWARDS, jsonEvent, START, type JSONEventData } from '@eventstore/db-client';
import {
  append,
  collect,
  errorTypeOf,
  idsInAll,
  idsOf,
  newEvents,
  newStream,
  undisturbed,
  useEventStore,
} from './event-store.js';

const store = useEventStore();

describe('A read of a stream', () => {
  const stream = newStream();
  const events = newEvents(100);
  const read = async (options: Parameters<typeof store.client.readStream>[1]) =>
    idsOf(await collect(store.client.readStream(stream, options)));

  beforeAll(async () => {
    await append(store.client, stream, { events });
  });

  it('gives all events in order', async () => {
    expect(await read({})).toEqual(idsOf(events));
  });

  it('backwards from the end gives all events in reverse order', async () => {
    expect(await read({ direction: BACKWARDS, fromRevision: END })).toEqual(idsOf([...events].reverse()));
  });

  it('begins with the revision asked for', async () => {
    expect(await read({ fromRevision: 90n })).toEqual(idsOf(events.slice(90)));
  });

  it('backwards begins with the revision asked for', async () => {
    expect(await read({ direction: BACKWARDS, fromRevision: 9n })).toEqual(idsOf(events.slice(0, 10).reverse()));
  });

  it('backwards from beyond the end begins with the last', async () => {
    expect(await read({ direction: BACKWARDS, fromRevision: 5000n, maxCount: 1 })).toEqual(idsOf(events.slice(-1)));
  });

  it('backwards from the start gives the first', async () => {
    expect(await read({ direction: BACKWARDS, fromRevision: START })).toEqual(idsOf(events.slice(0, 1)));
  });

  it('from beyond the end gives nothing', async () => {
    expect(await read({ fromRevision: 100n })).toEqual([]);
  });

  it('forwards from the end is an error', async () => {
    await expect(read({ fromRevision: END, direction: FORWARDS })).rejects.toMatchObject({
      type: 'unknown',
      message: expect.stringMatching(/Unexpected ReadStreamResult: Error/),
    });
  });

  it.each([1, 32, 33, 99, 100, 1000])(
    'gives no more than %d events when that is the count asked for',
    async (maxCount) => {
      expect(await read({ maxCount })).toEqual(idsOf(events.slice(0, maxCount)));
    },
  );

  it('numbers the events without gaps and with rising positions', async () => {
    const recorded = await collect(store.client.readStream(stream));
    expect(recorded.map(({ revision }) => revision)).toEqual(recorded.map((_, index) => BigInt(index)));
    const positions = recorded.map(({ position }) => position?.commit as bigint);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => (a < b ? -1 : 1)));
    expect(recorded.map(({ position }) => position?.prepare)).toEqual(positions);
  });

  it('of an unknown stream reports that there is none', async () => {
    expect(await errorTypeOf(collect(store.client.readStream(newStream())))).toBe('stream-not-found');
  });
});

describe('A recorded event', () => {
  it('has the JSON data and metadata, type and id that it was given', async () => {
    const stream = newStream();
    const given = jsonEvent({
      type: 'ünïcode ✓',
      data: { text: 'naïve \u0000 ☃ 𝄞', list: [1, 2.5, null] },
      metadata: { source: 'tests' },
    });
    await append(store.client, stream, { events: [given] });
    const [recorded] = await collect(store.client.readStream(stream));
    expect(recorded).toMatchObject({
      streamId: stream,
      id: given.id,
      type: given.type,
      data: given.data,
      metadata: given.metadata,
      isJson: true,
      revision: 0n,
    });
  });

  it('has the bytes that it was given', async () => {
    const stream = newStream();
    const data = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await store.client.appendToStream(stream, [binaryEvent({ type: 'bytes', data, metadata: data })]);
    const [recorded] = await collect(store.client.readStream(stream));
    expect(recorded?.isJson).toBe(false);
    expect(Buffer.from(recorded?.data as Uint8Array)).toEqual(Buffer.from(data));
    expect(Buffer.from(recorded?.metadata as Uint8Array)).toEqual(Buffer.from(data));
  });

  it('includes the time of the write', async () => {
    const stream = newStream();
    const before = Date.now();
    await append(store.client, stream, { events: newEvents(1) });
    const [recorded] = await collect(store.client.readStream(stream));
    expect(recorded?.created.getTime()).toBeGreaterThanOrEqual(before - 1_000);
    expect(recorded?.created.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  it('may be in a stream with any name', async () => {
    const stream = `${newStream()} / naïve ☃ "quoted" 100%`;
    await append(store.client, stream, { events: newEvents(1) });
    const [recorded] = await collect(store.client.readStream(stream));
    expect(recorded?.streamId).toBe(stream);
  });
});

describe('A read of $all', () => {
  const streams = [newStream(), newStream()];
  let written: { event: JSONEventData; position: bigint }[];

  const at = (index: number) => {
    const { position } = written[index] as { position: bigint };
    return { commit: position, prepare: position };
  };
  const read = async (options: Parameters<typeof store.client.readAll>[0]) =>
    (await collect(store.client.readAll(options)))
      .filter(({ streamId }) => streams.includes(streamId))
      .map(({ id }) => id);

  beforeAll(async () => {
    written = [];
    for (const [index, event] of newEvents(40).entries()) {
      const outcome = await append(store.client, streams[index % 2] as string, { events: [event] });
      if (outcome.kind !== 'written' || outcome.position === undefined)
        throw new Error('An append to a new stream has a position.');
      written.push({ event, position: outcome.position });
    }
  });

  it('gives the events of all streams in the order in which they were written', async () => {
    expect(await read({ fromPosition: at(0) })).toEqual(written.map(({ event }) => event.id));
  });

  it('begins with the event at the position asked for', async () => {
    expect(await read({ fromPosition: at(30) })).toEqual(written.slice(30).map(({ event }) => event.id));
  });

  it('backwards from the end gives the last event first', async () => {
    const all = [];
    for await (const { event } of store.client.readAll({ direction: BACKWARDS, fromPosition: END })) {
      if (event?.id === written[0]?.event.id) break;
      if (event && streams.includes(event.streamId)) all.push(event.id);
    }
    expect(all).toEqual(
      written
        .slice(1)
        .reverse()
        .map(({ event }) => event.id),
    );
  });

  it('backwards begins before the position asked for', async () => {
    const [first, second] = await undisturbed(async () => {
      const events = newEvents(2);
      const [before, after] = [
        await append(store.client, newStream(), { events: events.slice(0, 1) }),
        await append(store.client, newStream(), { events: events.slice(1) }),
      ];
      if (before.kind !== 'written' || after.kind !== 'written') throw new Error('New streams take events.');
      const position = after.position as bigint;
      const [event] = await collect(
        store.client.readAll({
          direction: BACKWARDS,
          fromPosition: { commit: position, prepare: position },
          maxCount: 1,
        }),
      );
      return event?.position?.commit === before.position ? [event?.id, events[0]?.id] : undefined;
    });
    expect(first).toBe(second);
  });

  it('gives no more events than asked for', async () => {
    expect(await collect(store.client.readAll({ maxCount: 5 }))).toHaveLength(5);
  });

  it.each([FORWARDS, BACKWARDS] as const)('from within a record, %s, is an error', async (direction) => {
    const { position } = written[5] as { position: bigint };
    for (const within of [1n, 7n]) {
      const fromPosition = { commit: position + within, prepare: position + within };
      const reading = collect(store.client.readAll({ direction, fromPosition, maxCount: 1 }));
      await expect(reading).rejects.toMatchObject({
        type: 'unknown',
        message: expect.stringMatching(/Unexpected ReadAllResult: InvalidPosition/),
      });
    }
  });

  it('from before a record, as checkpoints tell it, begins with that', async () => {
    const { position, event } = written[5] as { position: bigint; event: JSONEventData };
    expect(await idsInAll(store.client, { commit: position, prepare: 0n }, 1)).toEqual([event.id]);
  });

  it('from beyond the end gives nothing forwards and is an error backwards', async () => {
    const fromPosition = { commit: 2n ** 62n, prepare: 2n ** 62n };
    expect(await collect(store.client.readAll({ fromPosition }))).toEqual([]);
    const backwards = collect(store.client.readAll({ fromPosition, direction: BACKWARDS }));
    await expect(backwards).rejects.toMatchObject({
      type: 'unknown',
      message: expect.stringMatching(/Unexpected ReadAllResult: Error/),
    });
  });

  it.each([
    ['whose prepare is beyond its commit', { commit: 10n, prepare: 11n }],
    ['beyond what has a sign', { commit: 2n ** 63n, prepare: 2n ** 63n }],
  ])('from a position %s is an error', async (_name, fromPosition) => {
    await expect(collect(store.client.readAll({ fromPosition, maxCount: 1 }))).rejects.toMatchObject({
      type: 'unknown',
    });
  });

  it('forwards from the end and backwards from the start gives nothing', async () => {
    expect(await collect(store.client.readAll({ fromPosition: END }))).toEqual([]);
    expect(await collect(store.client.readAll({ fromPosition: START, direction: BACKWARDS }))).toEqual([]);
  });

  it('gives every event with the position that its append was answered with', async () => {
    const recorded = await collect(store.client.readAll({ fromPosition: at(0) }));
    const positions = new Map(recorded.map(({ id, position }) => [id, position?.commit]));
    expect(written.map(({ event }) => positions.get(event.id))).toEqual(written.map(({ position }) => position));
  });

  it('includes the events of the system', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 3 });
    for await (const { event } of store.client.readAll({ direction: BACKWARDS, fromPosition: END })) {
      if (event?.streamId !== `$$${stream}`) continue;
      expect(event.type).toBe('$metadata');
      break;
    }
    expect.assertions(1);
  });
});
