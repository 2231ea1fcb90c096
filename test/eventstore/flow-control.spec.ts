import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session, type Settings } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { readEventAt } from '../../src/eventstore/read.js';
import { until } from '../support/until.js';

const WIDE = 1024 * 1024;
const READ = {
  ':method': 'POST',
  ':path': '/event_store.client.streams.Streams/Read',
  'content-type': 'application/grpc',
  te: 'trailers',
};

it('lets the store send a megabyte of a read before it waits for us', async () => {
  const granted: number[] = [];
  const sessions: ServerHttp2Session[] = [];
  const server = createServer();
  server.on('session', (session) => {
    sessions.push(session);
    session.once('remoteSettings', ({ initialWindowSize }: Settings) => granted.push(initialWindowSize ?? 0));
  });
  server.on('stream', (stream) =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '3' }, { endStream: true }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const store = connectEventStore(`esdb://127.0.0.1:${(server.address() as AddressInfo).port}?tls=false`);
  try {
    await expect(readEventAt(store, 'subscription-sub_1', 0n)).rejects.toThrow();
    expect(granted).toEqual([WIDE]);
  } finally {
    await store.close();
    // grpc-js keeps an unused connection open for a while, and with it the test's process.
    sessions.forEach((session) => session.destroy());
    server.close();
  }
});

it('lets a client send a megabyte of appends before the embedded store has looked at them', async () => {
  const store = await startEmbeddedEventStore({ directory: 'memory' });
  const session = connect(store.url.replace('esdb', 'http'));
  try {
    await once(session, 'remoteSettings');
    const call = session.request(READ);
    await until(
      'a wide window',
      async () => session.remoteSettings.initialWindowSize === WIDE && (session.state.remoteWindowSize ?? 0) >= WIDE,
    );
    call.close();
  } finally {
    session.destroy();
    await store.stop();
  }
});
