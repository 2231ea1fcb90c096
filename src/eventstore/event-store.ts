import { EventStoreDBClient } from '@eventstore/db-client';
import type { ChannelOptions } from '@grpc/grpc-js';

/**
 * EventStoreDB in three clients, since the client library couples what one client does: pending appends stand in one place
 * and a broken append stream rejects all of them, and a cancelled subscription closes the channel of all calls.
 */
export type EventStore = Readonly<{
  appends: EventStoreDBClient;
  reads: EventStoreDBClient;
  subscriptions: EventStoreDBClient;
  /** What it is connected to; a thread makes a connection of its own. */
  url: string;
  close(): Promise<void>;
}>;

/** Bytes that a call may have on the way to us before we have looked at them: about 250 events. HTTP/2 begins with sixteen. */
const READ_WINDOW_BYTES = 1024 * 1024;

/** The client library waits for its streams to end, which one whose reader has gone never does. */
const CLOSE_WITHIN_MS = 2_000;

/** Makes the clients; nothing is sent before the first call. */
export function connectEventStore(url: string): EventStore {
  const connect = () => EventStoreDBClient.connectionString(url);
  const clients = { appends: connect(), reads: withWideWindow(connect()), subscriptions: withWideWindow(connect()) };
  return {
    ...clients,
    url,
    close: async () => {
      await Promise.allSettled(Object.values(clients).map((client) => withTimeout(client.dispose(), CLOSE_WITHIN_MS, 'Closing')));
    },
  };
}

/**
 * With the 64 KB of HTTP/2 the store sends sixteen events and waits until our event loop has come round: half of what a read
 * takes. grpc-js has an option for it, which the client has no way to give; each of its channels gets it before it connects.
 * (Channels of equal options share a connection: that of the appends is one in which no read stands before their answers.)
 */
function withWideWindow(client: EventStoreDBClient): EventStoreDBClient {
  const inner = client as unknown as { getChannel(): Promise<{ internalChannel: { options: ChannelOptions } }> };
  const { getChannel } = inner;
  inner.getChannel = async () => {
    const channel = await getChannel();
    channel.internalChannel.options['grpc-node.flow_control_window'] = READ_WINDOW_BYTES;
    return channel;
  };
  return client;
}

/** The cause of a failed call, sorted by what one can do about it. */
export type StoreFailure = 'wrong_expected_revision' | 'too_large' | 'stream_not_found' | 'stream_deleted' | 'unavailable' | 'refused';

/**
 * Sorts an error of the client library. What is not known to be an answer of the store counts as
 * `unavailable`: the outcome of the call is then unknown. Before its first success the client throws
 * raw gRPC errors (code 14), later ones of its own with a `type`.
 */
export function failureOf(error: unknown): StoreFailure {
  const { type, code } = error as { type?: string; code?: number };
  switch (type) {
    case 'wrong-expected-version': return 'wrong_expected_revision';
    case 'maximum-append-size-exceeded': return 'too_large';
    case 'stream-not-found': return 'stream_not_found';
    case 'stream-deleted': return 'stream_deleted';
    case 'access-denied':
    case 'invalid-argument':
    case 'missing-required-metadata-property': return 'refused';
    default: return code === 7 || code === 16 ? 'refused' : 'unavailable';
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

/** A call stayed without an answer; whether it took effect is unknown. */
export class StoreTimeout extends Error {
  readonly code = 'STORE_TIMEOUT';
}

