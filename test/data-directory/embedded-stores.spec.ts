import { jsonEvent } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openStores, type Stores, type StoresEvent } from '../../src/data-directory/index.js';
import { officialClient } from '../../src/eventstore/client.js';
import { takeLock } from '../../src/data-directory/lock.js';
import { startEmbeddedPostgres } from '../../packages/embedded-postgres/src/index.js';
import { isRunning, postmasterPid, query, scratchFolder, until } from '../support/scratch.js';
import { startStoresProcess } from './stores-process.js';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
let opened: Stores[];
let processes: ReturnType<typeof startStoresProcess>[];

// Shared by the tests that do not need an empty one, since only the first start creates the database.
beforeAll(async () => {
  folder = await scratchFolder();
});
beforeEach(() => {
  opened = [];
  processes = [];
});
afterEach(async () => {
  for (const process of processes) await process.kill();
  for (const stores of opened) await stores.close();
});
afterAll(async () => {
  await stopLeftover();
  await folder.remove();
});

/** Stops the Postgres that a killed process left running. */
async function stopLeftover(): Promise<void> {
  const directory = join(folder.path, 'postgres');
  if (!existsSync(join(directory, 'data', 'postmaster.pid'))) return;
  const { stop } = await startEmbeddedPostgres({ directory });
  await stop();
}

const embedded = () => ({
  dataDirectory: folder.path,
  eventstoreUrl: 'embedded',
  databaseUrl: 'embedded',
  appendBytesMax: 1_048_576,
});
async function open(options: Partial<Parameters<typeof openStores>[0]> = {}): Promise<Stores> {
  const stores = await openStores({ ...embedded(), ...options });
  opened.push(stores);
  return stores;
}
function startProcess(options = embedded()) {
  const started = startStoresProcess(options);
  processes.push(started);
  return started;
}
const readEndpoints = async (): Promise<unknown> =>
  JSON.parse(await readFile(join(folder.path, 'endpoints.json'), 'utf8'));

async function append(url: string, stream: string): Promise<void> {
  const client = officialClient(url);
  await client.appendToStream(stream, jsonEvent({ type: 'kept', data: { answer: 42 } }));
  await client.dispose();
}

async function read(url: string, stream: string): Promise<unknown[]> {
  const client = officialClient(url);
  const data: unknown[] = [];
  for await (const { event } of client.readStream(stream)) data.push(event?.data);
  await client.dispose();
  return data;
}

