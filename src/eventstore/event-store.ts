import { status } from '@grpc/grpc-js';
import { StoreClient } from './client.js';
import { connectionOf } from './connection-string.js';

/**
 * EventStoreDB in three clients, since one couples its calls: a broken connection ends all calls of a client, and a
 * cancelled read may close it. Reads have a wider window too, so appends get their answers over another connection.
 */
export type EventStore = Readonly<{
  appends: StoreClient;
  reads: StoreClient;
  subscriptions: StoreClient;
  /** What it is connected to; a thread makes a connection of its own. */
  url: string;
  close(): Promise<void>;
}>;

/**
 * Bytes that a call may have on the way to us before we have looked at them: about 250 events. With the 64 KB of
 * HTTP/2 the store sends sixteen events and waits until our event loop has come round: half of what a read takes.
 */
const READ_WINDOW = { 'grpc-node.flow_control_window': 1024 * 1024 };

/** The client library waits for its streams to end; the stream of a reader that has left never does. */
const CLOSE_WITHIN_MS = 2_000;

/**
 * Makes the clients; nothing is sent before the first call.
 * @throws ConnectionStringError when `url` is of no use.
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
 * The cause of a failed call, sorted by what one can do about it. `access_denied`: the store answers, and does not take
 * user and password, or the user may not do this.
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
 * Sorts an error of the client library. What is not known to be an answer of the store counts as
 * `unavailable`: the outcome of the call is then unknown. Before its first success the client throws
 * raw gRPC errors (code 14), later ones of its own with a `type`.
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

/** The promise, or a rejection with a TimeoutError of ours when it stays unsettled for `timeoutMs`. */
export async function withTimeout<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreTimeout(`${what}: no answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long a read may stand still before it counts as cut. */
const READ_STALLS_AFTER_MS = 10_000;

type Reading<T> = AsyncIterable<T> & Readonly<{ destroy(error: Error): unknown }>;

/** What a read brings, as it comes. @throws StoreTimeout when nothing comes for 10 s */
export async function* untilItStalls<T>(reading: Reading<T>, what: string): AsyncGenerator<T> {
  const stalled = setTimeout(
    () => reading.destroy(new StoreTimeout(`${what}: nothing came for ${READ_STALLS_AFTER_MS} ms.`)),
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

/** A call stayed without an answer; whether it took effect is unknown. */
export class StoreTimeout extends Error {
  readonly code = 'STORE_TIMEOUT';
}
