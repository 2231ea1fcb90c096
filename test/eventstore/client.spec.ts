/** The ledger's client over the real protocol. */
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { NO_STREAM, START } from '@eventstore/db-client';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { connectionOf } from '../../src/eventstore/connection-string.js';
import { startEmbeddedEventStore, type EmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { connectEventStore, failureOf, type EventStore } from '../../src/eventstore/event-store.js';
import { lastEventOf, readLog } from '../../src/eventstore/raw-event.js';
import { startProxy } from '../support/cuttable-proxy.js';
import { securedUrl, testTls } from '../support/tls.js';

let servers: Pick<EmbeddedEventStore, 'stop'>[];
let stores: EventStore[];

beforeEach(() => {
  servers = [];
  stores = [];
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

async function start(
  options: Partial<Parameters<typeof startEmbeddedEventStore>[0]> = {},
): Promise<EmbeddedEventStore> {
  const server = await startEmbeddedEventStore({ directory: 'memory', ...options });
  servers.push(server);
  return server;
}

function connect(url: string): EventStore {
  const store = connectEventStore(url);
  stores.push(store);
  return store;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const eventOf = (data: string, id: string = randomUUID()) => ({
  id,
  type: 'happened',
  contentType: 'application/json',
  data: bytes(data),
  metadata: bytes('{"by": 1.0}'),
});
const streamName = () => `client-${randomUUID()}`;
const append = (
  store: EventStore,
  stream: string,
  expectedRevision: bigint | typeof NO_STREAM = NO_STREAM,
  ...data: string[]
) =>
  store.appends.appendBytes({
    stream,
    events: (data.length > 0 ? data : ['{}']).map((one) => eventOf(one)),
    expectedRevision,
    timeoutMs: 5_000,
  });
const failureOfPromise = (promise: Promise<unknown>) => promise.then(() => 'no failure', failureOf);

async function idsOf(store: EventStore, stream: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { event } of store.reads.readStream(stream, { fromRevision: START })) ids.push(event?.id ?? '');
  return ids;
}

describe('An append of bytes', () => {
  it('stores them unchanged, as JSON, and a raw read returns them', async () => {
    const store = connect((await start()).url);
    const stream = streamName();
    const body = '{ "amount": 1.0, "large": 12345678901234567890, "a": 1, "a": 2 }';
    const { revision, position } = await append(store, stream, NO_STREAM, '{}', body);
    expect(revision).toBe(1n);
    const last = await lastEventOf(store, stream);
    expect(last).toMatchObject({ stream, revision: 1n, position, type: 'happened', contentType: 'application/json' });
    expect(Buffer.from(last?.data ?? []).toString()).toBe(body);
    expect(Buffer.from(last?.metadata ?? []).toString()).toBe('{"by": 1.0}');
  });

  it('of more bytes than one message holds is written in full', async () => {
    const store = connect((await start({ appendBytesMax: 16_000_000 })).url);
    const stream = streamName();
    const events = Array.from({ length: 9 }, () => eventOf(`"${'x'.repeat(1_000_000)}"`));
    await store.appends.appendBytes({ stream, events, expectedRevision: NO_STREAM, timeoutMs: 5_000 });
    expect(await idsOf(store, stream)).toEqual(events.map(({ id }) => id));
  });

  it('fails like the official one, and does not affect other appends in progress', async () => {
    const store = connect((await start()).url);
    const [one, other] = [streamName(), streamName()];
    await append(store, one);
    const outcomes = await Promise.all([
      failureOfPromise(append(store, one, 5n)),
      failureOfPromise(append(store, one, 0n, 'x'.repeat(1_100_000))),
      failureOfPromise(append(store, other)),
    ]);
    expect(outcomes).toEqual(['wrong_expected_revision', 'too_large', 'no failure']);
    await expect(append(store, one, 5n)).rejects.toMatchObject({ actualVersion: 0n });
    await store.appends.tombstoneStream(one);
    expect(await failureOfPromise(append(store, one, 0n))).toBe('stream_deleted');
  });

  it('is unavailable when the connection is cut meanwhile, and the next one reconnects', async () => {
    const server = await start({ flushDelayMs: 200 });
    const proxy = await startProxy(server.port);
    const store = connect(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    await append(store, streamName());
    const cut = append(store, streamName());
    setImmediate(() => proxy.cut());
    expect(await failureOfPromise(cut)).toBe('unavailable');
    let outcome: unknown;
    for (let attempt = 0; attempt < 50 && outcome !== 'no failure'; attempt += 1)
      outcome = await failureOfPromise(append(store, streamName()));
    expect(outcome).toBe('no failure');
    await proxy.close();
  });

  it('that is answered twice counts once, and the next one is answered', async () => {
    const answer = (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>) =>
      call.on('data', (request: BatchAppendReq) => {
        const response = new streams.BatchAppendResp();
        response.setCorrelationId(request.getCorrelationId());
        const success = new streams.BatchAppendResp.Success();
        success.setCurrentRevision('7');
        response.setSuccess(success);
        call.write(response);
        call.write(response);
      });
    const server = new Server();
    const unused = () => undefined;
    server.addService(StreamsService, {
      batchAppend: answer,
      read: unused,
      append: unused,
      delete: unused,
      tombstone: unused,
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    servers.push({ stop: async () => server.forceShutdown() });
    const store = connect(`esdb://127.0.0.1:${port}?tls=false`);
    expect(await append(store, streamName())).toEqual({ revision: 7n, position: undefined });
    expect(await append(store, streamName())).toEqual({ revision: 7n, position: undefined });
  });
});

describe('A read of bytes', () => {
  it('whose reader stops early does not affect other reads of the client', async () => {
    const store = connect((await start()).url);
    const stream = streamName();
    await append(store, stream, NO_STREAM, ...Array.from({ length: 3_000 }, () => '{}'));
    const all = readLog(store);
    await all.next();
    const other = readLog(store);
    await other.next();
    await all.return(undefined);
    let rest = 0;
    for await (const event of other) if (event.stream === stream) rest += 1;
    expect(rest).toBeGreaterThanOrEqual(2_999);
  });
});

describe('A connection string', () => {
  it('with several hosts finds the one that answers', async () => {
    const { port, url } = await start();
    const store = connect(`esdb://127.0.0.1:${port},127.0.0.1:1,127.0.0.1:2?tls=false&discoveryInterval=10`);
    const stream = streamName();
    await append(store, stream);
    expect(await idsOf(connect(url), stream)).toHaveLength(1);
    expect((await lastEventOf(store, stream))?.revision).toBe(0n);
  });

  it('with a certificate of its own authority and a user works; a wrong password is a denied access', async () => {
    const { url } = await start({ tls: testTls, users: { admin: 'se cret@1' } });
    const stream = streamName();
    const right = connect(securedUrl(url, `admin:${encodeURIComponent('se cret@1')}`));
    await append(right, stream);
    expect(await lastEventOf(right, stream)).toMatchObject({ revision: 0n });
    for (const wrong of [connect(securedUrl(url, 'admin:wrong')), connect(securedUrl(url))]) {
      expect(await failureOfPromise(append(wrong, stream, 0n))).toBe('access_denied');
      expect(await failureOfPromise(lastEventOf(wrong, stream))).toBe('access_denied');
      expect(await failureOfPromise(idsOf(wrong, stream))).toBe('access_denied');
    }
    expect(await idsOf(right, stream)).toHaveLength(1);
  });

  it.each([
    ['http://127.0.0.1:2113'],
    ['esdb://user:pa55word@?tls=false'],
    ['esdb://user:pa55word@host:port'],
    ['esdb://user:pa55word@host?tls=maybe'],
    ['esdb://user:pa55word@host?tlsCAFile=/nowhere'],
    ['esdb://user:pa55word@host?userCertFile=/nowhere'],
  ])('%s is refused, and no password repeated', (url) => {
    let refusal: unknown;
    try {
      connectionOf(url);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'CONNECTION_STRING_INVALID' });
    expect((refusal as Error).message).not.toContain('pa55word');
  });
});
