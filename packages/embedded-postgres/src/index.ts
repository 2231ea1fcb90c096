/**
 * An embedded PostgreSQL: its programs come from npm, its files are in one directory, and a running server is found
 * again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openCluster, runProgram, writeTlsFiles, type Cluster } from './cluster.js';
import { freePort } from './free-port.js';
import { socketIn, urlOf, type Address, type TlsListening } from './listening.js';
import { findRunning, isServerThere } from './postmaster.js';
import { serverOptions } from './settings.js';

export { installedVersion } from './binaries.js';
export { EmbeddedPostgresError } from './errors.js';
export type { Address, TlsListening } from './listening.js';

/** A running embedded Postgres. */
export type EmbeddedPostgres = Readonly<{
  /** `postgres://ledger:PASSWORD@FOLDER/ledger`, or with a port and the server's certificate. */
  url: string;
  address: Address;
  /** Whether it was already running, left by a killed process. */
  adopted: boolean;
  /** Stops the server, adopted or not. Open connections are closed. */
  stop(): Promise<void>;
}>;

const startAttemptsMax = 3;
const startPauseMs = 200;
const programWaitSeconds = 60;

/**
 * Starts Postgres on the files in `directory` (created at the first start). It listens on a socket in that folder,
 * which only its account may enter; with `tls`, on a port of 127.0.0.1. A server that already runs there is adopted.
 * Only one process at a time may call this for a directory.
 * @throws EmbeddedPostgresError or NotPrivateError whose message says what to do.
 */
export async function startEmbeddedPostgres({
  directory,
  tls,
}: {
  directory: string;
  tls?: TlsListening | undefined;
}): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(directory);
  const server = await adoptOrStart(cluster, tls);
  return {
    ...server,
    url: await urlOf(cluster, server.address, tls?.certificateFile ?? ''),
    stop: () => stop(cluster),
  };
}

type Running = Readonly<{ address: Address; adopted: boolean }>;

/** A start can lose a race for the port, or against the start of a killed process. A retry resolves both. */
async function adoptOrStart(cluster: Cluster, tls: TlsListening | undefined): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const running = await findRunning(cluster);
    if (running !== undefined && 'port' in running === (tls !== undefined)) return { address: running, adopted: true };
    if (running !== undefined) await stop(cluster);
    const address = tls === undefined ? { socket: socketIn(cluster.directory) } : { port: await freePort(tls.port) };
    try {
      if (tls) await writeTlsFiles(cluster, tls);
      await runProgram(cluster, 'pg_ctl', {
        args: [
          'start',
          '-s',
          '-w',
          '-t',
          `${programWaitSeconds}`,
          '-D',
          cluster.dataDirectory,
          '-o',
          serverOptions(address),
        ],
      });
      return { address, adopted: false };
    } catch (error) {
      if (attempt === startAttemptsMax) throw error;
      await pause(startPauseMs);
    }
  }
}

/** Stops the server. `-w` waits until postmaster.pid is removed, after all its processes have ended. */
async function stop(cluster: Cluster): Promise<void> {
  if (!(await isServerThere(cluster))) return;
  await runProgram(cluster, 'pg_ctl', {
    args: ['stop', '-s', '-w', '-t', `${programWaitSeconds}`, '-m', 'fast', '-D', cluster.dataDirectory],
  });
}
