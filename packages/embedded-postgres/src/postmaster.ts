/** The server that runs on a cluster's files: its identity (postmaster.pid), and whether it answers. */
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

/** The content of postmaster.pid; no address while the server does not listen yet. */
type Postmaster = Readonly<{ pid: number; dataDirectory: string; address: Address | undefined; isReady: boolean }>;

const fileOf = ({ dataDirectory }: Cluster): string => join(dataDirectory, 'postmaster.pid');

/** Whether the process in postmaster.pid is alive. */
export async function isServerThere(cluster: Cluster): Promise<boolean> {
  const postmaster = parse((await readIfThere(fileOf(cluster))) ?? '', cluster);
  return postmaster !== undefined && isAlive(postmaster.pid);
}

/**
 * Parses postmaster.pid. Its lines: pid, data directory, start time, port, folder of the socket, listening address,
 * shared memory, status.
 */
function parse(text: string, cluster: Cluster): Postmaster | undefined {
  const [pid, dataDirectory, , port, socketFolder, host, , status = ''] = text.split('\n');
  if (!(Number(pid) > 0 && Number(port) > 0 && dataDirectory)) return undefined;
  const address = socketFolder ? { socket: socketIn(cluster.directory) } : host ? { port: Number(port) } : undefined;
  return { pid: Number(pid), dataDirectory, address, isReady: status.trim() === 'ready' };
}

/**
 * Returns the address of the server that already runs on these files, or undefined when there is none. Waits for a
 * server that is starting or stopping. Postgres itself removes the postmaster.pid of a dead process. This removes what
 * Postgres would fail on: a damaged file, one copied with its directory, and a file or socket lock whose pid now
 * belongs to another process (usual after a container restart).
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
      `but it accepts no connections. Inspect it ("ps -p ${pid}"); if it hangs, end it with "kill -QUIT ${pid}" and start again.`,
  );
}

type Answer = 'welcome' | 'later' | 'stranger';

async function answerOf(cluster: Cluster, { pid, address, isReady }: Postmaster): Promise<Answer> {
  if (address === undefined) return 'later';
  const { certificate } = tlsFilesIn(cluster.dataDirectory);
  if ('port' in address && !(await statIfThere(certificate))) throw insecure(pid, cluster);
  // A ready server has its socket. Without it, the pid belongs to another process.
  if ('socket' in address && isReady && !(await statIfThere(address.socket))) return 'stranger';
  return logIn(await urlOf(cluster, address, certificate));
}

/** Any program on a port could request the password, so the password is not sent without a certificate. */
const insecure = (pid: number, { dataDirectory }: Cluster): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'NOT_ANSWERING',
    `Process ${pid} seems to be a Postgres on "${dataDirectory}" that an older version of the ledger left behind, at a port that ` +
      `every account of this machine can reach. Inspect it ("ps -p ${pid}"), end it with "kill -INT ${pid}" and start again.`,
  );

/** Tries the password, which only the server on these files knows. `later`: it is starting, stopping, or full. */
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

/** Whether nothing listens, or a program without the certificate. */
const isOfAnother = ({ code = '', message }: NodeJS.ErrnoException): boolean =>
  code === 'ECONNREFUSED' || /ssl|tls|certificate|self.signed/i.test(`${code} ${message}`);

/** Whether a process is alive. A zombie counts, since only its parent can remove it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
