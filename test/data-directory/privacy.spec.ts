/** A data directory that others can write to is refused; everything created in it is private from the start. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, chown, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/config.js';
import { openStores, type Stores } from '../../src/data-directory/index.js';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { withLocalSecrets } from '../../src/local-secrets.js';
import { scratchFolder } from '../support/scratch.js';

const OTHERS = 0o077;
const SOMEBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let scratch: Awaited<ReturnType<typeof scratchFolder>>;
let dataDirectory: string;
let stores: Stores | undefined;

beforeEach(async () => {
  scratch = await scratchFolder();
  await chmod(scratch.path, 0o711);
  dataDirectory = join(scratch.path, 'data');
  stores = undefined;
});
afterEach(async () => {
  await stores?.close();
  await scratch.remove();
});

async function open(databaseUrl = 'postgres://elsewhere/ledger'): Promise<Stores> {
  stores = await openStores({ dataDirectory, eventstoreUrl: 'embedded', databaseUrl, appendBytesMax: 1_048_576 });
  return stores;
}
const secrets = () => withLocalSecrets(loadConfig({ DATA_DIR: dataDirectory })).made;

/** All files and folders below, with their modes. */
async function modesBelow(folder: string): Promise<[path: string, mode: number][]> {
  const paths = [folder, ...(await readdir(folder, { recursive: true })).map((name) => join(folder, name))];
  return Promise.all(paths.map(async (path) => [path, (await lstat(path)).mode & 0o777]));
}

