/** Streams.Read and Streams.Append in ways that the official client does not use. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { status } from '@grpc/grpc-js';
import { describe, expect } from '@jest/globals';
import {
  append,
  collect,
  idsInAll,
  idsOf,
  newEvents,
  newStream,
  plainText,
  undisturbed,
  useEventStore,
} from './event-store.js';
import {
  allOptions,
  appendEvent,
  appendOptions,
  appendRaw,
  idsAsText,
  nameIn,
  nothing,
  readAllOf,
  streamOptions,
  untilCaughtUp,
  useRawStreams,
} from './raw-calls.js';

const store = useEventStore();
const raw = useRawStreams(store);

const { Options } = streams.ReadReq;

const half = (bits: string | undefined): string =>
  BigInt.asUintN(64, BigInt(bits ?? 0))
    .toString(16)
    .padStart(16, '0');

const idIn = (response: ReadResp | undefined): string | undefined =>
  response?.getEvent()?.getEvent()?.getId()?.getString();

/** The position of a marker event. Tests read from there, so that a used store does not matter. */
async function marker(): Promise<bigint> {
  const outcome = await append(store.client, newStream(), { events: newEvents(1) });
  if (outcome.kind !== 'written' || outcome.position === undefined)
    throw new Error('An append to a new stream has a position.');
  return outcome.position;
}

const streamFilter = ({
  prefixes = [],
  regex = '',
}: {
  prefixes?: string[];
  regex?: string;
}): ReadReq.Options.FilterOptions => {
  const { FilterOptions } = Options;
  return new FilterOptions()
    .setStreamIdentifier(new FilterOptions.Expression().setPrefixList(prefixes).setRegex(regex))
    .setCheckpointintervalmultiplier(1);
};

describe('Streams.Read', () => {
  plainText('gives ids in two halves when they are asked for so', async () => {
    const stream = newStream();
    const events = newEvents(1);
    await append(store.client, stream, { events });
    const [response] = await readAllOf(
      raw,
      streamOptions(stream).setUuidOption(new Options.UUIDOption().setStructured(nothing())),
    );
    const structured = response?.getEvent()?.getEvent()?.getId()?.getStructured();
    expect(half(structured?.getMostSignificantBits()) + half(structured?.getLeastSignificantBits())).toBe(
      events[0]?.id?.replaceAll('-', ''),
    );
  });

  plainText('gives ids as text when they are asked for so', async () => {
    const stream = newStream();
    const events = newEvents(1);
    await append(store.client, stream, { events });
    const [response] = await readAllOf(
      raw,
      streamOptions(stream).setUuidOption(new Options.UUIDOption().setString(nothing())),
    );
    expect(idIn(response)).toBe(events[0]?.id);
  });

  plainText('tells type, content type and time of each event', async () => {
    const stream = newStream();
    const before = Date.now();
    await append(store.client, stream, { events: newEvents(1, 'told') });
    const [response] = await readAllOf(
      raw,
      streamOptions(stream).setUuidOption(new Options.UUIDOption().setString(nothing())),
    );
    const properties = response?.getEvent()?.getEvent()?.getMetadataMap();
    expect([properties?.get('type'), properties?.get('content-type')]).toEqual(['told', 'application/json']);
    const createdMs = Number(BigInt(properties?.get('created') ?? 0) / 10_000n);
    expect(Math.abs(createdMs - before)).toBeLessThan(60_000);
  });

  plainText('of $all with a filter gives as many matches as asked for', async () => {
    const position = await marker();
    const name = newStream();
    const events = newEvents(60, name);
    for (const event of events) await append(store.client, newStream(), { events: [event, ...newEvents(1)] });
    const filter = new Options.FilterOptions()
      .setEventType(new Options.FilterOptions.Expression().setPrefixList([name]))
      .setCount(nothing())
      .setCheckpointintervalmultiplier(1);
    const responses = await readAllOf(raw, allOptions(position).setCount('50').setFilter(filter));
    expect(responses.map(idIn)).toEqual(idsOf(events.slice(0, 50)));
  });

  plainText('of an unknown stream answers with its name and ends well', async () => {
    const stream = newStream();
    const [response, ...others] = await readAllOf(raw, streamOptions(stream));
    expect(nameIn(response?.getStreamNotFound()?.getStreamIdentifier())).toBe(stream);
    expect(others).toEqual([]);
  });

  plainText('without a stream name is refused', async () => {
    await expect(readAllOf(raw, streamOptions(''))).rejects.toMatchObject({ code: status.UNKNOWN });
  });

  const filter = () => streamFilter({ prefixes: ['any'] }).setMax(32);
  const subscription = () => new Options.SubscriptionOptions();
  for (const [what, options] of [
    ['a form of UUIDs', () => streamOptions(newStream()).clearUuidOption()],
    ['a filter, or that there is none', () => allOptions().setCount('1')],
    ['a count, or that it is a subscription', () => allOptions().setNoFilter(nothing())],
    ['a stream or $all', () => new Options().setCount('1').setNoFilter(nothing()).setUuidOption(idsAsText())],
    [
      'a window of its filter',
      () =>
        allOptions()
          .setCount('1')
          .setFilter(streamFilter({ prefixes: ['any'] })),
    ],
    [
      'what its filter is about',
      () =>
        allOptions().setCount('1').setFilter(new Options.FilterOptions().setMax(32).setCheckpointintervalmultiplier(1)),
    ],
    ['$all for its filter', () => streamOptions(newStream()).setFilter(filter())],
    [
      'to go forwards as a subscription',
      () =>
        allOptions()
          .setNoFilter(nothing())
          .setSubscription(subscription())
          .setReadDirection(Options.ReadDirection.BACKWARDS),
    ],
  ] as [string, () => ReadReq.Options][]) {
    plainText(`needs ${what}`, async () => {
      await expect(readAllOf(raw, options())).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    });
  }

  for (const [what, wrong] of [
    ['window', filter().setMax(0)],
    ['checkpoint interval', filter().setCheckpointintervalmultiplier(0)],
  ] as const) {
    plainText(`needs a ${what} above 0`, async () => {
      const options = allOptions().setSubscription(subscription()).setFilter(wrong);
      await expect(readAllOf(raw, options)).rejects.toMatchObject({ code: status.UNKNOWN });
    });
  }

  plainText('without options is refused', async () => {
    await expect(readAllOf(raw, undefined)).rejects.toMatchObject({ code: status.UNKNOWN });
  });
});

