/** What clients see that are in the middle of a call when the embedded server stops: a server that is not available, never a call that somebody cancelled. */
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { binaryEvent, EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { expect, it } from '@jest/globals';
import { embeddedStores } from './stores.js';
import { append, newEvents, newStream } from '../../../test/contract/event-store.js';
import { appendEvent, appendOptions, endpointOf, streamOptions } from '../../../test/contract/raw-calls.js';

const { start } = embeddedStores();

const rawClient = (url: string): StreamsClient => new StreamsClient(endpointOf(url), credentials.createInsecure());

const EVENTS = 100;

async function fill(client: EventStoreDBClient, stream: string, bytes: number): Promise<void> {
  const event = () => binaryEvent({ type: 'filled', data: Buffer.alloc(bytes) });
  for (let written = 0; written < EVENTS; written += 10)
    await client.appendToStream(stream, Array.from({ length: 10 }, event));
}

/** A read whose client takes one event and no more until it is told to. */
async function stoppedReader(url: string, stream: string) {
  const client = rawClient(url);
  const call = client.read(new streams.ReadReq().setOptions(streamOptions(stream).setCount(String(EVENTS))));
  let taken = 0;
  call.on('data', () => {
    if (taken++ === 0) call.pause();
  });
  await once(call, 'pause');
  const outcome = new Promise<number>((resolve) => {
    call.on('error', ({ code }: ServiceError) => resolve(code));
    call.on('end', () => resolve(status.OK));
  });
  const goOn = async () => {
    call.resume();
    const code = await outcome;
    client.close();
    return { code, taken };
  };
  return { goOn };
}

it('cuts off a reader that does not take its answers', async () => {
  const { server, client } = await start({ directory: 'memory' });
  const stream = newStream();
  await fill(client, stream, 90_000);
  const reader = await stoppedReader(server.url, stream);
  await server.stop();
  expect((await reader.goOn()).code).toBe(status.UNAVAILABLE);
});

it('leaves to a reader what is on its way to it, and does not wait for it', async () => {
  const { server, client } = await start({ directory: 'memory' });
  const stream = newStream();
  await fill(client, stream, 100);
  const reader = await stoppedReader(server.url, stream);
  await fill(client, newStream(), 100); // the server has long sent all when it has answered this
  await server.stop();
  expect(await reader.goOn()).toEqual({ code: status.OK, taken: EVENTS });
});

it('refuses what is still being sent', async () => {
  const { server, client } = await start({ directory: 'memory' });
  const stream = newStream();
  await append(client, stream, { events: newEvents(1) });
  const raw = rawClient(server.url);
  let code: number | undefined;
  const call = raw.append((error) => (code = error?.code ?? status.OK));
  call.write(appendOptions(stream));
  const stopped = server.stop();
  while (code === undefined) {
    call.write(appendEvent());
    await setImmediate();
  }
  await stopped;
  raw.close();
  expect(code).toBe(status.UNAVAILABLE);
});
