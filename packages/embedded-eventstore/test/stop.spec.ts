/**
 * A client whose call is under way when the embedded server stops sees an unavailable server, never a cancelled call.
 */
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

/** Starts a read whose client pauses after one event, until `goOn`. */
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

it('disconnects a reader that does not read its answers', async () => {
  const { server, client } = await start({ directory: 'memory' });
  const stream = newStream();
  await fill(client, stream, 90_000);
  const reader = await stoppedReader(server.url, stream);
  await server.stop();
  expect((await reader.goOn()).code).toBe(status.UNAVAILABLE);
});

it('leaves a reader the data in transit, and does not wait for it', async () => {
  const { server, client } = await start({ directory: 'memory' });
  const stream = newStream();
  await fill(client, stream, 100);
  const reader = await stoppedReader(server.url, stream);
  await fill(client, newStream(), 100); // once this is answered, the server has sent everything
  await server.stop();
  expect(await reader.goOn()).toEqual({ code: status.OK, taken: EVENTS });
});

it('refuses an append that is still being sent', async () => {
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
