import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded-postgres/index.js';
import { isRunning, postmasterPid, query, scratchFolder, until } from './scratch.js';
import { startStoresProcess } from './stores-process.js';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
let started: EmbeddedPostgres[];

// One directory for all: only the first start makes the database, and no test minds what another left in it.
beforeAll(async () => {
  folder = await scratchFolder();
});
beforeEach(() => {
  started = [];
});
afterEach(async () => {
  for (const server of started) await server.stop();
});
afterAll(() => folder.remove());

async function start(port?: number): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ directory: folder.path, ...(port !== undefined && { port }) });
  started.push(server);
  return server;
}

describe('the embedded Postgres', () => {
  it('serves a durable UTF8 database in the C locale, on 127.0.0.1 only, to those who know the password', async () => {
    const { url, port } = await start();
    expect(url).toMatch(new RegExp(`^postgres://ledger:[0-9a-f]{48}@127\\.0\\.0\\.1:${port}/ledger$`));
    const [row] = await query(
      url,
      `select pg_encoding_to_char(encoding) as encoding, datcollate as collation, current_setting('server_version_num')::int / 10000 as version,
              current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('listen_addresses') as address,
              current_setting('timezone') as zone, (select rolsuper from pg_roles where rolname = current_user) as superuser
       from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({
      encoding: 'UTF8', collation: 'C', version: 18, fsync: 'on', commit: 'on', address: '127.0.0.1', zone: 'UTC', superuser: false,
    });
    await expect(query(url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'select 1')).rejects.toThrow('password authentication failed');
    const { mode } = await stat(join(folder.path, 'data', 'ledger.password'));
    expect(mode & 0o777).toBe(0o600);
  });

  it('keeps its rows, its password and, when asked, its port over a restart, and leaves no process behind when stopped', async () => {
    const first = await start();
    await query(first.url, 'create table before_restart as select 42 as answer');
    const pid = await postmasterPid(folder.path);
    await first.stop();
    expect(await isRunning(pid)).toBe(false);
    const second = await start(first.port);
    expect(second).toMatchObject({ url: first.url, adopted: false });
    expect(await query(second.url, 'select answer from before_restart')).toEqual([{ answer: 42 }]);
  });

  it('takes another port when the one it is asked for is in use', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const { port: taken } = occupant.address() as AddressInfo;
    try {
      const { url, port } = await start(taken);
      expect(port).not.toBe(taken);
      expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      occupant.close();
    }
  });

  it('adopts the server that is running already, and can stop it', async () => {
    const first = await start();
    const pid = await postmasterPid(folder.path);
    const second = await start();
    expect(second).toMatchObject({ url: first.url, port: first.port, adopted: true });
    await second.stop();
    expect(await isRunning(pid)).toBe(false);
  });

  it('starts again after the server itself was killed', async () => {
    const first = await start();
    await query(first.url, 'create table before_kill as select 42 as answer');
    process.kill(await postmasterPid(folder.path), 'SIGKILL');
    const second = await start(first.port);
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'select answer from before_kill')).toEqual([{ answer: 42 }]);
  });

  it('is not stopped by a stale postmaster.pid: of another process, of another directory, or empty', async () => {
    const first = await start();
    const pidFile = join(folder.path, 'data', 'postmaster.pid');
    const [, directory, ...lines] = (await readFile(pidFile, 'utf8')).split('\n');
    await first.stop();
    for (const stale of [[process.pid, directory, ...lines], [process.pid, '/elsewhere', ...lines], ['']]) {
      await writeFile(pidFile, stale.join('\n'));
      const next = await start();
      expect(next.adopted).toBe(false);
      expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
      await next.stop();
    }
  });

  it('makes the database again when it was killed in the middle of making it', async () => {
    const { path: dataDirectory, remove } = await scratchFolder();
    const postgres = join(dataDirectory, 'postgres');
    const killed = startStoresProcess({ dataDirectory, eventstoreUrl: 'esdb://elsewhere', databaseUrl: 'embedded', appendBytesMax: 1_048_576 });
    await until('initdb is under way', async () => {
      const aside = existsSync(postgres) ? (await readdir(postgres)).find((name) => name.startsWith('unfinished-')) : undefined;
      return aside !== undefined && existsSync(join(postgres, aside, 'data', 'base'));
    });
    await killed.kill();
    expect(existsSync(join(postgres, 'data'))).toBe(false);
    const server = await startEmbeddedPostgres({ directory: postgres });
    started.push(server);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await readdir(postgres)).sort()).toEqual(['data', 'server.log']);
    await server.stop();
    await remove();
  });
});
