/** The files of one embedded Postgres: how they are created, and how its programs run on them. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findBinaries } from './binaries.js';
import { EmbeddedPostgresError } from './errors.js';
import { assertOurs } from '../../private-files/src/index.js';
import { giveTree, statIfThere } from './files.js';
import { passwordFileIn, tlsFilesIn, type TlsListening } from './listening.js';
import { closedFolder, serverUser, type ServerUser } from './server-user.js';

/** The database `ledger` and its owner, the role `ledger`. */
export type Cluster = Readonly<{
  directory: string;
  dataDirectory: string;
  logFile: string;
  binaries: string;
  user: ServerUser | undefined;
}>;

const logBytesMax = 1024 * 1024;
const programTimeoutMs = 120_000;
const outputCharactersMax = 2_000;
const missingLoaderHint =
  ' (on Alpine Linux: the programs need glibc; use a Debian image, or set DATABASE_URL to your own Postgres server)';
/**
 * Opens logs without following links: the folder belongs to Postgres' account, which must not redirect root's writes.
 * Windows has no O_NOFOLLOW.
 */
const APPENDING = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
const unfinishedPrefix = 'unfinished-';

/** Opens the cluster in `directory`, and creates it when missing. */
export async function openCluster(directory: string): Promise<Cluster> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { user, owners } = await serverUser(join(directory, 'data'));
  assertOurs(directory, 'folder', owners);
  assertOurs(join(directory, 'data'), 'folder', owners);
  // Root opens these too, and would block for ever on a pipe in their place.
  for (const name of ['server.log', 'data/ledger.password', 'data/postmaster.pid']) {
    assertOurs(join(directory, name), 'file', owners);
  }
  const path = await realpath(directory);
  const dataDirectory = join(path, 'data');
  if (user) await checkReachable(path, user);
  const cluster: Cluster = {
    directory: path,
    dataDirectory,
    logFile: join(path, 'server.log'),
    binaries: await findBinaries(user),
    user,
  };
  await chmod(path, 0o700);
  if (user) await chown(path, user.uid, user.gid);
  await limitLog(cluster.logFile);
  await removeUnfinished(path);
  const data = await statIfThere(dataDirectory);
  if (!data) await createCluster(cluster);
  else if (user && data.uid !== user.uid) await giveTree(dataDirectory, user);
  return cluster;
}

async function checkReachable(directory: string, user: ServerUser): Promise<void> {
  const closed = await closedFolder(dirname(directory), user);
  if (!closed) return;
  throw new EmbeddedPostgresError(
    'UNREACHABLE_DIRECTORY',
    `Postgres may not run as root, so the ledger runs it as "${user.name}" (uid ${user.uid}), and that account may not pass through "${closed}" ` +
      `to its files in "${directory}". Set DATA_DIR to a folder that it can reach, such as /var/lib/subscription-ledger; ` +
      `or open the folder ("chmod o+x ${closed}"); or run the ledger as an ordinary user; or set DATABASE_URL to your own Postgres server.`,
  );
}

/** Rotates the log, which grows slowly but for years. A running server keeps writing to the old file. */
async function limitLog(logFile: string): Promise<void> {
  const log = await statIfThere(logFile);
  if (log && log.size > logBytesMax) await rename(logFile, `${logFile}.1`);
}

/** Removes the remains of a creation that was killed. */
async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory);
  for (const name of names.filter((entry) => entry.startsWith(unfinishedPrefix))) {
    await rm(join(directory, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Creates the cluster in a temporary folder and renames it, so that `data` is either complete or missing. */
async function createCluster(cluster: Cluster): Promise<void> {
  const aside = await mkdtemp(join(cluster.directory, unfinishedPrefix));
  const dataDirectory = join(aside, 'data');
  const passwordFile = join(aside, 'password');
  const password = randomBytes(24).toString('hex');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (cluster.user) await giveTree(aside, cluster.user);
  await runProgram(cluster, 'initdb', {
    args: [
      '--pgdata',
      dataDirectory,
      '--username',
      'postgres',
      '--pwfile',
      passwordFile,
      '--auth',
      'scram-sha-256',
      '--encoding',
      'UTF8',
      '--locale-provider',
      'libc',
      '--no-locale',
    ],
  });
  await runProgram(cluster, 'postgres', {
    args: [
      '--single',
      '-D',
      dataDirectory,
      '-c',
      'exit_on_error=on',
      '-c',
      'log_min_error_statement=panic',
      '-c',
      'log_checkpoints=off',
      'postgres',
    ],
    input: creation(password),
  });
  await rename(passwordFile, passwordFileIn(dataDirectory));
  await rename(dataDirectory, cluster.dataDirectory);
  await rm(aside, { recursive: true });
}

/** Writes certificate and key for the server, which accepts only a key that its own account alone may read. */
export async function writeTlsFiles(
  { dataDirectory, user }: Cluster,
  { certificate, key }: TlsListening,
): Promise<void> {
  const files = tlsFilesIn(dataDirectory);
  for (const [file, content] of [
    [files.certificate, certificate],
    [files.key, key],
  ] as const) {
    await rm(file, { force: true });
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      if (user) await handle.chown(user.uid, user.gid);
    } finally {
      await handle.close();
    }
  }
}

/** Errors of the ledger's statements go to the ledger, not to the server's log, which they could fill. */
const creation = (password: string): string =>
  `
CREATE ROLE ledger LOGIN CREATEDB PASSWORD '${password}'
CREATE DATABASE ledger OWNER ledger
ALTER ROLE ledger SET log_min_messages = fatal
`.trimStart();

/**
 * Runs one of PostgreSQL's programs as the cluster's account, with its output in the log.
 * It is detached, so that a Ctrl-C for the ledger does not reach it.
 */
export async function runProgram(
  { directory, binaries, user, logFile }: Cluster,
  name: 'initdb' | 'pg_ctl' | 'postgres',
  { args, input = '' }: { args: string[]; input?: string },
): Promise<void> {
  const log = await open(logFile, APPENDING, 0o600);
  try {
    const logStart = (await log.stat()).size;
    const child = spawn(join(binaries, 'bin', name), args, {
      cwd: directory,
      env: programEnvironment(),
      detached: true,
      stdio: ['pipe', log.fd, log.fd],
      timeout: programTimeoutMs,
      ...(user && { uid: user.uid, gid: user.gid }),
    });
    const end = new Promise<string | undefined>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) =>
        resolve(`${error.message}${error.code === 'ENOENT' ? missingLoaderHint : ''}`),
      );
      child.once('exit', (code, signal) =>
        resolve(code === 0 ? undefined : `it ended with ${signal ?? `code ${code}`}`),
      );
    });
    child.stdin?.on('error', () => child.stdin?.destroy()); // it exited before reading everything; its exit says why
    child.stdin?.end(input);
    const failure = await end;
    if (failure === undefined) return;
    const output = (await readFile(logFile)).subarray(logStart).toString().trim().slice(-outputCharactersMax);
    throw new EmbeddedPostgresError(
      'PROGRAM_FAILED',
      `The embedded Postgres cannot run ${name}: ${failure}.${output && `\n${output}`}\nIts log is "${logFile}". ` +
        `Its data can be rebuilt from the event store: if its files are damaged, move "${directory}" away and start again.`,
    );
  } finally {
    await log.close();
  }
}

/**
 * Returns an environment without the ledger's secrets and without settings of other Postgres programs (PGPORT,
 * PGOPTIONS).
 */
function programEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP'].flatMap((name): [string, string][] =>
    process.env[name] ? [[name, process.env[name]]] : [],
  );
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}
