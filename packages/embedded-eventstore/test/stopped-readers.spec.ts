/**
 * Readers that pause: the server waits for them without buffering, and they receive everything when they resume. The
 * server runs in its own process, so that its memory can be measured.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { binaryEvent, EventStoreDBClient, type BinaryEventData } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, type ChannelOptions, type ClientReadableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { allOptions, endpointOf, idsAsText, nothing, streamOptions } from '../../../test/contract/raw-calls.js';

const EVENT_BYTES = 64 * 1024;
const EVENTS = 1024;
const MIB = 1024 * 1024;
/** The most memory that readers may cost; with buffering, each would cost the log's 64 MiB. */
const ROOM_BYTES = 80 * MIB;
/** Larger than the log, so that not HTTP/2's flow control but only the connection stops the server. */
const WIDE_WINDOW: ChannelOptions = { 'grpc-node.flow_control_window': 256 * MIB };
const STREAM = 'large';

/** `memory`: the resident memory of its process, in bytes. */
type Server = Readonly<{ url: string; memory(): Promise<number> }>;

let directory: string;
let closing: (() => unknown)[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stopped-readers-'));
  closing = [];
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<Server> {
  const module = JSON.stringify(resolve('dist/packages/embedded-eventstore/src/index.js'));
  const script = `import { startEmbeddedEventStore } from ${module};
    process.on('message', () => process.send(process.memoryUsage.rss()));
    process.send((await startEmbeddedEventStore({ directory: ${JSON.stringify(directory)} })).url);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  closing.push(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  const [url] = (await once(child, 'message')) as [string];
  const memory = async (): Promise<number> => {
    child.send('memory');
    const [bytes] = (await once(child, 'message')) as [number];
    return bytes;
  };
  return { url, memory };
}

/** Appends 64 MiB to a stream. */
async function fill({ url }: Server, stream: string): Promise<void> {
  const client = EventStoreDBClient.connectionString(url);
  closing.push(() => client.dispose());
  const event = (): BinaryEventData => binaryEvent({ type: 'filled', data: Buffer.alloc(EVENT_BYTES, 'x') });
  for (let written = 0; written < EVENTS; written += 8)
    await client.appendToStream(stream, Array.from({ length: 8 }, event));
}

const allEvents = (): ReadReq.Options => allOptions().setCount('1000000');
const streamEvents = (): ReadReq.Options => streamOptions(STREAM).setCount('1000000');
const subscribed = (options: ReadReq.Options): ReadReq.Options =>
  options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
const filtered = (options: ReadReq.Options): ReadReq.Options => {
  const { FilterOptions } = streams.ReadReq.Options;
  return options.setFilter(
    new FilterOptions()
      .setStreamIdentifier(new FilterOptions.Expression().setPrefixList([STREAM]))
      .setMax(32)
      .setCheckpointintervalmultiplier(1),
  );
};

const READS = [() => allEvents().setNoFilter(nothing()), streamEvents];
const SUBSCRIPTIONS = [
  () => subscribed(allOptions().setNoFilter(nothing())),
  () => subscribed(filtered(allOptions())),
  () => subscribed(streamOptions(STREAM)),
];
const LIVE = () =>
  subscribed(
    new streams.ReadReq.Options()
      .setAll(new streams.ReadReq.Options.AllOptions().setEnd(nothing()))
      .setNoFilter(nothing())
      .setUuidOption(idsAsText()),
  );
const KINDS = [...READS, ...SUBSCRIPTIONS];

function rawClient(endpoint: string, options: ChannelOptions = {}): StreamsClient {
  const client = new StreamsClient(endpoint, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    ...options,
  });
  closing.push(() => client.close());
  return client;
}

type Call = ClientReadableStream<ReadResp>;

function read(client: StreamsClient, options: ReadReq.Options): Call {
  const call = client.read(new streams.ReadReq().setOptions(options));
  call.on('error', () => undefined);
  closing.push(() => call.cancel());
  return call;
}

/** Starts a reader that receives only the first messages. */
async function stopped(client: StreamsClient, options: ReadReq.Options): Promise<Call> {
  const call = read(client, options);
  await once(call, 'readable');
  return call;
}

/** Reads up to `wanted` events, and returns their number. */
async function take(call: Call, wanted: number): Promise<number> {
  let taken = 0;
  for await (const message of call) {
    if ((message as ReadResp).hasEvent()) taken += 1;
    if (taken === wanted) break;
  }
  return taken;
}

/** Starts a proxy to the server that reads nothing from it between `hold` and `release`. */
async function pausableProxy(endpoint: string) {
  const sockets: Socket[] = [];
  const proxy = createServer((client) => {
    const server = connect(Number(endpoint.split(':')[1]), '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.pipe(server);
    server.pipe(client);
    sockets.push(client, server);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  closing.push(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  const fromServer = (): Socket[] => sockets.filter((_, index) => index % 2 === 1);
  return {
    endpoint: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    hold: () => fromServer().forEach((socket) => socket.unpipe().pause()),
    release: () => fromServer().forEach((socket, index) => socket.pipe(sockets[2 * index] as Socket)),
  };
}

it('makes the server wait, with 64 MiB to read, in every kind of read', async () => {
  const server = await start();
  await fill(server, STREAM);
  const other = rawClient(endpointOf(server.url));
  const readOnce = (): Promise<number> => take(read(other, streamEvents()), EVENTS);
  await readOnce();
  const before = await server.memory();

  const client = rawClient(endpointOf(server.url));
  const calls: Call[] = [];
  for (const options of KINDS) calls.push(await stopped(client, options()));
  expect([await readOnce(), await readOnce()]).toEqual([EVENTS, EVENTS]);
  expect((await server.memory()) - before).toBeLessThan(ROOM_BYTES);

  for (const call of calls) expect(await take(call, EVENTS)).toBe(EVENTS);
  expect((await server.memory()) - before).toBeLessThan(ROOM_BYTES);
});

it('makes the server wait when its connection is blocked, despite open windows', async () => {
  const server = await start();
  await fill(server, STREAM);
  const other = rawClient(endpointOf(server.url));
  await take(read(other, streamEvents()), EVENTS);
  const before = await server.memory();

  const proxy = await pausableProxy(endpointOf(server.url));
  const client = rawClient(proxy.endpoint, WIDE_WINDOW);
  const calls: Call[] = [await stopped(client, streamEvents())];
  proxy.hold();
  calls.push(...KINDS.map((options) => read(client, options())));
  for (let round = 0; round < 3; round += 1) await take(read(other, streamEvents()), EVENTS);
  expect((await server.memory()) - before).toBeLessThan(ROOM_BYTES);

  proxy.release();
  for (const call of calls) expect(await take(call, EVENTS)).toBe(EVENTS);
});

it('makes the server wait while others append, and receives those events', async () => {
  const server = await start();
  await fill(server, 'before');
  const before = await server.memory();

  const client = rawClient(endpointOf(server.url));
  const calls: Call[] = [];
  for (const options of [LIVE, ...SUBSCRIPTIONS]) calls.push(await stopped(client, options()));
  await fill(server, STREAM);
  expect((await server.memory()) - before).toBeLessThan(ROOM_BYTES);
  for (const call of calls) expect(await take(call, EVENTS)).toBe(EVENTS);
});