describe('a data directory is refused', () => {
  it.each(['secrets.json', 'endpoints.json', 'endpoints.json.new', 'lock.db', 'eventstore', 'postgres', 'tls'])(
    'when %s in it is a link, and where the link leads is left alone',
    async (name) => {
      await mkdir(dataDirectory, { mode: 0o700 });
      const isFolder = !name.includes('.');
      const victim = join(scratch.path, 'victim');
      await (isFolder ? mkdir(victim, { mode: 0o755 }) : writeFile(victim, 'precious', { mode: 0o644 }));
      await symlink(victim, join(dataDirectory, name));
      await expect(open('embedded')).rejects.toMatchObject({
        code: 'NOT_PRIVATE',
        message: expect.stringContaining(`"${join(dataDirectory, name)}" is a symbolic link`),
      });
      expect(await stat(victim)).toMatchObject({ mode: isFolder ? 0o040755 : 0o100644, uid: process.getuid?.() });
      if (isFolder) expect(await readdir(victim)).toEqual([]);
      else expect(await readFile(victim, 'utf8')).toBe('precious');
    },
  );

  if (process.platform !== 'win32') {
    it.each(['server.log', 'data/ledger.password', 'data/postmaster.pid'])(
      'when postgres/%s is a pipe, on which a start would wait forever',
      async (name) => {
        const pipe = join(dataDirectory, 'postgres', name);
        await mkdir(join(dataDirectory, 'postgres', 'data'), { recursive: true, mode: 0o700 });
        await chmod(dataDirectory, 0o700);
        execFileSync('mkfifo', ['-m', '600', pipe]);
        await expect(open('embedded')).rejects.toThrow(`"${pipe}" is not a file`);
      },
    );
  }

  it('when it is a link itself', async () => {
    await mkdir(join(scratch.path, 'elsewhere'));
    await symlink(join(scratch.path, 'elsewhere'), dataDirectory);
    await expect(open()).rejects.toThrow(/is a symbolic link/);
    expect(secrets).toThrow(/is a symbolic link/);
  });

  it.each([0o777, 0o1777, 0o770, 0o702])(
    'when others may write into it (mode %o), also before secrets are read',
    async (mode) => {
      await mkdir(dataDirectory);
      await chmod(dataDirectory, mode);
      await writeFile(
        join(dataDirectory, 'secrets.json'),
        JSON.stringify({
          webhookSecret: 'whsec_of_the_attacker',
          readToken: 'x'.repeat(16),
          adminToken: 'y'.repeat(16),
        }),
        { mode: 0o600 },
      );
      expect(secrets).toThrow(/can be written by other accounts .* run: chmod -R go-w/);
      await expect(open()).rejects.toMatchObject({ code: 'NOT_PRIVATE' });
    },
  );

  it.each(['secrets.json', 'endpoints.json', 'lock.db'])('when others may write %s', async (name) => {
    await mkdir(dataDirectory, { mode: 0o700 });
    await writeFile(join(dataDirectory, name), '');
    await chmod(join(dataDirectory, name), 0o622);
    await expect(open()).rejects.toThrow(new RegExp(`${name}" can be written by other accounts .* run: chmod go-w`));
  });

  it('when every account may replace it, since the folder above is open and not sticky', async () => {
    await chmod(scratch.path, 0o777);
    await expect(open()).rejects.toThrow(/Every account may write into .* and could replace/);
    await chmod(scratch.path, 0o1777);
    await open();
  });

  it('when others may read its secrets, and prints the command that fixes it', async () => {
    secrets();
    const file = join(dataDirectory, 'secrets.json');
    await chmod(file, 0o644);
    expect(secrets).toThrow(`Run: chmod 600 "${file}"`);
    await chmod(file, 0o600);
    expect(secrets()).not.toBeNull();
  });

  if (isRoot) {
    it.each(['', 'secrets.json', 'endpoints.json', 'endpoints.json.new', 'lock.db', 'eventstore', 'tls'])(
      'when it, or "%s" in it, belongs to another account',
      async (name) => {
        const path = join(dataDirectory, name);
        await mkdir(dataDirectory, { mode: 0o700 });
        if (name.includes('.')) await writeFile(path, '', { mode: 0o600 });
        else await mkdir(path, { recursive: true, mode: 0o700 });
        await chown(path, SOMEBODY, SOMEBODY);
        await expect(open()).rejects.toThrow(
          new RegExp(`"${path.replace(/\/$/, '')}/?" belongs to the account with uid ${SOMEBODY}`),
        );
      },
    );

    it('when the folder of Postgres belongs to an account that does not run it', async () => {
      await mkdir(join(dataDirectory, 'postgres', 'data'), { recursive: true });
      await chown(join(dataDirectory, 'postgres', 'data'), 54_321, 54_321);
      await expect(open('embedded')).rejects.toThrow(/postgres\/data" belongs to the account with uid 54321/);
    });
  }
});

describe('the content of a data directory', () => {
  it('is closed to others, whether new or created by a version that left it open', async () => {
    const mayPass = isRoot ? [[dataDirectory, 0o711]] : [];
    const openOnes = async () => (await modesBelow(dataDirectory)).filter(([, mode]) => (mode & OTHERS) !== 0);
    secrets();
    await open('embedded');
    expect(await openOnes()).toEqual(mayPass);
    await stores?.close();
    for (const name of ['lock.db', 'endpoints.json', 'eventstore/events.db'])
      await chmod(join(dataDirectory, name), 0o644);
    for (const name of ['', 'eventstore', 'postgres']) await chmod(join(dataDirectory, name), 0o755);
    await open('embedded');
    expect(await openOnes()).toEqual(mayPass);
  }, 60_000);

  it('does not close a folder that holds other things too', async () => {
    await mkdir(dataDirectory, { mode: 0o755 });
    await writeFile(join(dataDirectory, 'README'), 'of somebody who works here');
    await open();
    expect((await stat(dataDirectory)).mode & 0o777).toBe(0o755);
    expect((await stat(join(dataDirectory, 'lock.db'))).mode & 0o777).toBe(0o600);
  });
});

describe('the event store alone', () => {
  it('closes its folder and its files to others, also those that are there already', async () => {
    await mkdir(dataDirectory, { mode: 0o755 });
    const start = () => startEmbeddedEventStore({ directory: dataDirectory });
    const first = await start();
    expect((await modesBelow(dataDirectory)).filter(([, mode]) => (mode & OTHERS) !== 0)).toEqual([]);
    await first.stop();
    await chmod(join(dataDirectory, 'events.db'), 0o644);
    const second = await start();
    expect((await modesBelow(dataDirectory)).filter(([, mode]) => (mode & OTHERS) !== 0)).toEqual([]);
    await second.stop();
    await rm(join(dataDirectory, 'events.db'));
    await symlink(join(scratch.path, 'victim'), join(dataDirectory, 'events.db'));
    await expect(start()).rejects.toThrow(/is a symbolic link/);
  });

  it('listens at a socket only in a folder that no other account may enter', async () => {
    await mkdir(dataDirectory, { mode: 0o711 });
    const socket = join(dataDirectory, 'socket');
    await expect(startEmbeddedEventStore({ directory: 'memory', socket })).rejects.toThrow(
      /closed to other accounts: chmod 700/,
    );
  });
});
