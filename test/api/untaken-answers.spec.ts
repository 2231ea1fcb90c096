import { Controller, Get, Module } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Registry } from 'prom-client';
import { createServer } from '../../src/http/server.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

/** More than the system buffers for a client that does not read. */
const ANSWER = Buffer.alloc(32 * 1024 * 1024, 'x');
const BUDGET = 2.5 * ANSWER.length;

@Controller()
class LargeController {
  @Get('large')
  large(): Buffer {
    return ANSWER;
  }

  @Get('small')
  small(): string {
    return '{}';
  }
}

@Module({ controllers: [LargeController] })
class LargeModule {}

const silent = { log: () => undefined, error: () => undefined, warn: () => undefined };
const registry = new Registry();
let app: NestFastifyApplication;
let url: string;
beforeAll(async () => {
  const limits = { requestTimeoutMs: 60_000, connectionsMax: 100, bodiesBytesMax: 1_000_000, answersBytesMax: BUDGET };
  app = await createServer({ module: LargeModule }, { logger: silent, limits, registry, bodyRoute: null });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
const connections: RawConnection[] = [];
afterEach(() => connections.splice(0).forEach((connection) => connection.destroy()));
afterAll(() => app.close());

async function ask(paths: readonly string[]): Promise<RawConnection> {
  const connection = await RawConnection.open(url);
  connections.push(connection);
  connection.pause();
  for (const path of paths) await connection.head('GET', path, {});
  return connection;
}
const cut = async (): Promise<number> =>
  Number(/^ledger_http_connections_cut_total (\d+)/m.exec(await registry.metrics())?.[1]);

it('clients that do not read their answers are cut beyond the budget, and one that reads gets a complete answer', async () => {
  for (let at = 0; at < 5; at += 1) await ask(['/large']);
  await until('three are cut', async () => (await cut()) === 3);
  // Compressed it would fit next to the others.
  const reading = await fetch(`${url}/large`, { headers: { 'accept-encoding': 'identity' } });
  expect((await reading.arrayBuffer()).byteLength).toBe(ANSWER.length);
  expect(await cut()).toBe(4);
});

it('many answers on one connection count as those on many', async () => {
  const before = await cut();
  await ask(Array.from({ length: 4 }, () => '/large'));
  await until('it is cut', async () => (await cut()) === before + 1);
});

it('a connection that reads its answers is never cut, however many there are', async () => {
  const before = await cut();
  for (let at = 0; at < 10; at += 1)
    expect((await (await fetch(`${url}/large`)).arrayBuffer()).byteLength).toBe(ANSWER.length);
  for (let at = 0; at < 50; at += 1) expect((await fetch(`${url}/small`)).status).toBe(200);
  expect(await cut()).toBe(before);
});
