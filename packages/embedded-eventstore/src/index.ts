/**
 * An EventStoreDB in a worker thread: the same protocol and rules, with its files in one directory.
 * Persistent subscriptions, projections, users, operations and monitoring answer UNIMPLEMENTED.
 * Access control lists are stored with the metadata, but not enforced.
 */
import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Endpoint } from './capabilities.js';
import type { SecurityOptions } from './security.js';
import { stopThread } from './thread-stop.js';

export type { Tls, Users } from './security.js';

/** The real server's default append limit, in bytes. */
export const APPEND_BYTES_MAX = 1024 * 1024;

export type EmbeddedEventStoreOptions = SecurityOptions &
  Readonly<{
    /** The directory of the files, created when missing; 'memory' keeps nothing. */
    directory: string;
    /** Default 127.0.0.1. */
    host?: string;
    /** Default 0, a free port. */
    port?: number;
    /**
     * The path of a Unix domain socket to listen on, instead of host and port, in a folder that only this account may
     * enter: at most 107 bytes on Linux, 103 elsewhere.
     */
    socket?: string | undefined;
    /**
     * The address for clients that discover the cluster, when it differs from the listening address (a port mapping,
     * for example).
     */
    advertise?: Endpoint | undefined;
    /** The maximum size of an append in bytes: data, metadata, and types in UTF-16. Default APPEND_BYTES_MAX. */
    appendBytesMax?: number;
    /** A delay before each flush, to test an application on a slow disk. Default 0. */
    flushDelayMs?: number;
    /**
     * Drops an append that repeats one not yet on disk, so that its caller times out after two seconds, as with the
     * real server. Default false.
     */
    dropsRepeatsInFlight?: boolean;
  }>;

export type EmbeddedEventStore = Readonly<{
  /**
   * The connection string for any EventStoreDB client. A secured server also needs user and password in it, and
   * `tlsCAFile` when its certificate is self-signed.
   */
  url: string;
  /** 0 when it listens on a socket. */
  port: number;
  /**
   * Finishes current writes, ends the calls, closes the files and stops the thread. An unresponsive thread is
   * terminated.
   */
  stop(): Promise<void>;
  /** Resolves when the server fails, for example because its disk is full. */
  failed: Promise<Error>;
}>;

export type WorkerOptions = SecurityOptions &
  Endpoint &
  Readonly<{
    socket?: string | undefined;
    directory: string;
    advertise?: Endpoint | undefined;
    flushDelayMs: number;
    dropsRepeatsInFlight: boolean;
    appendBytesMax: number;
  }>;

export type WorkerMessage =
  | Readonly<{ kind: 'listening'; port: number }>
  | Readonly<{ kind: 'failed'; message: string; code?: string | undefined }>;

const DEFAULTS = {
  host: '127.0.0.1',
  port: 0,
  flushDelayMs: 0,
  dropsRepeatsInFlight: false,
  appendBytesMax: APPEND_BYTES_MAX,
} as const;

/**
 * The size of the thread's young generation. Bodies are buffers outside the heap: with the default size they pile up
 * until V8 marks the whole heap, every few hundred appends.
 */
const YOUNG_MB = 6;

/**
 * Returns the thread's compiled file. Threads cannot run sources, so under a test runner it is that of the last build.
 */
function workerFile(): string {
  const compiled = import.meta.url.endsWith('.ts')
    ? '../../../dist/packages/embedded-eventstore/src/worker.js'
    : './worker.js';
  return fileURLToPath(new URL(compiled, import.meta.url));
}

function firstMessage(worker: Worker): Promise<WorkerMessage> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`The event store ended with exit code ${code} before it listened.`)),
    );
  });
}

/**
 * Starts the server. Rejects with an error that says what to do when another process holds the directory
 * or another program listens on the port (code ADDRESS_IN_USE), or when certificate, key or users cannot be used.
 */
export async function startEmbeddedEventStore(options: EmbeddedEventStoreOptions): Promise<EmbeddedEventStore> {
  const workerData: WorkerOptions = { ...DEFAULTS, ...options };
  const worker = new Worker(workerFile(), {
    workerData,
    name: 'embedded-eventstore',
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const ended = once(worker, 'exit');
  const first = await firstMessage(worker);
  if (first.kind === 'failed') {
    await ended;
    throw Object.assign(new Error(first.message), { code: first.code ?? 'EVENT_STORE_FAILED' });
  }

  let stopping = false;
  const failed = new Promise<Error>((resolve) => {
    worker.on('message', (message: WorkerMessage) => message.kind === 'failed' && resolve(new Error(message.message)));
    worker.on('error', resolve);
    worker.on('exit', (code) => {
      if (!stopping) resolve(new Error(`The event store ended unexpectedly with exit code ${code}.`));
    });
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    await stopThread(worker, ended);
  };
  return { url: urlOf(options, { host: workerData.host, port: first.port }), port: first.port, stop, failed };
}

function urlOf({ socket, tls }: EmbeddedEventStoreOptions, { host, port }: Endpoint): string {
  if (socket !== undefined) return pathToFileURL(socket).href.replace(/^file:/, 'esdb+unix:');
  return `esdb://${host}:${port}?tls=${tls !== undefined}`;
}