describe('A subscription of Streams.Read', () => {
  const kindsOf = (responses: readonly ReadResp[]): ReadResp.ContentCase[] =>
    responses.map((response) => response.getContentCase());
  const { CHECKPOINT, CONFIRMATION } = streams.ReadResp.ContentCase;

  plainText('is confirmed with an id of its own', async () => {
    const ids = await Promise.all(
      [1, 2].map(async () =>
        (await untilCaughtUp(raw, streamOptions(newStream())))[0]?.getConfirmation()?.getSubscriptionId(),
      ),
    );
    expect(ids[0]).toBeTruthy();
    expect(new Set(ids).size).toBe(2);
  });

  plainText('to $all without a filter brings no checkpoints', async () => {
    const position = await marker();
    await append(store.client, newStream(), { events: newEvents(100) });
    const kinds = kindsOf(await untilCaughtUp(raw, allOptions(position).setNoFilter(nothing())));
    expect(kinds[0]).toBe(CONFIRMATION);
    expect(kinds).not.toContain(CHECKPOINT);
  });

  plainText('counts 32 events to a checkpoint when no window is named, and none twice', async () => {
    const checkpoints = await undisturbed(async () => {
      const stream = newStream();
      await append(store.client, stream, { events: newEvents(71) });
      const positions = (await collect(store.client.readStream(stream))).map((event) => event.position?.commit);
      const filter = streamFilter({ prefixes: ['matches-nothing-'] }).setCount(nothing());
      const responses = await untilCaughtUp(raw, allOptions(positions[0]).setFilter(filter));
      const [, ...others] = await idsInAll(
        store.client,
        { commit: positions[70] as bigint, prepare: positions[70] as bigint },
        2,
      );
      const told = responses
        .map((response) => response.getCheckpoint())
        .filter((checkpoint) => checkpoint !== undefined);
      const places = told.map((checkpoint) => [
        positions.indexOf(BigInt(checkpoint.getCommitPosition())),
        checkpoint.getPreparePosition() === '0',
      ]);
      return others.length === 0 ? places : undefined;
    });
    expect(checkpoints).toEqual([
      [0, false],
      [32, true],
    ]);
  });

  plainText('is filtered by the expression when there are prefixes beside it', async () => {
    const position = await marker();
    const [byPrefix, byExpression] = [newStream(), newStream()];
    for (const stream of [byPrefix, byExpression]) await append(store.client, stream, { events: newEvents(1) });
    const responses = await untilCaughtUp(
      raw,
      allOptions(position).setFilter(streamFilter({ prefixes: [byPrefix], regex: `^${byExpression}$` }).setMax(32)),
    );
    const names = responses
      .filter((response) => response.hasEvent())
      .map((response) => nameIn(response.getEvent()?.getEvent()?.getStreamIdentifier()));
    expect(names).toEqual([byExpression]);
  });
});

describe('Streams.Append', () => {
  plainText('takes ids in two halves', async () => {
    const stream = newStream();
    const structured = new shared.UUID.Structured();
    structured.setMostSignificantBits('-1');
    structured.setLeastSignificantBits('258');
    await appendRaw(raw, [appendOptions(stream), appendEvent({ id: new shared.UUID().setStructured(structured) })]);
    expect(idsOf(await collect(store.client.readStream(stream)))).toEqual(['ffffffff-ffff-ffff-0000-000000000102']);
  });

  plainText('of no events to no stream answers that there is none', async () => {
    const success = (await appendRaw(raw, [appendOptions(newStream())])).getSuccess();
    expect([success?.hasNoStream(), success?.hasPosition()]).toEqual([true, true]);
  });

  plainText('of no events has a position from which a subscription misses nothing', async () => {
    const success = (await appendRaw(raw, [appendOptions(newStream())])).getSuccess();
    const stream = newStream();
    const events = newEvents(2);
    await append(store.client, stream, { events });
    const position = BigInt(success?.getPosition()?.getCommitPosition() ?? 0);
    const responses = await untilCaughtUp(raw, allOptions(position).setNoFilter(nothing()));
    expect(responses.map(idIn)).toEqual(expect.arrayContaining(idsOf(events)));
  });

  plainText('without options, and without a stream name, is refused', async () => {
    await expect(appendRaw(raw, [appendEvent()])).rejects.toMatchObject({ code: status.UNKNOWN });
    await expect(appendRaw(raw, [appendOptions(''), appendEvent()])).rejects.toMatchObject({ code: status.UNKNOWN });
  });
});
