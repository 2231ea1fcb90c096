/** The files of one embedded Postgres, how they come to be, and how its programs are run on them. */
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
  ' (on Alpine Linux: the programs need glibc; use a Debian image, or set DATABASE_URL to a Postgres server of your own)';
/**
 * The folder belongs to the account of Postgres, and root must not be led elsewhere by it. Windows knows no
 * O_NOFOLLOW.
 */
const APPENDING = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
const unfinishedPrefix = 'unfinished-';

/** Opens the cluster in `directory`, and makes it first where there is none. */
export async function openCluster(directory: string): Promise<Cluster> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { user, owners } = await serverUser(join(directory, 'data'));
  assertOurs(directory, 'folder', owners);
  assertOurs(join(directory, 'data'), 'folder', owners);
  // Root opens these too, and would wait for ever at a pipe in their place.
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
      `or open the folder ("chmod o+x ${closed}"); or run the ledger as an ordinary user; or set DATABASE_URL to a Postgres server of your own.`,
  );
}

/** The log is short (see the settings), but a data directory lives for years. A server that is running still logs on into the old file. */
async function limitLog(logFile: string): Promise<void> {
  const log = await statIfThere(logFile);
  if (log && log.size > logBytesMax) await rename(logFile, `${logFile}.1`);
}

/** What a process left that was killed in the middle of making a cluster. */
async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory);
  for (const name of names.filter((entry) => entry.startsWith(unfinishedPrefix))) {
    await rm(join(directory, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Everything happens in a folder aside, which is renamed when it is complete: `data` is whole or not there. */
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

/** Puts certificate and key where the server reads them: it takes a key that its own account alone may read. */
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

/** The errors of the ledger's own statements go to the ledger, not to the server's log, which could grow without bound on them. */
const creation = (password: string): string =>
  `
CREATE ROLE ledger LOGIN CREATEDB PASSWORD '${password}'
CREATE DATABASE ledger OWNER ledger
ALTER ROLE ledger SET log_min_messages = fatal
`.trimStart();

/**
 * Runs one of PostgreSQL's programs to its end, as the cluster's account, with its output in the log.
 * Detached, so that a Ctrl-C meant for the ledger does not reach it.
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
    child.stdin?.on('error', () => child.stdin?.destroy()); // it ended before it read all; how it ended says why
    child.stdin?.end(input);
    const failure = await end;
    if (failure === undefined) return;
    const output = (await readFile(logFile)).subarray(logStart).toString().trim().slice(-outputCharactersMax);
    throw new EmbeddedPostgresError(
      'PROGRAM_FAILED',
      `The embedded Postgres cannot run ${name}: ${failure}.${output && `\n${output}`}\nIts log is "${logFile}". ` +
        `All that it holds can be rebuilt from the event store: when its files are damaged, move "${directory}" away and start again.`,
    );
  } finally {
    await log.close();
  }
}

/** Neither secrets of ours nor settings for other Postgres programs (PGPORT, PGOPTIONS) are its business. */
function programEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP'].flatMap((name): [string, string][] =>
    process.env[name] ? [[name, process.env[name]]] : [],
  );
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}