describe('the stores of a data directory', () => {
  it('are started by the first process, described in a private endpoints.json, and gone when it closes', async () => {
    const events: StoresEvent[] = [];
    const stores = await open({ onEvent: (event) => events.push(event) });
    expect(stores.role).toBe('owner');
    expect(events).toEqual([{ kind: 'opened', role: 'owner', durationMs: expect.any(Number) }]);
    expect(await query(stores.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await readEndpoints()).toMatchObject({
      state: 'ready',
      pid: process.pid,
      eventstore: { url: stores.eventstoreUrl },
      database: { url: stores.databaseUrl },
    });
    expect((await stat(join(folder.path, 'endpoints.json'))).mode & 0o777).toBe(0o600);

    const pid = await postmasterPid(join(folder.path, 'postgres'));
    await stores.close();
    expect(await isRunning(pid)).toBe(false);
    expect(await readEndpoints()).toMatchObject({ state: 'stopped', eventstore: { url: stores.eventstoreUrl } });
  });

  it('are used by a second process, which leaves them alone when it closes, and keep their addresses for the next owner', async () => {
    const owner = await open();
    const guest = startProcess();
    expect(await guest.opened()).toEqual({
      role: 'guest',
      eventstoreUrl: owner.eventstoreUrl,
      databaseUrl: owner.databaseUrl,
    });
    await guest.close();
    expect(await query(owner.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);

    await owner.close();
    const next = await open();
    expect(next).toMatchObject({ role: 'owner', eventstoreUrl: owner.eventstoreUrl, databaseUrl: owner.databaseUrl });
  });

  it('go to one owner when two processes start at once on an empty directory', async () => {
    const empty = await scratchFolder();
    const options = { ...embedded(), dataDirectory: empty.path };
    const both = [startStoresProcess(options), startStoresProcess(options)];
    const [first, second] = await Promise.all(both.map((process) => process.opened()));
    expect([first?.role, second?.role].sort()).toEqual(['guest', 'owner']);
    expect({ ...first, role: '' }).toEqual({ ...second, role: '' });
    for (const process of first?.role === 'guest' ? both : both.reverse()) await process.close();
    await empty.remove();
  });

  it('are taken over at the same addresses by a guest when the owner is killed, with Postgres running on', async () => {
    const owner = startProcess();
    const { databaseUrl, eventstoreUrl } = await owner.opened();
    const guest = await open();
    const pid = await postmasterPid(join(folder.path, 'postgres'));
    await query(databaseUrl, 'create table kept as select 42 as answer');
    await append(eventstoreUrl, 'before-the-kill');
    await owner.kill();

    await until('the guest is the owner', () => guest.role === 'owner');
    expect(guest).toMatchObject({ databaseUrl, eventstoreUrl });
    expect(await readEndpoints()).toMatchObject({
      state: 'ready',
      pid: process.pid,
      eventstore: { url: eventstoreUrl },
    });
    expect(await query(guest.databaseUrl, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await read(guest.eventstoreUrl, 'before-the-kill')).toEqual([{ answer: 42 }]);
    expect(await postmasterPid(join(folder.path, 'postgres'))).toBe(pid);
    await guest.close();
    expect(await isRunning(pid)).toBe(false);
  });

  it('are started again at the same addresses by a guest when the owner closes', async () => {
    const owner = await open();
    const guest = startProcess();
    await guest.opened();
    await owner.close();
    await guest.event('took_over');
    expect(await readEndpoints()).toMatchObject({
      state: 'ready',
      eventstore: { url: owner.eventstoreUrl },
      database: { url: owner.databaseUrl },
    });
    expect(await query(owner.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('are reported as failed to a guest that would have to leave the sockets for ports', async () => {
    const owner = startProcess();
    await owner.opened();
    const guest = await open({ transport: 'tcp' });
    await owner.kill();
    await expect(guest.failed).resolves.toMatchObject({
      code: 'SERVERS_MOVED',
      message: expect.stringMatching(/EMBEDDED_TRANSPORT/),
    });
    expect(guest.role).toBe('guest');
  });

  it('are refused to a process that needs a server which the owner does not run', async () => {
    await open({ databaseUrl: 'postgres://ledger@elsewhere/ledger' });
    await expect(open()).rejects.toThrow(/uses the data directory ".*" with its own DATABASE_URL/);
  });

  it('are waited for, for a limited time, when another process holds the directory', async () => {
    const lock = takeLock(folder.path);
    try {
      await expect(open({ openTimeoutMs: 100 })).rejects.toThrow(
        /Another process .*holds the data directory ".*", but its servers did not answer within 0.1 s/,
      );
    } finally {
      lock?.release();
    }
  });

  it('are mended by their owner when Postgres dies', async () => {
    const events: StoresEvent[] = [];
    const owner = await open({ onEvent: (event) => events.push(event) });
    process.kill(await postmasterPid(join(folder.path, 'postgres')), 'SIGKILL');
    await until('Postgres is there again', () => events.some(({ kind }) => kind === 'postgres_restarted'));
    expect(await query(owner.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('are left running by an owner, and watched by a guest, whose process has no file descriptors left', async () => {
    const owner = await open();
    const guest = startProcess();
    await guest.opened();
    for (const stores of [guest, startProcess({ ...embedded(), dataDirectory: join(folder.path, 'own') })]) {
      await stores.opened();
      stores.say('exhaust');
      await stores.event('cannot_look');
      stores.say('recover');
      expect(stores.kinds()).not.toContain('postgres_down');
      await stores.close();
    }
    expect(await query(owner.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  }, 60_000);

  it('are left alone when both URLs name servers elsewhere', async () => {
    const urls = { eventstoreUrl: 'esdb://elsewhere', databaseUrl: 'postgres://elsewhere/ledger' };
    const dataDirectory = join(folder.path, 'not-needed');
    expect(await open({ ...urls, dataDirectory })).toMatchObject({ ...urls, role: 'none' });
    expect(existsSync(dataDirectory)).toBe(false);
  });
});
