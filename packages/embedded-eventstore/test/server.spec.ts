/** Tests specific to the embedded server: start, stop and limits. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ANY, binaryEvent, EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore } from '../src/index.js';
import { startProxy } from '../../../test/support/cuttable-proxy.js';
import { embeddedStores } from './stores.js';
import {
  append,
  collect,
  errorTypeOf,
  idsIn,
  idsOf,
  newEvents,
  newStream,
} from '../../../test/contract/event-store.js';
import { follow } from '../../../test/contract/follow.js';

const { connect, directory, start } = embeddedStores();

describe('The embedded event store', () => {
  it('has all acknowledged events after a restart, at the same positions', async () => {
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

  it('no longer recognises repeats of appends at any revision after a restart, like the real server', async () => {
    const stream = newStream();
    const events = newEvents(1);
    const first = await start();
    await append(first.client, stream, { events, expectedRevision: ANY });
    await append(first.client, stream, { events, expectedRevision: ANY });
    await first.server.stop();

    const second = await start();
    expect(await append(second.client, stream, { events, expectedRevision: ANY })).toMatchObject({
      kind: 'written',
      revision: 1n,
    });
  });

  it('recognises repeats of appends at any revision by a bounded number of ids, like the real server', async () => {
    const { client } = await start({ directory: 'memory' });
    const stream = newStream();
    const events = newEvents(1);
    const again = () => append(client, stream, { events, expectedRevision: ANY });
    await again();
    expect(await again()).toMatchObject({ kind: 'written', revision: 0n });
    for (let round = 0; round < 10; round += 1) await append(client, newStream(), { events: newEvents(5_000) });
    expect(await again()).toMatchObject({ kind: 'written', revision: 1n });
  });

  it('refuses a directory in use by another server, and says so', async () => {
    await start();
    await expect(startEmbeddedEventStore({ directory: directory() })).rejects.toThrow(
      /in use by another process.*choose another directory/,
    );
  });

  it('refuses a directory in use by another process', async () => {
    const module = resolve('dist/packages/embedded-eventstore/src/index.js');
    const script = `import { startEmbeddedEventStore } from ${JSON.stringify(module)};
      await startEmbeddedEventStore({ directory: ${JSON.stringify(directory())} });
      console.log('started');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(startEmbeddedEventStore({ directory: directory() })).rejects.toThrow(/in use by another process/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await start();
  });

  it('refuses a directory that it cannot write, and files that are not its own', async () => {
    writeFileSync(join(directory(), 'file'), '');
    await expect(startEmbeddedEventStore({ directory: join(directory(), 'file') })).rejects.toThrow(
      /is not a folder\. Move it away, or name another folder/,
    );
    writeFileSync(join(directory(), 'events.db'), 'x'.repeat(8192));
    await expect(startEmbeddedEventStore({ directory: directory() })).rejects.toThrow(
      /cannot be opened .*the files belong to an event store/,
    );
  });

  it('refuses a port in use by another program, and says so', async () => {
    const { server } = await start();
    await expect(startEmbeddedEventStore({ directory: 'memory', port: server.port })).rejects.toThrow(
      /cannot listen on .*choose another port/,
    );
  });

  it('accepts appends up to the configured limit by either call, and reports the limit for larger ones', async () => {
    const MAX = 6 * 1024 * 1024;
    const { client } = await start({ directory: 'memory', appendBytesMax: MAX });
    const sized = (bytes: number) => binaryEvent({ type: 'x', data: Buffer.alloc(bytes - 2) });
    const unary = { credentials: { username: 'nobody', password: 'asked' } };
    for (const options of [{}, unary]) {
      const stream = newStream();
      await client.appendToStream(stream, sized(MAX), options);
      await expect(client.appendToStream(stream, sized(MAX + 1), options)).rejects.toMatchObject({
        type: 'maximum-append-size-exceeded',
        maxAppendSize: MAX,
      });
      expect((await collect(client.readStream(stream))).map(({ data }) => (data as Uint8Array).byteLength)).toEqual([
        MAX - 2,
      ]);
    }
  });

  it('sends clients that discover the cluster to the advertised address, behind a port mapping for example', async () => {
    const inside = await start({ directory: 'memory' });
    const { port } = inside.server;
    await inside.server.stop();
    const mapping = await startProxy(port);
    try {
      await start({ directory: 'memory', port, advertise: { host: '127.0.0.1', port: mapping.port } });
      const client = connect(`esdb+discover://127.0.0.1:${port}?tls=false&maxDiscoverAttempts=1`);
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

  it('answers the appends that it has received before it stops', async () => {
    const { server, client } = await start();
    const stream = newStream();
    await append(client, stream, { events: newEvents(1) });
    const appends = Promise.allSettled(
      Array.from({ length: 50 }, () => append(client, stream, { events: newEvents(1) })),
    );
    await server.stop();
    const answered = (await appends).filter(({ status }) => status === 'fulfilled').length;
    const again = await start();
    expect((await collect(again.client.readStream(stream))).length).toBeGreaterThanOrEqual(answered + 1);
  });

  it('starts a new store, and only a new one, with a system event', async () => {
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

  it('neither shows nor acknowledges an append before it is flushed', async () => {
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
      const seen = [
        await errorTypeOf(idsIn(client, stream)),
        (await collect(client.readAll())).filter(({ streamId }) => streamId === stream).length,
      ];
      if (Date.now() - began < flushDelayMs)
        expect([...seen, answered, following.log().includes('event')]).toEqual(['stream-not-found', 0, false, false]);
    }
    expect(await outcome).toMatchObject({ kind: 'written', revision: 0n });
    expect(await repeated).toEqual(await outcome);
    expect(idsOf(await following.events(1))).toEqual(idsOf(events));
    await following.stop();
  });

  it('drops repeats of an unflushed append if configured, like the real server, and recognises later repeats', async () => {
    const { client } = await start({ flushDelayMs: 100, dropsRepeatsInFlight: true });
    const unary = { credentials: { username: 'nobody', password: 'asked' } };
    for (const options of [{ deadline: 1_000 }, unary]) {
      for (const expectedRevision of [NO_STREAM, ANY] as const) {
        const stream = newStream();
        const events = newEvents(1);
        const both = await Promise.allSettled(
          [1, 2].map(() => append(client, stream, { events, expectedRevision, ...options })),
        );
        const written = both
          .filter(({ status }) => status === 'fulfilled')
          .map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value);
        const dropped = both
          .filter(({ status }) => status === 'rejected')
          .map((outcome) => (outcome as PromiseRejectedResult).reason.type);
        expect(written).toEqual([{ kind: 'written', revision: 0n, position: expect.any(BigInt) }]);
        expect(dropped).toEqual([options === unary ? 'timeout' : 'deadline-exceeded']);
        expect(await append(client, stream, { events, expectedRevision, ...options })).toEqual(written[0]);
        expect(await idsIn(client, stream)).toEqual(idsOf(events));
      }
    }
  });

  it('answers an append that exceeds its deadline with a timeout, and recognises its repeat', async () => {
    const { client } = await start({ flushDelayMs: 600 });
    const stream = newStream();
    const events = newEvents(1);
    await expect(append(client, stream, { events, expectedRevision: NO_STREAM, deadline: 200 })).rejects.toMatchObject({
      type: 'deadline-exceeded',
    });
    expect(await append(client, stream, { events, expectedRevision: NO_STREAM })).toMatchObject({
      kind: 'written',
      revision: 0n,
    });
    expect(await idsIn(client, stream)).toEqual(idsOf(events));
  });
});
