/** What only the embedded server can be asked: its start, its stop, its files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ANY, BACKWARDS, END, EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'libsql';
import { startEmbeddedEventStore, type EmbeddedEventStore, type EmbeddedEventStoreOptions } from '../../src/embedded-eventstore/index.js';
import { startProxy } from '../support/cuttable-proxy.js';
import { append, collect, errorTypeOf, idsIn, idsOf, newEvent, newEvents, newStream } from './event-store.js';
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

/** Changes stored events behind the back of the server. */
const tamper = (sql: string): void => {
  const database = new Database(join(directory, 'events.db'));
  database.exec(sql);
  database.close();
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

  it('remembers a bounded number of ids for appends expecting any revision, as the real one does', async () => {
    const { client } = await start({ directory: 'memory' });
    const stream = newStream();
    const events = newEvents(1);
    const again = () => append(client, stream, { events, expectedRevision: ANY });
    await again();
    expect(await again()).toMatchObject({ kind: 'written', revision: 0n });
    for (let round = 0; round < 10; round += 1) await append(client, newStream(), { events: newEvents(5_000) });
    expect(await again()).toMatchObject({ kind: 'written', revision: 1n });
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

  it('refuses a directory that it cannot write, and files that are not its own', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(startEmbeddedEventStore({ directory: join(directory, 'file') })).rejects.toThrow(/cannot be opened .*Check that the directory/);
    writeFileSync(join(directory, 'events.db'), 'x'.repeat(8192));
    await expect(startEmbeddedEventStore({ directory })).rejects.toThrow(/cannot be opened .*its files are an event store's/);
  });

  it('refuses a port that another program has, and says so', async () => {
    const { server } = await start();
    await expect(startEmbeddedEventStore({ directory: 'memory', port: server.port })).rejects.toThrow(/cannot listen on .*choose another port/);
  });

  it('sends clients that discover to where it is said to be, behind a port mapping for instance', async () => {
    const inside = await start({ directory: 'memory' });
    const { port } = inside.server;
    await inside.server.stop();
    const mapping = await startProxy(port);
    try {
      await start({ directory: 'memory', port, advertise: { host: '127.0.0.1', port: mapping.port } });
      const client = EventStoreDBClient.connectionString(`esdb+discover://127.0.0.1:${port}?tls=false&maxDiscoverAttempts=1`);
      clients.push(client);
      const stream = newStream();
      const events = newEvents(1);
      await append(client, stream, { events });
      expect(await idsIn(client, stream)).toEqual(idsOf(events));
      mapping.refuse();
      await expect(append(client, stream, { events: newEvents(1) })).rejects.toThrow();
    } finally {
      await mapping.close();
    }
  });

  it('ends subscriptions with an error when it stops', async () => {
    const { server, client } = await start();
    const following = follow(client.subscribeToAll());
    await following.reached('caughtUp');
    await server.stop();
    expect(await errorTypeOf(following.until(() => false))).toBe('unavailable');
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

  it('begins a new store, and only a new one, with an event of the system', async () => {
    const typesIn = async (client: EventStoreDBClient) => (await collect(client.readAll())).map(({ type }) => type);
    const first = await start();
    expect(await typesIn(first.client)).toEqual(['$StoreCreated']);
    await first.server.stop();
    const second = await start();
    expect(await typesIn(second.client)).toEqual(['$StoreCreated']);
  });

  it('keeps nothing in memory mode', async () => {
    const first = await start({ directory: 'memory' });
    const stream = newStream();
    await append(first.client, stream, { events: newEvents(1) });
    await first.server.stop();
    const second = await start({ directory: 'memory' });
    expect(await errorTypeOf(idsIn(second.client, stream))).toBe('stream-not-found');
  });

  it('lets nobody see or hear of an append before it is flushed', async () => {
    const flushDelayMs = 700;
    const { client } = await start({ flushDelayMs });
    const stream = newStream();
    const following = follow(client.subscribeToStream(stream));
    await following.reached('caughtUp');
    const events = newEvents(1);
    const began = Date.now();
    let answered = false;
    const outcome = append(client, stream, { events, expectedRevision: NO_STREAM }).finally(() => (answered = true));
    const repeated = append(client, stream, { events, expectedRevision: NO_STREAM }).finally(() => (answered = true));
    while (Date.now() - began < flushDelayMs - 200) {
      const seen = [await errorTypeOf(idsIn(client, stream)), (await collect(client.readAll())).filter(({ streamId }) => streamId === stream).length];
      if (Date.now() - began < flushDelayMs) expect([...seen, answered, following.log().includes('event')]).toEqual(['stream-not-found', 0, false, false]);
    }
    expect(await outcome).toMatchObject({ kind: 'written', revision: 0n });
    expect(await repeated).toEqual(await outcome);
    expect(idsOf(await following.events(1))).toEqual(idsOf(events));
    await following.stop();
  });

  it('answers an append that takes longer than its deadline with a timeout; it may have been written, and its repetition is recognised', async () => {
    const { client } = await start({ flushDelayMs: 600 });
    const stream = newStream();
    const events = newEvents(1);
    await expect(append(client, stream, { events, expectedRevision: NO_STREAM, deadline: 200 })).rejects.toMatchObject({ type: 'deadline-exceeded' });
    expect(await append(client, stream, { events, expectedRevision: NO_STREAM })).toMatchObject({ kind: 'written', revision: 0n });
    expect(await idsIn(client, stream)).toEqual(idsOf(events));
  });
});

describe('Damage to the files', () => {
  it.each([
    ['the bytes of an event', "update events set frame = zeroblob(length(frame)) where revision = 1"],
    ['its checksum', 'update events set checksum = checksum + 1 where revision = 1'],
    ['its place in the stream', 'update events set revision = 7 where revision = 1'],
  ])('in %s is an error that names stream, revision and position, and does no harm to other streams', async (_what, sql) => {
    const [damaged, sound] = [newStream(), newStream()];
    const first = await start();
    await append(first.client, sound, { events: newEvents(1) });
    const written = await append(first.client, damaged, { events: newEvents(2) });
    await first.server.stop();
    tamper(sql);

    const second = await start();
    const position = written.kind === 'written' ? written.position : undefined;
    await expect(idsIn(second.client, damaged)).rejects.toThrow(new RegExp(`revision \\d of stream "${damaged}" \\(position ${position}\\) is damaged`));
    await expect(collect(second.client.readAll())).rejects.toThrow(/is damaged/);
    expect(await idsIn(second.client, sound)).toHaveLength(1);
  });
});

describe('An event that stands in another stream', () => {
  it('is an error there, though it fits, and an error where it is missing', async () => {
    const [from, to] = [newStream(), newStream()];
    const first = await start();
    await append(first.client, from, { events: newEvents(5) });
    await append(first.client, to, { events: newEvents(2) });
    await first.server.stop();
    tamper(`update events set stream = (select id from streams where name = '${to}') where revision = 2`);

    const { client } = await start();
    await expect(idsIn(client, to)).rejects.toThrow(new RegExp(`revision 2 of stream "${to}" .* is damaged`));
    await expect(idsIn(client, from)).rejects.toThrow(new RegExp(`before the event at revision 3 of stream "${from}" .* is missing`));
  });
});

describe('An append that damage decides about', () => {
  it.each([
    ['an altered event', 'update events set frame = zeroblob(length(frame)) where revision = 1', 'is damaged'],
    ['a missing event', 'delete from events where revision = 1', 'is missing'],
  ])('by %s is refused with an error that says so, whichever call it comes by, while others are written', async (_what, sql, said) => {
    const [damaged, sound] = [newStream(), newStream()];
    const events = newEvents(3);
    const first = await start();
    await append(first.client, damaged, { events });
    await first.server.stop();
    tamper(sql);

    const { client } = await start();
    const credentials = { username: 'unary', password: 'append' };
    const repeated = [append(client, damaged, { events, expectedRevision: NO_STREAM }), append(client, damaged, { events, expectedRevision: NO_STREAM, credentials })];
    const others = [append(client, sound, { events: newEvents(1) }), append(client, damaged, { events: newEvents(1), expectedRevision: 2n })];
    for (const refused of await Promise.allSettled(repeated)) expect(String((refused as PromiseRejectedResult).reason)).toMatch(new RegExp(`stream "${damaged}" .*${said}`));
    expect(await Promise.all(others)).toMatchObject([{ kind: 'written', revision: 0n }, { kind: 'written', revision: 3n }]);
  });

  it('by metadata, which a deleted stream that comes back keeps, is refused likewise', async () => {
    const stream = newStream();
    const first = await start();
    await append(first.client, stream, { events: newEvents(1) });
    await first.client.deleteStream(stream);
    await first.server.stop();
    tamper(`update events set frame = zeroblob(length(frame)) where type = '$metadata'`);

    const { client } = await start();
    await expect(append(client, stream, { events: newEvents(1) })).rejects.toThrow(new RegExp(`stream "\\$\\$${stream}" .* is damaged`));
    expect(await append(client, newStream(), { events: newEvents(1) })).toMatchObject({ kind: 'written' });
  });
});

describe('A missing event', () => {
  it.each([1, 31, 32, 33])('at revision %d is an error for reads of its stream and of $all, in both directions', async (revision) => {
    const stream = newStream();
    const first = await start();
    await append(first.client, stream, { events: newEvents(40) });
    await first.server.stop();
    tamper(`delete from events where revision = ${revision}`);

    const { client } = await start();
    const gap = new RegExp(`before the event at revision ${revision + 1} of stream "${stream}" .*the log has a gap`);
    await expect(idsIn(client, stream)).rejects.toThrow(gap);
    await expect(collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END }))).rejects.toThrow(gap);
    await expect(collect(client.readAll())).rejects.toThrow(gap);
    await expect(collect(client.readAll({ direction: BACKWARDS, fromPosition: END }))).rejects.toThrow(gap);
  });
});

