/** The gRPC server over one store. */
import { setMaxListeners } from 'node:events';
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Server, type handleUnaryCall, type ServerCredentials } from '@grpc/grpc-js';
import { assertOurs, NotPrivateError } from '../../private-files/src/index.js';
import { handleAppend, handleDelete, handleTombstone } from './append-calls.js';
import { BatchAppendCall } from './batch-append-call.js';
import { clusterOfOne, supportedMethods, type Endpoint } from './capabilities.js';
import { wideWindow } from './flow-control.js';
import { sendingBatches } from './message-batches.js';
import { GossipService, ServerFeaturesService, StreamsService, type StreamsHandlers } from './protocol.js';
import { handleRead } from './read-call.js';
import { shuttingDown } from './rpc-errors.js';
import type { WorkerOptions } from './index.js';
import { secure, type Security } from './security.js';
import { openStore, type Store } from './store.js';

/** The real server's limit of calls on one connection. */
const CALLS_PER_CONNECTION_MAX = 100;
/** Headroom beyond the append limit, so that a larger append gets the proper error. */
const MESSAGE_BYTES_MORE = 15 * 1024 * 1024;
/** How long a stop waits for clients to read their last answers. */
const GRACE_MS = 1_000;

export type ServeOptions = WorkerOptions & Readonly<{ onFailed: (error: Error) => void }>;

export type RunningServer = Readonly<{
  port: number;
  /**
   * Commits waiting writes, ends the calls (with the reason, if any) and closes the files. A slow client keeps its
   * connection until the thread ends, and so sees an unavailable server. Forcing its call to end would look like a
   * cancellation.
   */
  stop(reason?: Error): Promise<void>;
}>;

/** Opens the store and serves it. Resolves when calls are accepted. Port 0 picks a free port. */
export async function serve({
  host,
  port,
  socket,
  advertise,
  tls,
  users,
  ...options
}: ServeOptions): Promise<RunningServer> {
  const security = secure({ tls, users });
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const store = openStore({ ...options, stopping: stopping.signal });
  const endpoint = { host, port };
  const server = createServer({ store, advertised: advertise ?? endpoint, security });
  try {
    const address = socket === undefined ? `${host}:${port}` : freeSocket(socket);
    endpoint.port = await bind(server, address, security.credentials);
    if (socket !== undefined) chmodSync(socket, 0o600);
  } catch (error) {
    store.log.close();
    throw error;
  }
  const stop = async (reason?: Error): Promise<void> => {
    store.writes.flushAll();
    stopping.abort(reason ?? shuttingDown());
    await shutDown(server);
    store.log.close();
  };
  return { port: endpoint.port, stop };
}

type Parts = Readonly<{ store: Store; advertised: Endpoint; security: Security }>;

function createServer({ store, advertised, security }: Parts): Server {
  const server = new Server({
    'grpc.max_concurrent_streams': CALLS_PER_CONNECTION_MAX,
    'grpc.max_receive_message_length': store.appendBytesMax + MESSAGE_BYTES_MORE,
    interceptors: [wideWindow, ...security.interceptors, sendingBatches],
  });
  const streams: StreamsHandlers = {
    read: (call) => void handleRead(store, call),
    append: (call, callback) => void handleAppend(store, call, callback),
    batchAppend: (call) => void new BatchAppendCall(store, call, security.mayWrite(call.metadata)),
    delete: (call, callback) => void handleDelete(store, call, callback),
    tombstone: (call, callback) => void handleTombstone(store, call, callback),
  };
  server.addService(StreamsService, streams);
  server.addService(ServerFeaturesService, { getSupportedMethods: answerWith(supportedMethods) });
  server.addService(GossipService, { read: answerWith(() => clusterOfOne(advertised)) });
  return server;
}

const answerWith =
  <Answer>(create: () => Answer): handleUnaryCall<unknown, Answer> =>
  (_call, callback) =>
    callback(null, create());

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, boundPort) => {
      if (!error) return resolve(boundPort);
      const isTaken = error.message.includes('EADDRINUSE');
      const advice = isTaken
        ? ' Another program listens there. Stop it, or choose another port (0 chooses a free one).'
        : '';
      const failure = new Error(`The event store cannot listen on ${address}.${advice} (${error.message})`, {
        cause: error,
      });
      reject(Object.assign(failure, { code: isTaken ? 'ADDRESS_IN_USE' : 'CANNOT_LISTEN' }));
    });
  });
}

/**
 * Returns the address of a socket in a private folder. Removes the socket of a killed process, since the store is
 * already locked.
 */
function freeSocket(path: string): string {
  const folder = assertOurs(dirname(path), 'folder');
  if (folder === undefined || (folder.mode & 0o077) !== 0) {
    throw new NotPrivateError(
      `The folder of the socket must be closed to other accounts: chmod 700 "${dirname(path)}"`,
    );
  }
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
  return `unix:${path}`;
}

async function shutDown(server: Server): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GRACE_MS);
  });
  await Promise.race([ended, grace]);
  clearTimeout(timer);
}
