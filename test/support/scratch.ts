import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

/** Creates an empty folder; `remove` deletes it. */
export async function scratchFolder(): Promise<{ path: string; readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'ledger-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Runs one statement on a separate connection. */
export async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Waits for a condition, for at most 15 s. */
export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(20);
  }
}

/** The process id in postmaster.pid. */
export async function postmasterPid(postgresDirectory: string): Promise<number> {
  return Number((await readFile(join(postgresDirectory, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** Whether the process exists and is not a zombie waiting for its parent. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    if (['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Listens on a port of 127.0.0.1 and never answers. */
export async function occupy(address: { port: number } | { socket: string } | undefined): Promise<Server> {
  if (address === undefined || !('port' in address)) throw new Error('There is no port to occupy.');
  const server = createServer((socket) => socket.on('error', () => socket.destroy()));
  server.listen(address.port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
