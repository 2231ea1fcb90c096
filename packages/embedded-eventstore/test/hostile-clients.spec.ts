/** Requests that could block the store's only thread: other clients are still served, and the store still stops. */
import { EventStoreDBClient, binaryEvent, jsonEvent } from '@eventstore/db-client';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore, type EmbeddedEventStore } from '../src/index.js';
import { append, idsIn, idsOf, newEvents, newStream } from '../../../test/contract/event-store.js';
import {
  allOptions,
  appendEvent,
  appendOptions,
  appendRaw,
  endpointOf,
  nothing,
  readAllOf,
  streamOptions,
} from '../../../test/contract/raw-calls.js';

let store: EmbeddedEventStore;
let client: EventStoreDBClient;
let raw: { client: StreamsClient };

beforeEach(async () => {
  store = await startEmbeddedEventStore({ directory: 'memory' });
  client = EventStoreDBClient.connectionString(store.url);
  raw = { client: new StreamsClient(endpointOf(store.url), credentials.createInsecure()) };
});

afterEach(async () => {
  await client.dispose();
  raw.client.close();
  await store.stop();
});

/** Checks that another client is served: it appends an event and reads it. */
async function othersAreServed(): Promise<void> {
  const other = EventStoreDBClient.connectionString(store.url);
  const stream = newStream();
  const events = newEvents(1);
  await append(other, stream, { events });
  expect(await idsIn(other, stream)).toEqual(idsOf(events));
  await other.dispose();
}

const { FilterOptions } = streams.ReadReq.Options;
const filterBy = (on: 'stream' | 'type', regex: string) => {
  const expression = new FilterOptions.Expression().setRegex(regex);
  const filter = new FilterOptions().setMax(32).setCheckpointintervalmultiplier(1);
  return on === 'stream' ? filter.setStreamIdentifier(expression) : filter.setEventType(expression);
};
const subscription = (filter: ReadReq.Options.FilterOptions): ReadReq.Options =>
  allOptions().setSubscription(new streams.ReadReq.Options.SubscriptionOptions()).setFilter(filter);

/** Returns the number of events until a subscription has caught up, or the status with which it ends. */
function outcomeOf(options: ReadReq.Options): Promise<Readonly<{ events: number } | { code: number }>> {
  const call: ClientReadableStream<ReadResp> = raw.client.read(new streams.ReadReq().setOptions(options));
  let events = 0;
  return new Promise((resolve) => {
    call.on('data', (response: ReadResp) => {
      if (response.hasEvent()) events += 1;
      if (!response.hasCaughtUp()) return;
      resolve({ events });
      call.cancel();
    });
    call.on('error', ({ code }: ServiceError) => resolve({ code }));
  });
}

const REFUSED = { code: status.INVALID_ARGUMENT };

/** Expressions on which a backtracking engine would take practically for ever, for one of the names below. */
const HOSTILE: readonly (readonly [
  family: string,
  expression: string,
  outcome: Readonly<{ events: number } | { code: number }>,
])[] = [
  ['a repetition in a repetition', '^(a+)+$', { events: 0 }],
  ['a repetition in a repetition of groups', '^(([a-z])+.)+[A-Z]([a-z])+$', { events: 0 }],
  ['an optional repetition in a repetition', '^(a*)*$', { events: 0 }],
  ['equal alternatives', '^(a|a)*$', { events: 0 }],
  ['overlapping alternatives', '^(a|aa)+$', { events: 0 }],
  ['alternatives of overlapping classes', '^(?:[a-m]|[a-z])*$', { events: 0 }],
  ['adjacent repetitions', '^a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*$', { events: 0 }],
  ['repetitions of anything', '^(?:.*a){25}$', { events: 0 }],
  ['a repetition of two repetitions', '(a+a+)+b', { events: 0 }],
  ['many optionals', '^(a?){60}a{60}$', { events: 0 }],
  ['lazy repetitions', '^(a+?)+?$', { events: 0 }],
  ['words', '^(\\w+\\w?)*$', { events: 0 }],
  ['case-insensitive alternatives', '(?i)^(A|a)+$', { events: 0 }],
  ['a repetition in a lookahead', '^(?=(a+)+$)', REFUSED],
  ['alternatives in a negative lookahead', '^(?!(a|a)*$)b', REFUSED],
  ['a repetition in a lookbehind', '(?<=^(a+)+)$', REFUSED],
  ['a backreference', '^(a+)+\\1$', REFUSED],
  ['a named backreference', '^(?<as>a+)+\\k<as>$', REFUSED],
  ['backreferences to possibly empty groups', '^(a*)*(a*)*\\1\\2b$', REFUSED],
  ['nested counts', '^((a{1,9}){1,9}){1,9}$', { events: 0 }],
  ['deeply nested counts', '^((((a{9,99}){9,99}){9,99}){9,99})$', REFUSED],
  ['a long list of counts', '(?:a{0,1000})'.repeat(150), REFUSED],
];

describe.each(['type', 'stream'] as const)('A filter by %s', (on) => {
  const name = `${'a'.repeat(60)}!`;

  it.each(HOSTILE)('with %s blocks no other client: %s', async (_family, expression, outcome) => {
    await client.appendToStream(
      on === 'stream' ? name : newStream(),
      jsonEvent({ type: on === 'type' ? name : 'x', data: {} }),
    );
    expect(await outcomeOf(subscription(filterBy(on, expression)))).toEqual(outcome);
    await othersAreServed();
    await store.stop();
  });
});

