/**
 * An EventStoreDB in a thread of this process: the same protocol and the same rules, with its files in one directory.
 * Not there, and answered UNIMPLEMENTED: persistent subscriptions, projections, users, operations, monitoring.
 * Access control lists are kept with the metadata and not enforced.
 */
import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Endpoint } from './capabilities.js';
import type { SecurityOptions } from './security.js';
import { stopThread } from './thread-stop.js';

export type { Tls, Users } from './security.js';

/** The real server's default of its append limit, in bytes. */
export const APPEND_BYTES_MAX = 1024 * 1024;

export type EmbeddedEventStoreOptions = SecurityOptions &
  Readonly<{
    /** Where the files are, made when missing; 'memory' keeps nothing. */
    directory: string;
    /** Default 127.0.0.1. */
    host?: string;
    /** Default 0, a free port. */
    port?: number;
    /**
     * The path of a Unix domain socket to listen at, instead of host and port, in a folder that only this account may
     * enter: at most 107 bytes on Linux, 103 elsewhere.
     */
    socket?: string | undefined;
    /** Where clients that discover the cluster are sent, when they do not reach it where it listens: behind a port mapping, say. */
    advertise?: Endpoint | undefined;
    /** Bytes of one append at most: data, metadata, and types in UTF-16. Default APPEND_BYTES_MAX. */
    appendBytesMax?: number;
    /** Waits so long before each flush, to try an application on a slow disk. Default 0. */
    flushDelayMs?: number;
    /**
     * Leaves an append without an answer that repeats one which is not on disk yet, so that its caller hears of a deadline after
     * two seconds: what the real server does, to try an application on it. Default false.
     */
    dropsRepeatsInFlight?: boolean;
  }>;

export type EmbeddedEventStore = Readonly<{
  /** The connection string for any EventStoreDB client; a secured server wants user and password in it, and `tlsCAFile` when its certificate is its own authority. */
  url: string;
  /** 0 when it listens at a socket. */
  port: number;
  /** Finishes what is being written, ends the calls, closes the files and the thread; a thread that does not answer is terminated. */
  stop(): Promise<void>;
  /** Kept when the server ends by itself, for example because its disk is full. */
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
 * What passes through is bytes outside of the heap, and little inside. In a young generation of the usual size they would pile up until
 * V8 walks through the whole heap for them, every few hundred appends.
 */
const YOUNG_MB = 6;

/** Threads run compiled code only: under a test runner that reads the sources, that of the last build. */
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
