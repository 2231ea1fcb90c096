import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres, type TlsListening } from '../src/index.js';
import { certificateFile, testTls } from '../../../test/support/tls.js';
import { isRunning, postmasterPid, query, scratchFolder, until } from '../../../test/support/scratch.js';
import { startStoresProcess } from '../../../test/data-directory/stores-process.js';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
let started: EmbeddedPostgres[];

// One directory for all tests: only the first start creates the database, and no test depends on its content.
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

async function start(tls?: TlsListening): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ directory: folder.path, tls });
  started.push(server);
  return server;
}

describe('the embedded Postgres', () => {
  it('serves a durable UTF8 database in the C locale, at a socket in its private folder only, to those who know the password', async () => {
    const { url, address } = await start();
    const socket = join(folder.path, '.s.PGSQL.5432');
    expect(address).toEqual({ socket });
    expect(url).toMatch(new RegExp(`^postgres://ledger:[0-9a-f]{48}@${encodeURIComponent(folder.path)}/ledger$`));
    const [row] = await query(
      url,
      `select pg_encoding_to_char(encoding) as encoding, datcollate as collation, current_setting('server_version_num')::int / 10000 as version,
              current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('listen_addresses') as address,
              current_setting('timezone') as zone, (select rolsuper from pg_roles where rolname = current_user) as superuser
       from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({
      encoding: 'UTF8',
      collation: 'C',
      version: 18,
      fsync: 'on',
      commit: 'on',
      address: '',
      zone: 'UTC',
      superuser: false,
    });
    await expect(query(url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'select 1')).rejects.toThrow(
      'password authentication failed',
    );
    for (const [path, mode] of [
      [folder.path, 0o700],
      [join(folder.path, 'data'), 0o700],
      [socket, 0o700],
      [join(folder.path, 'data', 'ledger.password'), 0o600],
    ] as const) {
      expect([path, (await stat(path)).mode & 0o777]).toEqual([path, mode]);
    }
  });

  it('serves at a port with TLS when it is told to: another when that one is in use, and only to those who ask for its certificate', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const { port: taken } = occupant.address() as AddressInfo;
    try {
      const { url, address } = await start({ ...testTls, certificateFile, port: taken });
      expect(address).toEqual({ port: expect.any(Number) });
      expect(address).not.toEqual({ port: taken });
      expect(await query(url, 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()')).toEqual([
        { ssl: true, version: 'TLSv1.3' },
      ]);
      expect(existsSync(join(folder.path, '.s.PGSQL.5432'))).toBe(false);
      await expect(query(url.replace(/sslrootcert=[^&]+/, ''), 'select 1')).rejects.toThrow(/self.signed certificate/);
    } finally {
      occupant.close();
    }
  });

  it('moves from the port to the socket when it was left over by a process with the other transport', async () => {
    const left = await start({ ...testTls, certificateFile });
    await query(left.url, 'create table before_the_move as select 42 as answer');
    const { address, adopted, url } = await start();
    expect({ address, adopted }).toEqual({ address: { socket: join(folder.path, '.s.PGSQL.5432') }, adopted: false });
    expect(await query(url, 'select answer from before_the_move')).toEqual([{ answer: 42 }]);
  });

  it('keeps its rows, its password and its address over a restart, and leaves no process behind when stopped', async () => {
    const first = await start();
    await query(first.url, 'create table before_restart as select 42 as answer');
    const pid = await postmasterPid(folder.path);
    await first.stop();
    expect(await isRunning(pid)).toBe(false);
    const second = await start();
    expect(second).toMatchObject({ url: first.url, adopted: false });
    expect(await query(second.url, 'select answer from before_restart')).toEqual([{ answer: 42 }]);
  });

  it('adopts the server that is running already, and can stop it', async () => {
    const first = await start();
    const pid = await postmasterPid(folder.path);
    const second = await start();
    expect(second).toMatchObject({ url: first.url, address: first.address, adopted: true });
    await second.stop();
    expect(await isRunning(pid)).toBe(false);
  });

  it('starts again after the server itself was killed', async () => {
    const first = await start();
    await query(first.url, 'create table before_kill as select 42 as answer');
    process.kill(await postmasterPid(folder.path), 'SIGKILL');
    const second = await start();
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
    const killed = startStoresProcess({
      dataDirectory,
      eventstoreUrl: 'esdb://elsewhere',
      databaseUrl: 'embedded',
      appendBytesMax: 1_048_576,
    });
    await until('initdb is under way', async () => {
      const aside = existsSync(postgres)
        ? (await readdir(postgres)).find((name) => name.startsWith('unfinished-'))
        : undefined;
      return aside !== undefined && existsSync(join(postgres, aside, 'data', 'base'));
    });
    await killed.kill();
    expect(existsSync(join(postgres, 'data'))).toBe(false);
    const server = await startEmbeddedPostgres({ directory: postgres });
    started.push(server);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await readdir(postgres)).filter((name) => !name.startsWith('.s.')).sort()).toEqual(['data', 'server.log']);
    await server.stop();
    await remove();
  });
});