describe('A full disk', () => {
  it('ends the server with a message, and what was acknowledged before is there after a start with more room', async () => {
    const module = JSON.stringify(resolve('dist/src/embedded-eventstore/index.js'));
    const script = `import { startEmbeddedEventStore } from ${module};
      const store = await startEmbeddedEventStore({ directory: ${JSON.stringify(directory)} });
      console.log(store.url);
      console.log((await store.failed).message);`;
    const limitedTo = (kib: number) => ['-c', `ulimit -f ${kib * 2} && exec "$0" --input-type=module -e "$1"`, process.execPath, script];
    const child = spawn('sh', limitedTo(4096), { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const client = EventStoreDBClient.connectionString((await lines.next()).value as string);
    clients.push(client);
    const stream = newStream();
    const acknowledged: string[] = [];
    const failure = await (async () => {
      for (;;) {
        const event = newEvent('large', { text: 'x'.repeat(50_000) });
        await append(client, stream, { events: [event] });
        acknowledged.push(event.id as string);
      }
    })().catch((error: Error) => error.message);
    expect(failure).toMatch(/event store stops because an append failed .*Check free space/);
    expect((await lines.next()).value).toMatch(/event store stops because an append failed/);
    await exited;

    const again = await start();
    expect((await idsIn(again.client, stream)).slice(0, acknowledged.length)).toEqual(acknowledged);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(await append(again.client, stream, { events: newEvents(1) })).toMatchObject({ kind: 'written' });
  });
});