describe('A filter', () => {
  it('with an expensive expression on long names takes turns with others, or is refused', async () => {
    const random = Array.from({ length: 30_000 }, (_, index) =>
      ((index * 7919) % 104_729) % 2 === 0 ? 'a' : 'b',
    ).join('');
    for (let count = 0; count < 20; count += 1)
      await client.appendToStream(newStream(), jsonEvent({ type: random, data: {} }));
    const expressions = ['[ab]*a[ab]{900}[cd]', '(?:a[ab]{600}[cd]|b[ab]{500}[ef]|[ab]{400}[gh])'];
    const outcomes = expressions.flatMap((expression) =>
      Array.from({ length: 5 }, () => outcomeOf(subscription(filterBy('type', expression)))),
    );
    await othersAreServed();
    raw.client.close();
    await othersAreServed();
    await Promise.all(outcomes);
  });

  it('with too many prefixes is refused', async () => {
    const filter = new FilterOptions().setMax(32).setCheckpointintervalmultiplier(1);
    filter.setStreamIdentifier(
      new FilterOptions.Expression().setPrefixList(Array.from({ length: 100_000 }, (_, index) => `prefix-${index}`)),
    );
    expect(await outcomeOf(subscription(filter))).toEqual(REFUSED);
    await othersAreServed();
  });

  it.each([
    [1, 1],
    [4_294_967_295, 4_294_967_295],
    [1, 4_294_967_295],
  ])('with a window of %d and an interval of %d works like any other', async (window, interval) => {
    const filter = filterBy('stream', '^matches-nothing').setMax(window).setCheckpointintervalmultiplier(interval);
    expect(await outcomeOf(subscription(filter))).toEqual({ events: 0 });
  });
});

describe('The store continues', () => {
  const LINK = (to: string) => binaryEvent({ type: '$>', data: Buffer.from(to) });

  it.each(['9999999999999999999', '9223372036854775808', '-9223372036854775809', '1'.repeat(100_000)])(
    'after a link to revision %s was resolved',
    async (revision) => {
      const [target, links] = [newStream(), newStream()];
      await append(client, target, { events: newEvents(1) });
      await client.appendToStream(links, LINK(`${revision}@${target}`));
      for await (const _ of client.readStream(links, { resolveLinkTos: true }));
      await othersAreServed();
    },
  );

  it('after deeply nested metadata restored a deleted stream', async () => {
    const stream = newStream();
    await append(client, stream, { events: newEvents(1) });
    await client.deleteStream(stream);
    const nested = `{"x":${'['.repeat(400_000)}${']'.repeat(400_000)}}`;
    await appendRaw(raw, [
      appendOptions(`$$${stream}`),
      appendEvent({ data: nested, properties: { type: '$metadata', 'content-type': 'application/json' } }),
    ]);
    await append(client, stream, { events: newEvents(1) });
    await othersAreServed();
  });

  it.each([
    '{"$maxCount":1e300}',
    '{"$maxAge":1e300}',
    '{"$tb":1e300}',
    '{"$tb":-1}',
    '{"$maxCount":0.5}',
    '{"$maxCount":{}}',
    '{"__proto__":{"$tb":1}}',
    '[',
    '"',
  ])('after metadata %s', async (data) => {
    const stream = newStream();
    const events = newEvents(2);
    await append(client, stream, { events });
    await appendRaw(raw, [
      appendOptions(`$$${stream}`),
      appendEvent({ data, properties: { type: '$metadata', 'content-type': 'application/json' } }),
    ]);
    await readAllOf(raw, streamOptions(stream));
    await append(client, stream, { events: newEvents(1) });
    await othersAreServed();
  });

  it('after reads with the largest revisions and counts', async () => {
    const stream = newStream();
    await append(client, stream, { events: newEvents(3) });
    const largest = '18446744073709551615';
    expect(await readAllOf(raw, streamOptions(stream).setCount(largest))).toHaveLength(3);
    expect((await readAllOf(raw, allOptions().setNoFilter(nothing()).setCount(largest))).length).toBeGreaterThan(3);
    for (const revision of [2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      const options = streamOptions(stream);
      options.getStream()?.setRevision(String(revision));
      await readAllOf(raw, options).catch(() => undefined);
      await outcomeOf(options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions()));
    }
    await othersAreServed();
  });

  it('after the error of a tombstoned stream with a name of 1 MiB', async () => {
    const stream = 'x'.repeat(1024 * 1024);
    await client.appendToStream(stream, newEvents(1));
    await client.tombstoneStream(stream);
    await expect(readAllOf(raw, streamOptions(stream))).rejects.toMatchObject({ code: status.UNKNOWN });
    await othersAreServed();
  });

  it('while 1,000 subscriptions wait, and each event wakes all of them', async () => {
    const clients = Array.from(
      { length: 10 },
      () =>
        new StreamsClient(endpointOf(store.url), credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 }),
    );
    const live = await Promise.all(clients.flatMap((each) => Array.from({ length: 100 }, () => caughtUp(each))));
    for (let count = 0; count < 5; count += 1) await othersAreServed();
    for (const call of live) call.cancel();
    for (const each of clients) each.close();
  });

  const caughtUp = (from: StreamsClient): Promise<ClientReadableStream<ReadResp>> =>
    new Promise((resolve, reject) => {
      const call = from.read(
        new streams.ReadReq().setOptions(subscription(filterBy('type', '^matches-nothing-[0-9]+$'))),
      );
      call.on('data', (response: ReadResp) => response.hasCaughtUp() && resolve(call));
      call.on('error', reject);
    });
});
