/** The server that runs on a cluster's files: who it is (postmaster.pid), and whether it answers. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { Cluster } from './cluster.js';
import { EmbeddedPostgresError } from './errors.js';
import { readIfThere, statIfThere } from './files.js';
import { socketIn, tlsFilesIn, urlOf, type Address } from './listening.js';

const loginTimeoutMs = 2_000;
const settleTimeoutMs = 30_000;
const pollMs = 50;

/** What postmaster.pid says; no address while the server does not listen yet. */
type Postmaster = Readonly<{ pid: number; dataDirectory: string; address: Address | undefined; isReady: boolean }>;

const fileOf = ({ dataDirectory }: Cluster): string => join(dataDirectory, 'postmaster.pid');

/** Is there a live process that postmaster.pid names? */
export async function isServerThere(cluster: Cluster): Promise<boolean> {
  const postmaster = parse((await readIfThere(fileOf(cluster))) ?? '', cluster);
  return postmaster !== undefined && isAlive(postmaster.pid);
}

/**
 * The file's lines: pid, data directory, start time, port, folder of the socket, listening address, shared memory,
 * status.
 */
function parse(text: string, cluster: Cluster): Postmaster | undefined {
  const [pid, dataDirectory, , port, socketFolder, host, , status = ''] = text.split('\n');
  if (!(Number(pid) > 0 && Number(port) > 0 && dataDirectory)) return undefined;
  const address = socketFolder ? { socket: socketIn(cluster.directory) } : host ? { port: Number(port) } : undefined;
  return { pid: Number(pid), dataDirectory, address, isReady: status.trim() === 'ready' };
}

/**
 * The address of the server that is running on these files already, or undefined when there is none.
 * Waits for one that is just starting or stopping. Postgres itself clears away the postmaster.pid of a dead process; what it would
 * stumble over is removed here: a damaged file, one copied with its directory, one whose number another process has got
 * by now (usual after the restart of a container), and the lock of a socket, which holds such a number too.
 */
export async function findRunning(cluster: Cluster): Promise<Address | undefined> {
  const running = await findAnswering(cluster);
  if (running === undefined) await rm(`${socketIn(cluster.directory)}.lock`, { force: true });
  return running;
}

async function findAnswering(cluster: Cluster): Promise<Address | undefined> {
  const deadline = Date.now() + settleTimeoutMs;
  for (;;) {
    const text = await readIfThere(fileOf(cluster));
    if (text === undefined) return undefined;
    const postmaster = parse(text, cluster);
    if (postmaster && !isAlive(postmaster.pid)) return undefined;
    const isOurs = postmaster && resolve(postmaster.dataDirectory) === cluster.dataDirectory;
    const answer = isOurs ? await answerOf(cluster, postmaster) : 'stranger';
    if (postmaster?.address && answer === 'welcome') return postmaster.address;
    if (!postmaster || answer === 'stranger') {
      await rm(fileOf(cluster), { force: true });
      return undefined;
    }
    if (Date.now() > deadline) throw notAnswering(postmaster);
    await pause(pollMs);
  }
}

function notAnswering({ pid, dataDirectory, address }: Postmaster): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'NOT_ANSWERING',
    `Process ${pid} seems to be a Postgres on "${dataDirectory}" that listens at ${JSON.stringify(address)}, ` +
      `but it lets nobody in. Look at it ("ps -p ${pid}"); when it hangs, end it with "kill -QUIT ${pid}" and start again.`,
  );
}

type Answer = 'welcome' | 'later' | 'stranger';

async function answerOf(cluster: Cluster, { pid, address, isReady }: Postmaster): Promise<Answer> {
  if (address === undefined) return 'later';
  const { certificate } = tlsFilesIn(cluster.dataDirectory);
  if ('port' in address && !(await statIfThere(certificate))) throw insecure(pid, cluster);
  // A server that is ready has its socket: without it, the number is another process's by now.
  if ('socket' in address && isReady && !(await statIfThere(address.socket))) return 'stranger';
  return logIn(await urlOf(cluster, address, certificate));
}

/** Any program at a port may ask for the password, so one that shows no certificate is not asked who it is. */
const insecure = (pid: number, { dataDirectory }: Cluster): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'NOT_ANSWERING',
    `Process ${pid} seems to be a Postgres on "${dataDirectory}" that an older version of the ledger left behind, at a port that ` +
      `every account of this machine can reach. Look at it ("ps -p ${pid}"), end it with "kill -INT ${pid}" and start again.`,
  );

/** Tries the password, which only the server on these files knows: `later` means that it is starting, stopping, or full. */
async function logIn(url: string): Promise<Answer> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: loginTimeoutMs });
  client.on('error', () => undefined); // connect() rejects with it
  try {
    await client.connect();
    return 'welcome';
  } catch (error) {
    const cannotConnectNow = '57P03';
    const tooManyConnections = '53300';
    if (error instanceof DatabaseError)
      return error.code === cannotConnectNow || error.code === tooManyConnections ? 'later' : 'stranger';
    return isOfAnother(error as NodeJS.ErrnoException) ? 'stranger' : 'later';
  } finally {
    await client.end();
  }
}

/** Nobody listens, or somebody who cannot show the certificate. */
const isOfAnother = ({ code = '', message }: NodeJS.ErrnoException): boolean =>
  code === 'ECONNREFUSED' || /ssl|tls|certificate|self.signed/i.test(`${code} ${message}`);

/** A zombie, which only its parent can clear away, counts as alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
