/** The official client with what the ledger adds: appends and reads as bytes, and our own channel options. */
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

/** The events of an append, their stream, and the timeout in milliseconds. */
export type AppendBytes = Readonly<{
  stream: string;
  events: readonly EventBytes[];
  /** `NO_STREAM` for a new stream. */
  expectedRevision: bigint | typeof NO_STREAM;
  timeoutMs: number;
}>;

const READ = StreamsService.read;

type AppendStream = ClientDuplexStream<BatchAppendReq, BatchAppendResp>;

/** The client's own defaults for its channels, in bytes and milliseconds. */
const MESSAGE_BYTES_MAX = 17 * 1024 * 1024;
const KEEPALIVE_MS = 10_000;
const APPENDS_AVERAGED = 16;

/** The unmodified official client for any of our connection strings: for other programs, and benchmarks. */
export function officialClient(url: string): EventStoreDBClient {
  const { settings, tls, user } = connectionOf(currentUrl(url, 'eventstore'));
  return new EventStoreDBClient(settings, tls, user);
}

export class StoreClient extends EventStoreDBClient {
  /** The channel in use, and the official client's channel that it replaces. */
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
   * Appends events of one stream byte by byte. `appendToStream` would parse and re-serialise JSON data: `1.0`,
   * `12345678901234567890` and repeated keys would change, at half as much CPU time again.
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

  /** The recent average duration of an append, in milliseconds. */
  get appendMs(): number {
    return this.#appendMs;
  }

  /** How often the append call has ended: the store may have returned with another log since. */
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
   * Opens a read, which yields the responses of the protocol, with raw gRPC errors; `decoded` converts each. A reader
   * that stops before the end cancels it.
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

  /** Ends all calls, including those without a reader, for which `dispose` would wait. */
  disconnect(): void {
    this.#channels?.ours.close();
  }

  /** Resolves the address at each connection, because an embedded server may have moved. */
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
   * Replaces each channel of the official client by one of ours, because the client accepts no channel options. The
   * client still decides where to connect, and when to reconnect.
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
