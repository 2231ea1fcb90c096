/** The server that runs on a cluster's files: who it is (postmaster.pid), and whether it answers. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { urlOf, type Cluster } from './cluster.js';
import { EmbeddedPostgresError } from './errors.js';
import { readIfThere } from './files.js';

const loginTimeoutMs = 2_000;
const settleTimeoutMs = 30_000;
const pollMs = 50;

/** What postmaster.pid says. */
type Postmaster = Readonly<{ pid: number; dataDirectory: string; port: number }>;

const fileOf = ({ dataDirectory }: Cluster): string => join(dataDirectory, 'postmaster.pid');

/** Is there a live process that postmaster.pid names? */
export async function isServerThere(cluster: Cluster): Promise<boolean> {
  const postmaster = parse((await readIfThere(fileOf(cluster))) ?? '');
  return postmaster !== undefined && isAlive(postmaster.pid);
}

/** The file's lines are pid, data directory, start time, port, and more. */
function parse(text: string): Postmaster | undefined {
  const [pid, dataDirectory, , port] = text.split('\n');
  return Number(pid) > 0 && Number(port) > 0 && dataDirectory ? { pid: Number(pid), dataDirectory, port: Number(port) } : undefined;
}

/**
 * The port of the server that is running on these files already, or undefined when there is none.
 * Waits for one that is just starting or stopping. Postgres itself clears away the postmaster.pid of a dead process; what it would
 * stumble over is removed here: a damaged file, one copied with its directory, and one whose number another process has got
 * by now (usual after the restart of a container).
 */
export async function findRunning(cluster: Cluster): Promise<number | undefined> {
  const deadline = Date.now() + settleTimeoutMs;
  for (;;) {
    const text = await readIfThere(fileOf(cluster));
    if (text === undefined) return undefined;
    const postmaster = parse(text);
    if (postmaster && !isAlive(postmaster.pid)) return undefined;
    const isOurs = postmaster && resolve(postmaster.dataDirectory) === cluster.dataDirectory;
    const answer = isOurs ? await logIn(await urlOf(cluster, postmaster.port)) : 'stranger';
    if (postmaster && answer === 'welcome') return postmaster.port;
    if (!postmaster || answer === 'stranger') {
      await rm(fileOf(cluster), { force: true });
      return undefined;
    }
    if (Date.now() > deadline) throw notAnswering(postmaster);
    await pause(pollMs);
  }
}

function notAnswering({ pid, dataDirectory, port }: Postmaster): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'NOT_ANSWERING',
    `Process ${pid} seems to be a Postgres on "${dataDirectory}" that listens at port ${port}, but it lets nobody in. ` +
      `Look at it ("ps -p ${pid}"); when it hangs, end it with "kill -QUIT ${pid}" and start again.`,
  );
}

/** Tries the password, which only the server on these files knows: `later` means that it is starting, stopping, or full. */
async function logIn(url: string): Promise<'welcome' | 'later' | 'stranger'> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: loginTimeoutMs });
  client.on('error', () => undefined); // connect() rejects with it
  try {
    await client.connect();
    return 'welcome';
  } catch (error) {
    const cannotConnectNow = '57P03';
    const tooManyConnections = '53300';
    if (error instanceof DatabaseError) return error.code === cannotConnectNow || error.code === tooManyConnections ? 'later' : 'stranger';
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'stranger' : 'later';
  } finally {
    await client.end();
  }
}

/** A zombie, which only its parent can clear away, counts as alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
