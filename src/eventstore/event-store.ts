import { status } from '@grpc/grpc-js';
import { StoreClient } from './client.js';
import { connectionOf } from './connection-string.js';

/**
 * EventStoreDB through three clients, because calls of one client affect each other: a broken connection ends all its
 * calls, and a cancelled read may close it. Reads also have a larger window, so appends get their answers over another
 * connection.
 */
export type EventStore = Readonly<{
  appends: StoreClient;
  reads: StoreClient;
  subscriptions: StoreClient;
  /** The connection string; a worker thread opens its own connection with it. */
  url: string;
  close(): Promise<void>;
}>;

/**
 * The flow-control window of reads, in bytes: about 250 events. With HTTP/2's default of 64 KB the store sends 16
 * events and waits for our event loop, which doubles the time of a read.
 */
const READ_WINDOW = { 'grpc-node.flow_control_window': 1024 * 1024 };

/** The client library waits for its streams to end, but a stream whose reader has stopped never ends. */
const CLOSE_WITHIN_MS = 2_000;

/**
 * Creates the clients; nothing is sent before the first call.
 * @throws ConnectionStringError when `url` is invalid.
 */
export function connectEventStore(url: string): EventStore {
  const connection = connectionOf(url);
  const clients = {
    appends: new StoreClient(connection),
    reads: new StoreClient(connection, READ_WINDOW),
    subscriptions: new StoreClient(connection, READ_WINDOW),
  };
  return { ...clients, url, close: () => closeAll(Object.values(clients)) };
}

async function closeAll(clients: readonly StoreClient[]): Promise<void> {
  await Promise.allSettled(clients.map((client) => withTimeout(client.dispose(), CLOSE_WITHIN_MS, 'Closing')));
  for (const client of clients) client.disconnect();
}

/**
 * The cause of a failed call, by what can be done about it. `access_denied`: the store rejects the user or password, or
 * the user lacks the right.
 */
export type StoreFailure =
  | 'wrong_expected_revision'
  | 'too_large'
  | 'stream_not_found'
  | 'stream_deleted'
  | 'unavailable'
  | 'access_denied'
  | 'refused';

/**
 * Classifies an error of the client library. Any error that is not a known answer of the store counts as `unavailable`:
 * the outcome of the call is then unknown. Before its first success the client throws raw gRPC errors (code 14), later
 * its own, with a `type`.
 */
export function failureOf(error: unknown): StoreFailure {
  const { type, code } = error as { type?: string; code?: number };
  switch (type) {
    case 'wrong-expected-version':
      return 'wrong_expected_revision';
    case 'maximum-append-size-exceeded':
      return 'too_large';
    case 'stream-not-found':
      return 'stream_not_found';
    case 'stream-deleted':
      return 'stream_deleted';
    case 'access-denied':
      return 'access_denied';
    case 'invalid-argument':
    case 'missing-required-metadata-property':
      return 'refused';
    default:
      return code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED ? 'access_denied' : 'unavailable';
  }
}

/** Returns the promise; rejects with a StoreTimeout if it is not settled within `timeoutMs`. */
export async function withTimeout<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreTimeout(`${what}: no response within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long a read may yield nothing before it fails. */
const READ_STALLS_AFTER_MS = 10_000;

type Reading<T> = AsyncIterable<T> & Readonly<{ destroy(error: Error): unknown }>;

/** Yields the results of a read. @throws StoreTimeout when nothing arrives for 10 s */
export async function* untilItStalls<T>(reading: Reading<T>, what: string): AsyncGenerator<T> {
  const stalled = setTimeout(
    () => reading.destroy(new StoreTimeout(`${what}: no data for ${READ_STALLS_AFTER_MS} ms.`)),
    READ_STALLS_AFTER_MS,
  );
  try {
    for await (const one of reading) {
      stalled.refresh();
      yield one;
      stalled.refresh();
    }
  } finally {
    clearTimeout(stalled);
  }
}

/** A call got no answer; whether it took effect is unknown. */
export class StoreTimeout extends Error {
  readonly code = 'STORE_TIMEOUT';
}
