import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cutSlowest, LiveReader, liveMessage } from '../../src/api/live/live-reader.js';
import { sent } from '../../src/api/sent.js';
import { until } from '../support/until.js';

const FILLING = 'x'.repeat(256 * 1024);
const message = (number: number) =>
  liveMessage({ event: 'subscription', id: String(number), data: JSON.stringify({ number, FILLING }) });

/** A reader at one end of a connection, and a client at the other that does not read yet. */
async function readerOf(slowMs: number) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const outgoing = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
  outgoing.end();
  const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  const gone = once(response, 'close');
  const reader = new LiveReader(response, { slowMs, onGone: () => undefined });
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const close = async (): Promise<void> => {
    outgoing.destroy();
    server.close();
    await once(server, 'close');
  };
  return { reader, response, incoming, gone, close };
}

it('keeps at most one state in flight for a reader that does not read, and then sends it the latest', async () => {
  const { reader, response, incoming, close } = await readerOf(60_000);
  const told = 200;
  for (let number = 1; number <= told; number += 1) {
    reader.tell(message(number));
    expect(response.writableLength).toBeLessThan(2 * FILLING.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  let text = '';
  incoming.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await until('the latest state', async () => text.endsWith('\n\n') && text.includes(`id: ${told}\n`));
  const numbers = [...text.matchAll(/^id: (\d+)$/gm)].map(([, number]) => Number(number));
  expect(numbers.length).toBeLessThan(told);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  await close();
});

it('cuts a reader that does not read for too long', async () => {
  const { reader, gone, close } = await readerOf(0);
  for (let number = 1; number <= 200; number += 1) {
    reader.tell(message(number));
    await new Promise((resolve) => setImmediate(resolve));
  }
  reader.beat();
  await gone;
  await close();
});

it('keeps one event for a reader of a feed that does not read, cuts it, and lets those be that read slowly', async () => {
  const [stuck, slow] = await Promise.all([readerOf(60_000), readerOf(60_000)]);
  const { signal } = new AbortController();
  const feed = async ({ response }: typeof stuck, slowMs: number): Promise<number> => {
    for (let count = 0; count < 100; count += 1) {
      await sent(response, FILLING, signal, slowMs);
      expect(response.writableLength).toBeLessThan(2 * FILLING.length);
    }
    return 100;
  };
  const fed = feed(stuck, 50);
  // Later messages wait behind the one that is not read, until the connection is cut.
  await expect(fed).rejects.toThrow(/abort|timeout/i);
  await stuck.gone;
  expect([stuck.response.destroyed, stuck.response.writableLength < 2 * FILLING.length]).toEqual([true, true]);
  slow.incoming.on('data', () => {
    slow.incoming.pause();
    setImmediate(() => slow.incoming.resume());
  });
  const taken = feed(slow, 5_000);
  expect(await taken).toBe(100);
  expect(slow.response.destroyed).toBe(false);
  for (const { close } of [stuck, slow]) await close();
});

it('sends a state once, however often it is the current one', async () => {
  const { reader, incoming, close } = await readerOf(60_000);
  let text = '';
  incoming.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  for (const number of [1, 1, 2, 2, 2])
    reader.tell(liveMessage({ event: 'subscription', id: '7', data: JSON.stringify({ number }) }));
  reader.beat();
  await until('the heartbeat', async () => text.includes(': still here\n\n'));
  expect([...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data)).toEqual(['{"number":1}', '{"number":2}']);
  await close();
});

/** Sends to a reader that does not read until its connection accepts no more. */
async function block(reader: LiveReader): Promise<void> {
  for (let number = 1; reader.blockedForMs() === 0 || reader.keptBytes < FILLING.length; number += 1) {
    reader.tell(message(number));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it('cuts the readers that have been blocked longest when too much is kept for all of them', async () => {
  const [first, second, reading] = await Promise.all([readerOf(60_000), readerOf(60_000), readerOf(60_000)]);
  reading.incoming.resume();
  await block(first.reader);
  await block(second.reader);
  const kept = first.reader.keptBytes + second.reader.keptBytes;
  const all = [reading, second, first].map(({ reader }) => reader);
  expect(cutSlowest(all, kept + reading.reader.keptBytes)).toBe(0);
  expect(cutSlowest(all, kept - 1)).toBe(1);
  await first.gone;
  expect([second, reading].map(({ response }) => response.destroyed)).toEqual([false, false]);
  for (const { close } of [first, second, reading]) await close();
});

it('keeps one text for all the readers of a state, however many do not read', async () => {
  const readers = await Promise.all(Array.from({ length: 40 }, () => readerOf(60_000)));
  for (const { reader } of readers) await block(reader);
  const before = process.memoryUsage().arrayBuffers;
  const shared = message(1_000_000);
  for (const { reader } of readers) reader.tell(shared);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * FILLING.length);
  for (const { reader } of readers) expect(reader.keptBytes).toBeGreaterThanOrEqual(FILLING.length);
  for (const { close } of readers) await close();
});
