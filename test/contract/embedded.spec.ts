/** What only the embedded server can be asked: its start, its stop, its files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ANY, EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore, type EmbeddedEventStore, type EmbeddedEventStoreOptions } from '../../src/embedded-eventstore/index.js';
import { append, collect, errorTypeOf, idsIn, idsOf, newEvents, newStream } from './event-store.js';
import { follow } from './follow.js';

let directory: string;
let running: EmbeddedEventStore[];
let clients: EventStoreDBClient[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-eventstore-'));
  running = [];
  clients = [];
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.dispose()));
  await Promise.all(running.map((server) => server.stop()));
  rmSync(directory, { recursive: true, force: true });
});

const start = async (options: Partial<EmbeddedEventStoreOptions> = {}) => {
  const server = await startEmbeddedEventStore({ directory, ...options });
  const client = EventStoreDBClient.connectionString(server.url);
  running.push(server);
  clients.push(client);
  return { server, client };
};

describe('The embedded event store', () => {
  it('has after a restart what it acknowledged before, at the same places', async () => {
    const stream = newStream();
    const events = newEvents(10);
    const first = await start();
    const written = await append(first.client, stream, { events, expectedRevision: NO_STREAM });
    await first.server.stop();

    const second = await start();
    expect(await idsIn(second.client, stream)).toEqual(idsOf(events));
    expect(await append(second.client, stream, { events, expectedRevision: NO_STREAM })).toEqual(written);
    const next = await append(second.client, stream, { events: newEvents(1), expectedRevision: 9n });
    if (next.kind !== 'written' || written.kind !== 'written') throw new Error('Both are written.');
    expect(next.position).toBeGreaterThan(written.position as bigint);
  });

  it('forgets with a restart the ids by which appends expecting any revision are recognised, as the real one does', async () => {
    const stream = newStream();
    const events = newEvents(1);
    const first = await start();
    await append(first.client, stream, { events, expectedRevision: ANY });
    await append(first.client, stream, { events, expectedRevision: ANY });
    await first.server.stop();

    const second = await start();
    expect(await append(second.client, stream, { events, expectedRevision: ANY })).toMatchObject({ kind: 'written', revision: 1n });
  });

  it('refuses a directory that another server has, and says so', async () => {
    await start();
    await expect(startEmbeddedEventStore({ directory })).rejects.toThrow(/in use by another process.*choose another directory/);
  });

  it('refuses a directory that another process has', async () => {
    const module = resolve('dist/src/embedded-eventstore/index.js');
    const script = `import { startEmbeddedEventStore } from ${JSON.stringify(module)};
      await startEmbeddedEventStore({ directory: ${JSON.stringify(directory)} });
      console.log('started');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect(startEmbeddedEventStore({ directory })).rejects.toThrow(/in use by another process/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await start();
  });

  it('refuses a port that another program has, and says so', async () => {
    const { server } = await start();
    await expect(startEmbeddedEventStore({ directory: 'memory', port: server.port })).rejects.toThrow(/cannot listen on .*choose another port/);
  });

  it('ends subscriptions with an error when it stops', async () => {
    const { server, client } = await start();
    const following = follow(client.subscribeToAll());
    await following.reached('caughtUp');
    await server.stop();
    expect(await errorTypeOf(following.events(1))).toBe('unavailable');
  });

  it('answers what it has received before it stops', async () => {
    const { server, client } = await start();
    const stream = newStream();
    await append(client, stream, { events: newEvents(1) });
    const appends = Promise.allSettled(Array.from({ length: 50 }, () => append(client, stream, { events: newEvents(1) })));
    await server.stop();
    const answered = (await appends).filter(({ status }) => status === 'fulfilled').length;
    const again = await start();
    expect((await collect(again.client.readStream(stream))).length).toBeGreaterThanOrEqual(answered + 1);
  });

  it('keeps nothing in memory mode', async () => {
    const first = await start({ directory: 'memory' });
    const stream = newStream();
    await append(first.client, stream, { events: newEvents(1) });
    await first.server.stop();
    const second = await start({ directory: 'memory' });
    expect(await errorTypeOf(idsIn(second.client, stream))).toBe('stream-not-found');
  });
});
