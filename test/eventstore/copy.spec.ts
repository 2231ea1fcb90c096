/** Copies between two embedded stores, over the real protocol. */
import { randomUUID } from 'node:crypto';
import { ANY, binaryEvent, EventStoreDBClient, jsonEvent, NO_STREAM, type EventData } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore, type EmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { copyStore, verifyCopy, type CopyOptions } from '../../src/eventstore/copy/copy.js';
import { differencesOf } from '../../src/eventstore/copy/difference.js';
import { OrderedAppends } from '../../src/eventstore/copy/ordered-appends.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { readLog, type RawEvent } from '../../src/eventstore/raw-event.js';
import { runCommand, type Command } from '../support/command.js';
import { startProxy } from '../support/cuttable-proxy.js';
import { securedUrl, testTls } from '../support/tls.js';
import { until } from '../support/until.js';

let servers: EmbeddedEventStore[];
let stores: EventStore[];
let commands: Command[];

beforeEach(() => {
  servers = [];
  stores = [];
  commands = [];
});
afterEach(async () => {
  for (const command of commands) command.kill('SIGKILL');
  await Promise.all(stores.map((store) => store.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

function connect(url: string): EventStore {
  const store = connectEventStore(url);
  stores.push(store);
  return store;
}

async function start(options: Partial<Parameters<typeof startEmbeddedEventStore>[0]> = {}) {
  const server = await startEmbeddedEventStore({ directory: 'memory', ...options });
  servers.push(server);
  return server;
}

/** An empty store and a connection to it. */
const startStore = async (): Promise<EventStore & { url: string }> => {
  const { url } = await start();
  return { ...connect(url), url };
};

function copyCommand(...args: string[]): Command {
  const command = runCommand('src/eventstore/copy/cli.js', args);
  commands.push(command);
  return command;
}

const UUID = randomUUID();
const clientOf = (store: EventStore): EventStoreDBClient => store.appends;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const event = (data: unknown = {}): EventData => jsonEvent({ type: 'happened', data: data as Record<string, unknown> });
const raw = (revision: bigint): RawEvent => ({
  stream: 'begun',
  revision,
  position: 1n,
  id: UUID,
  type: 'happened',
  contentType: 'application/json',
  data: bytes('{}'),
  metadata: new Uint8Array(),
});
type Bytes = Partial<Pick<RawEvent, 'id' | 'contentType' | 'metadata'>>;
const verbatim = (data: string, rest: Bytes = {}) => ({
  id: randomUUID(),
  type: 'verbatim',
  contentType: 'application/json',
  metadata: new Uint8Array(),
  data: bytes(data),
  ...rest,
});
const appendVerbatim = (store: EventStore, stream: string, ...events: ReturnType<typeof verbatim>[]) => ({
  at: (expectedRevision: bigint | typeof NO_STREAM) =>
    store.appends.appendBytes({ stream, events, expectedRevision, timeoutMs: 5_000 }),
});

/**
 * Everything users wrote, byte by byte, without what each store assigns itself: positions and the ids of tombstones.
 */
async function contentOf(store: EventStore): Promise<string[]> {
  const content: string[] = [];
  for await (const { stream, revision, id, type, contentType, data, metadata } of readLog(store)) {
    const [text, note] = [data, metadata].map((part) => Buffer.from(part).toString('latin1'));
    if (!stream.startsWith('$'))
      content.push(
        JSON.stringify([stream, String(revision), type === '$streamDeleted' ? '' : id, type, contentType, text, note]),
      );
  }
  return content;
}

/** Appends to many streams in turn. */
async function fill(store: EventStore, { streams, rounds }: { streams: number; rounds: number }): Promise<number> {
  for (let round = 0; round < rounds; round += 1) {
    const expectedRevision = round === 0 ? NO_STREAM : BigInt(round * 2 - 1);
    await Promise.all(
      Array.from({ length: streams }, (_, index) =>
        clientOf(store).appendToStream(`filled-${index}`, [event({ round }), event({ round })], { expectedRevision }),
      ),
    );
  }
  return streams * rounds * 2;
}

/** The result of reading a stream, or its error. */
async function visibleIn(store: EventStore, stream: string): Promise<unknown> {
  const seen: unknown[] = [];
  try {
    for await (const { event: read } of clientOf(store).readStream(stream)) seen.push([read?.revision, read?.id]);
    return seen;
  } catch (error) {
    return (error as { type?: string }).type;
  }
}

async function writeOddities(store: EventStore): Promise<string[]> {
  const client = clientOf(store);
  const repeated = randomUUID();
  const json = [
    verbatim('{ "amount": 1.0, "large": 12345678901234567890, "a": 1, "a": 2 }'),
    verbatim('[1,2]'),
    verbatim(''),
    verbatim('no json'),
    verbatim('{}', { metadata: bytes(' {"note": 1.50} ') }),
    verbatim('{}', { metadata: new Uint8Array([0, 255, 128]) }),
  ];
  await appendVerbatim(store, 'json', ...json).at(NO_STREAM);
  await client.appendToStream('binary', [
    binaryEvent({ type: 'bytes', data: new Uint8Array([0, 1, 254, 255]) }),
    binaryEvent({ type: 'empty', data: new Uint8Array() }),
  ]);
  await appendVerbatim(store, 'large', verbatim(`"${'x'.repeat(500_000)}"`)).at(NO_STREAM);
  await client.appendToStream('Äußere @ "Straße" 1@2/3 😀', event());
  await client.appendToStream('links', binaryEvent({ type: '$>', data: bytes('1@json') }));
  await appendVerbatim(store, 'twice', verbatim('1', { id: repeated })).at(NO_STREAM);
  await appendVerbatim(store, 'twice', verbatim('2', { id: repeated })).at(0n);
  await appendVerbatim(store, 'elsewhere', verbatim('3', { id: repeated })).at(NO_STREAM);
  await client.appendToStream(
    'counted',
    Array.from({ length: 300 }, () => event()),
  );
  await client.setStreamMetadata('counted', { maxCount: 3, acl: { readRoles: ['$all'] }, owner: 'tests' });
  await client.appendToStream('truncated', [event(), event(), event()]);
  await client.setStreamMetadata('truncated', { truncateBefore: 1 });
  await client.setStreamMetadata('truncated', { truncateBefore: 2 });
  await client.setStreamMetadata('only-metadata', { maxAge: 3600 });
  for (const stream of ['deleted', 'revived', 'revived-by-metadata', 'buried']) {
    await client.appendToStream(stream, [event(), event()]);
    await client.deleteStream(stream);
  }
  await client.appendToStream('revived', event(), { expectedRevision: ANY });
  await client.setStreamMetadata('revived-by-metadata', { owner: 'tests' });
  await client.tombstoneStream('buried');
  await client.tombstoneStream('never-was');
  await client.appendToStream('$of-the-system', event());
  return [
    'json',
    'binary',
    'large',
    'links',
    'twice',
    'counted',
    'truncated',
    'only-metadata',
    'deleted',
    'revived',
    'revived-by-metadata',
    'buried',
    'never-was',
  ];
}

describe('A copy of a store', () => {
  it('has every odd thing of it, byte by byte, in the same order and at the same revisions', async () => {
    const [source, target] = [await startStore(), await startStore()];
    const streams = await writeOddities(source);
    const copied = await copyStore({ source, target });
    expect(await contentOf(target)).toEqual(await contentOf(source));
    expect(copied).toMatchObject({
      events: (await contentOf(source)).length,
      copied: copied.events,
      streamsWithMetadata: 7,
    });
    for (const stream of streams) {
      expect([stream, await visibleIn(target, stream)]).toEqual([stream, await visibleIn(source, stream)]);
      const metadataOf = (store: EventStore) =>
        clientOf(store)
          .getStreamMetadata(stream)
          .then(
            ({ metadata }) => metadata,
            ({ type }: { type: string }) => type,
          );
      expect([stream, await metadataOf(target)]).toEqual([stream, await metadataOf(source)]);
    }
    expect(await visibleIn(target, '$of-the-system')).toBe('stream-not-found');
  });

  it('made again fetches what is new, also for streams that were deleted, truncated or got other metadata meanwhile', async () => {
    const [source, target] = [await startStore(), await startStore()];
    for (const stream of ['deleted', 'truncated', 'counted', 'whole'])
      await clientOf(source).appendToStream(stream, [event(), event(), event()]);
    await clientOf(source).setStreamMetadata('truncated', { truncateBefore: 2 });
    await clientOf(source).setStreamMetadata('counted', { maxCount: 1 });
    await clientOf(source).deleteStream('deleted');
    const first = await copyStore({ source, target });
    const client = clientOf(source);
    await client.appendToStream('deleted', event());
    await client.appendToStream('truncated', event());
    await client.setStreamMetadata('counted', { maxCount: 2 });
    await client.deleteStream('whole');
    expect(await copyStore({ source, target })).toMatchObject({ copied: 2, events: first.events + 2 });
    expect(await contentOf(target)).toEqual(await contentOf(source));
    for (const stream of ['deleted', 'truncated', 'counted', 'whole'])
      expect([stream, await visibleIn(target, stream)]).toEqual([stream, await visibleIn(source, stream)]);
    expect(await copyStore({ source, target })).toMatchObject({ copied: 0 });
  });

  it('is whole although the connection to the target is cut again and again', async () => {
    const [source, target] = [await startStore(), await start()];
    const events = await fill(source, { streams: 40, rounds: 10 });
    const proxy = await startProxy(target.port);
    const cutAt = new Set([1, 200, 500, 501, 700]);
    const onProgress: CopyOptions['onProgress'] = ({ phase, events: passed }) => {
      if (phase === 'copying' && cutAt.delete(passed)) proxy.cut();
    };
    expect(
      await copyStore({ source, target: connect(`esdb://127.0.0.1:${proxy.port}?tls=false`), onProgress }),
    ).toMatchObject({ events, copied: events, streams: 40 });
    expect(cutAt.size).toBe(0);
    expect(await contentOf(connect(target.url))).toEqual(await contentOf(source));
    await proxy.close();
  }, 60_000);

  it('that was killed continues where it ended, and reports that both stores are the same', async () => {
    const [source, target] = [await startStore(), await startStore()];
    const events = await fill(source, { streams: 50, rounds: 12 });
    const killed = copyCommand('--from', source.url, '--to', target.url);
    await until('the copy is under way', async () => (await contentOf(target)).length > 0);
    killed.kill('SIGKILL');
    expect(await killed.ended).toMatchObject({ code: null });
    const before = (await contentOf(target)).length;
    expect(before).toBeLessThan(events);

    const resumed = copyCommand('--from', source.url, '--to', target.url);
    const count = (value: number): string => value.toLocaleString('en-US');
    expect(await resumed.line()).toContain(
      `${count(events - before)} events were copied. Both stores have the same ${count(events)} events in 50 streams`,
    );
    expect(await resumed.ended).toMatchObject({ code: 0 });
    expect(await contentOf(target)).toEqual(await contentOf(source));
  }, 60_000);

  it('can be made between secured servers', async () => {
    const source = await startStore();
    const users = { admin: 'secret' };
    const secured = await start({ tls: testTls, users });
    const target = connect(securedUrl(secured.url, 'admin:secret'));
    await fill(source, { streams: 3, rounds: 2 });
    expect(await copyStore({ source, target })).toMatchObject({ copied: 12, streams: 3 });
  });
});

describe('A target that is not a copy', () => {
  /** Two stores with the same three events in a stream, except that `change` is applied to the target's second one. */
  async function storesWith(change: (event: EventData) => EventData) {
    const [source, target] = [await startStore(), await startStore()];
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    const events = ids.map((id) =>
      jsonEvent({ id, type: 'happened', data: { text: 'same' }, metadata: { by: 'tests' } }),
    );
    await clientOf(source).appendToStream('tampered', events);
    await clientOf(target).appendToStream(
      'tampered',
      events.map((one, at) => (at === 1 ? change(one) : one)),
    );
    return { source, target };
  }

  it('is found with stream and revision, and left unchanged', async () => {
    const { source, target } = await storesWith((one) => ({ ...one, data: { text: 'Same' } }) as EventData);
    await clientOf(source).appendToStream('tampered', event());
    const before = await contentOf(target);
    const difference = {
      stream: 'tampered',
      revision: 1n,
      message: 'Revision 1 of stream "tampered": the target has another data.',
    };
    await expect(copyStore({ source, target })).rejects.toMatchObject(difference);
    await expect(verifyCopy({ source, target })).rejects.toMatchObject(difference);
    expect(await contentOf(target)).toEqual(before);
  });

  it.each<[string, Partial<RawEvent>]>([
    ['id', { id: 'other' }],
    ['type', { type: 'Happened' }],
    ['content type', { contentType: 'application/octet-stream' }],
    ['data', { data: bytes('{ }') }],
    ['metadata', { metadata: bytes('x') }],
  ])('is recognised by its %s', (part, change) => {
    expect(differencesOf(raw(0n), { ...raw(0n), ...change })).toEqual([part]);
  });

  it('because an event is missing or too many, or stands elsewhere, is found', async () => {
    const { source, target } = await storesWith((one) => one);
    expect(await verifyCopy({ source, target })).toMatchObject({ events: 3, copied: 0 });
    await clientOf(source).appendToStream('late', event());
    await expect(verifyCopy({ source, target })).rejects.toThrow(
      'Revision 0 of stream "late": the target does not have it.',
    );
    await clientOf(target).appendToStream('own', event());
    await expect(copyStore({ source, target })).rejects.toThrow(
      'Revision 0 of stream "late": where the source has it, the target has revision 0 of stream "own".',
    );
    await expect(copyStore({ source: await startStore(), target })).rejects.toThrow(
      'Revision 0 of stream "tampered": the target has it, the source does not. Copy into an empty store.',
    );
  });

  it('because of stream metadata is found', async () => {
    const { source, target } = await storesWith((one) => one);
    await clientOf(source).setStreamMetadata('tampered', { maxCount: 10 });
    await clientOf(target).setStreamMetadata('tampered', { maxCount: 1 });
    await expect(verifyCopy({ source, target })).rejects.toThrow(
      'Revision 0 of stream "$$tampered": the target has other metadata of this stream.',
    );
  });

  it('ends the command with exit code 1, as wrong options do with 2', async () => {
    const { source, target } = await storesWith((one) => ({ ...one, id: randomUUID() }));
    expect(await copyCommand('--from', source.url, '--to', target.url, '--verify').ended).toEqual({
      code: 1,
      errors: 'Revision 1 of stream "tampered": the target has another id.\n',
    });
    expect(await copyCommand('--from', source.url, '--to', source.url).ended).toEqual({
      code: 2,
      errors: expect.stringMatching(/same store/),
    });
  });
});

describe('An event that does not fit behind what the target has', () => {
  const appendRaw = async (target: EventStore, ...events: RawEvent[]): Promise<void> => {
    const appends = new OrderedAppends(target);
    for (const one of events) await appends.add(one);
    await appends.flush();
  };

  it('because the beginning of its stream was removed from the source reports that revisions cannot be kept', async () => {
    await expect(appendRaw(await startStore(), raw(7n))).rejects.toThrow(
      /Revision 7 of stream "begun": .*beginning of the stream was removed.*Revisions cannot be kept/,
    );
  });

  it('because something else writes to the target reports so', async () => {
    const target = await startStore();
    await clientOf(target).appendToStream('begun', event());
    await expect(appendRaw(target, raw(0n))).rejects.toThrow(
      /the target has revision 0 already\. Something else writes to it/,
    );
  });

  it('because of its size reports so', async () => {
    const target = await startStore();
    const large = { ...raw(1n), data: new Uint8Array(2 * 1024 * 1024) };
    await expect(appendRaw(target, raw(0n), large, raw(2n))).rejects.toThrow(
      /Revision 1 of stream "begun": it is larger than the append limit/,
    );
    expect(await contentOf(target)).toHaveLength(1);
  });
});
