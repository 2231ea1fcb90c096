/** The official client with what the ledger needs beside it: bytes in, bytes out, and channel options of our own. */
import { EventStoreDBClient, type NO_STREAM } from '@eventstore/db-client';
import { StreamsClient, StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { BatchAppendReq, BatchAppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import {
  Channel,
  connectivityState,
  credentials,
  type ChannelOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
} from '@grpc/grpc-js';
import { currentUrl } from '../server-address.js';
import { AppendCall, type Appended, type EventBytes } from './append-call.js';
import { connectionOf, type Connection } from './connection-string.js';

/** The events of an append, where they go, and how long the store may take, in milliseconds. */
export type AppendBytes = Readonly<{
  stream: string;
  events: readonly EventBytes[];
  /** `NO_STREAM` begins a stream. */
  expectedRevision: bigint | typeof NO_STREAM;
  timeoutMs: number;
}>;

const READ = StreamsService.read;

type AppendStream = ClientDuplexStream<BatchAppendReq, BatchAppendResp>;

/** The client's own defaults for its channels, in bytes and milliseconds. */
const MESSAGE_BYTES_MAX = 17 * 1024 * 1024;
const KEEPALIVE_MS = 10_000;
const APPENDS_AVERAGED = 16;

/** The official client as it is, for any connection string of ours: what others use, and benchmarks compare with. */
export function officialClient(url: string): EventStoreDBClient {
  const { settings, tls, user } = connectionOf(currentUrl(url, 'eventstore'));
  return new EventStoreDBClient(settings, tls, user);
}

export class StoreClient extends EventStoreDBClient {
  /** The channel in use, and the official client's in whose place it stands. */
  #channels: Readonly<{ official: Channel; ours: Channel }> | undefined;
  readonly #appendCalls = new WeakMap<StreamsClient, AppendStream>();
  readonly #appends = new WeakMap<AppendStream, AppendCall>();
  #appendCallsEnded = 0;
  #appendMs = 0;

  /** Nothing is sent before the first call. */
  constructor(connection: Connection, options: ChannelOptions = {}) {
    super(connection.settings, connection.tls, connection.user);
    this.#followServer(connection);
    this.#useOwnChannel(connection, options);
  }

  /**
   * Appends events of one stream byte by byte. `appendToStream` would parse and print JSON data again: `1.0`,
   * `12345678901234567890` and repeated keys come out changed, and it costs this process half as much again.
   * @throws the client's errors, as `appendToStream` does.
   */
  async appendBytes({ timeoutMs, ...request }: AppendBytes): Promise<Appended> {
    const openCall = this.GRPCStreamCreator(
      StreamsClient,
      'appendBytes',
      (client) => this.#openAppendCall(client),
      this.#appendCalls,
    );
    const call = this.#appends.get(await openCall());
    if (call === undefined) throw new Error('An append call was opened without its answers.');
    const began = performance.now();
    const appended = await call.append({ ...request, deadline: this.createDeadline(timeoutMs) });
    this.#appendMs += (performance.now() - began - this.#appendMs) / APPENDS_AVERAGED;
    return appended;
  }

  /** How long appends took lately, in milliseconds. */
  get appendMs(): number {
    return this.#appendMs;
  }

  /** How often the call ended that carries the appends: since then the store may have come back with another log. */
  get appendCallsEnded(): number {
    return this.#appendCallsEnded;
  }

  #openAppendCall(client: StreamsClient): AppendStream {
    const stream = client.batchAppend(...this.callArguments({}, { deadline: Infinity }));
    stream.once('status', () => (this.#appendCallsEnded += 1));
    this.#appends.set(stream, new AppendCall(stream));
    return stream;
  }

  /**
   * Opens a read. Its responses come as the protocol brings them, with raw gRPC errors; `decoded` makes what it wants of each.
   * A reader that leaves before the end cancels it.
   */
  openRead(request: ReadReq): Promise<ClientReadableStream<ReadResp>>;
  openRead<T>(request: ReadReq, decoded: (response: Buffer) => T): Promise<ClientReadableStream<T>>;
  openRead(
    request: ReadReq,
    decoded: (response: Buffer) => unknown = READ.responseDeserialize,
  ): Promise<ClientReadableStream<unknown>> {
    return this.GRPCStreamCreator(StreamsClient, 'openRead', (client): ClientReadableStream<unknown> => {
      const [metadata, options] = this.callArguments({}, { deadline: Infinity });
      return client.makeServerStreamRequest(READ.path, READ.requestSerialize, decoded, request, metadata, options);
    })();
  }

  /** Ends all calls, those too whose readers have gone: `dispose` waits for them. */
  disconnect(): void {
    this.#channels?.ours.close();
  }

  /** An embedded server may have moved since the last connection. */
  #followServer({ url }: Connection): void {
    const { resolveUri } = this;
    this.resolveUri = async () => {
      const current = currentUrl(url, 'eventstore');
      if (current === url) return resolveUri();
      const { endpoint } = connectionOf(current).settings;
      return typeof endpoint === 'string' ? endpoint : `${endpoint.address}:${endpoint.port}`;
    };
  }

  /**
   * The official client decides where to connect, and when to connect again. It has no way to take channel
   * options, so a channel of ours stands in the place of each of its channels.
   */
  #useOwnChannel({ settings, tls }: Connection, options: ChannelOptions): void {
    const { getChannel, handleError } = this;
    const { insecure, rootCertificate = null, userKeyFile = null, userCertFile = null } = tls;
    const channelCredentials = insecure
      ? credentials.createInsecure()
      : credentials.createSsl(rootCertificate, userKeyFile, userCertFile);
    const keepalive = (ms: number = KEEPALIVE_MS): number => (ms < 0 ? Number.MAX_SAFE_INTEGER : ms);
    this.getChannel = async () => {
      const official = await getChannel();
      if (this.#channels?.official !== official) {
        const ours = new Channel(official.getTarget(), channelCredentials, {
          'grpc.keepalive_time_ms': keepalive(settings.keepAliveInterval),
          'grpc.keepalive_timeout_ms': keepalive(settings.keepAliveTimeout),
          'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
          ...options,
        });
        this.#channels = { official, ours };
      }
      return this.#channels.ours;
    };
    this.handleError = async (client, error) => {
      const channels = this.#channels;
      if (channels === undefined || client.getChannel() !== channels.ours) return;
      await handleError(new StreamsClient('', channelCredentials, { channelOverride: channels.official }), error);
      const isGivenUp = channels.official.getConnectivityState(false) === connectivityState.SHUTDOWN;
      if (isGivenUp) channels.ours.close();
    };
  }
}
