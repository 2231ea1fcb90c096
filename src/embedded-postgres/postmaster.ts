/** The server that runs on a cluster's files: who it is (postmaster.pid), and whether it answers. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { urlOf, type Cluster } from './cluster.js';
import { EmbeddedPostgresError } from './errors.js';
import { readIfThere } from './files.js';

const loginTimeoutMs = 2_000;
const settleTimeoutMs = 30_000;
const pollMs = 50;

/** What postmaster.pid says; its lines are pid, data directory, start time, port, and more. */
type Postmaster = Readonly<{ pid: number; port: number }>;

const fileOf = ({ dataDirectory }: Cluster): string => join(dataDirectory, 'postmaster.pid');

/** The live process that postmaster.pid names, if it does and if the file is not the copy of another directory's. */
export async function readPostmaster(cluster: Cluster): Promise<Postmaster | undefined> {
  const lines = (await readIfThere(fileOf(cluster)))?.split('\n') ?? [];
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  const isWhole = Number.isInteger(pid) && pid > 0 && Number.isInteger(port) && port > 0;
  return isWhole && lines[1] === cluster.dataDirectory && isAlive(pid) ? { pid, port } : undefined;
}

/**
 * The port of the server that is running on these files already, or undefined when there is none.
 * Waits for one that is just starting or stopping. A postmaster.pid that names a process of another kind, which got the
 * number of the dead server (usual after the restart of a container), is removed.
 */
export async function findRunning(cluster: Cluster): Promise<number | undefined> {
  const deadline = Date.now() + settleTimeoutMs;
  for (;;) {
    const postmaster = await readPostmaster(cluster);
    if (!postmaster) return undefined;
    const answer = await logIn(await urlOf(cluster, postmaster.port));
    if (answer === 'welcome') return postmaster.port;
    if (answer === 'stranger') {
      await rm(fileOf(cluster), { force: true });
      return undefined;
    }
    if (Date.now() > deadline) throw notAnswering(cluster, postmaster);
    await pause(pollMs);
  }
}

function notAnswering({ dataDirectory }: Cluster, { pid, port }: Postmaster): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'NOT_ANSWERING',
    `Process ${pid} seems to be a Postgres on "${dataDirectory}" that listens at port ${port}, but it lets nobody in. ` +
      `Look at it ("ps -p ${pid}"); when it hangs, end it with "kill -QUIT ${pid}" and start again.`,
  );
}

/** Tries the password, which only the server on these files knows: `later` means that it is starting, stopping, or full. */
async function logIn(url: string): Promise<'welcome' | 'later' | 'stranger'> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: loginTimeoutMs });
  client.on('error', () => undefined); // the query below reports it
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
