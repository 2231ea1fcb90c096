/** A real PostgreSQL of our own: its programs come from npm, its files live in one directory, it survives us and is found again. */
import { setTimeout as pause } from 'node:timers/promises';
import { openCluster, runProgram, urlOf, type Cluster } from './cluster.js';
import { freePort } from './free-port.js';
import { findRunning, isServerThere } from './postmaster.js';
import { serverOptions } from './settings.js';

export { EmbeddedPostgresError } from './errors.js';

/** A running embedded Postgres. */
export type EmbeddedPostgres = Readonly<{
  /** `postgres://ledger:PASSWORD@127.0.0.1:PORT/ledger` */
  url: string;
  port: number;
  /** It was running already, left over by a process that was killed. */
  adopted: boolean;
  /** Stops the server, also an adopted one; open connections are cut. */
  stop(): Promise<void>;
}>;

const startAttemptsMax = 3;
const startPauseMs = 200;
const programWaitSeconds = 60;

/**
 * Starts Postgres on the files in `directory` (made at the first start), on 127.0.0.1 only, at `port` if that is free,
 * else at another. One that runs there already is adopted, whatever its port. One process at a time may call this for a directory.
 * @throws EmbeddedPostgresError whose message says what to do.
 */
export async function startEmbeddedPostgres({ directory, port }: { directory: string; port?: number }): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(directory);
  const server = await adoptOrStart(cluster, port);
  return { ...server, url: await urlOf(cluster, server.port), stop: () => stop(cluster) };
}

/** A start can lose races: for the port, or against the start that a killed process left under way. Both end well when tried again. */
async function adoptOrStart(cluster: Cluster, wantedPort: number | undefined): Promise<{ port: number; adopted: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const running = await findRunning(cluster);
    if (running !== undefined) return { port: running, adopted: true };
    const port = await freePort(wantedPort);
    try {
      await runProgram(cluster, 'pg_ctl', {
        args: ['start', '-s', '-w', '-t', `${programWaitSeconds}`, '-D', cluster.dataDirectory, '-o', serverOptions(port)],
      });
      return { port, adopted: false };
    } catch (error) {
      if (attempt === startAttemptsMax) throw error;
      await pause(startPauseMs);
    }
  }
}

/** The server's last act is to remove postmaster.pid, after all its processes have ended; `-w` waits for that. */
async function stop(cluster: Cluster): Promise<void> {
  if (!(await isServerThere(cluster))) return;
  await runProgram(cluster, 'pg_ctl', {
    args: ['stop', '-s', '-w', '-t', `${programWaitSeconds}`, '-m', 'fast', '-D', cluster.dataDirectory],
  });
}
