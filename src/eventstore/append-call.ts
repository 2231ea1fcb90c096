/** A BatchAppend call of the protocol: it carries many appends at once, each with a correlation id. */
import { convertToCommandError, NO_STREAM, UnavailableError } from '@eventstore/db-client';
import { unpackToCommandError } from '@eventstore/db-client/dist/streams/appendToStream/unpackError.js';
import { parseUUID } from '@eventstore/db-client/dist/utils/grpcUUID.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { Metadata, status, type ClientDuplexStream } from '@grpc/grpc-js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { randomUUID } from 'node:crypto';

/** An event whose data is stored byte by byte as given, whatever its content type. */
export type EventBytes = Readonly<{
  id: string;
  type: string;
  contentType: string;
  data: Uint8Array;
  metadata: Uint8Array;
}>;

/** Events of one stream to append at exactly this revision (`NO_STREAM`: a new one). */
export type AppendRequest = Readonly<{
  stream: string;
  events: readonly EventBytes[];
  expectedRevision: bigint | typeof NO_STREAM;
  /** The time at which the store gives up on the append. */
  deadline: Date;
}>;

/**
 * The revision and position of an append's last event. A store may omit the position for events that it already had.
 */
export type Appended = Readonly<{ revision: bigint; position: bigint | undefined }>;

type Waiting = Readonly<{ stream: string; resolve: (appended: Appended) => void; reject: (error: unknown) => void }>;

/** The most bytes of events in one message, unless one event is larger: below gRPC servers' default limit of 4 MiB. */
const MESSAGE_BYTES_MAX = 3 * 1024 * 1024;

export class AppendCall {
  readonly #waiting = new Map<string, Waiting>();

  constructor(private readonly call: ClientDuplexStream<BatchAppendReq, BatchAppendResp>) {
    call.on('data', (response: BatchAppendResp) => this.#answer(response));
    call.on('error', (error) => this.#rejectAll(convertToCommandError(error)));
    call.on('end', () => this.#rejectAll(new UnavailableError(ended)));
  }

  /** Sends without waiting for buffer space: callers limit the bytes that they have in flight. */
  append(request: AppendRequest): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const id = randomUUID();
      this.#waiting.set(id, { stream: request.stream, resolve, reject });
      for (const message of messagesOf(id, request)) this.call.write(message);
    });
  }

  /** A store may answer the same append twice; the second answer is ignored. */
  #answer(response: BatchAppendResp): void {
    const id = parseUUID(response.getCorrelationId());
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    const error = response.getError();
    if (error !== undefined) return waiting.reject(unpackToCommandError(error, waiting.stream));
    const success = response.getSuccess();
    const position = success?.getPosition();
    waiting.resolve({
      revision: BigInt(success?.getCurrentRevision() ?? '0'),
      position: position && BigInt(position.getCommitPosition()),
    });
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

const ended = Object.assign(new Error('The store ended the append call.'), {
  code: status.UNAVAILABLE,
  details: 'The store ended the append call.',
  metadata: new Metadata(),
});

/** The messages of one append: the first has its options, the last marks it as complete. */
function messagesOf(id: string, request: AppendRequest): BatchAppendReq[] {
  const messages = partsOf(request.events).map((events) => {
    const message = new streams.BatchAppendReq();
    message.setCorrelationId(uuidOf(id));
    message.setProposedMessagesList(events.map(proposedOf));
    return message;
  });
  messages[0]?.setOptions(optionsOf(request));
  messages.at(-1)?.setIsFinal(true);
  return messages;
}

function partsOf(events: readonly EventBytes[]): EventBytes[][] {
  const parts: EventBytes[][] = [[]];
  let bytes = 0;
  for (const event of events) {
    const size = event.data.byteLength + event.metadata.byteLength + event.type.length;
    if (bytes > 0 && bytes + size > MESSAGE_BYTES_MAX) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(event);
    bytes += size;
  }
  return parts;
}

function proposedOf({ id, type, contentType, data, metadata }: EventBytes): BatchAppendReq.ProposedMessage {
  const proposed = new streams.BatchAppendReq.ProposedMessage();
  proposed.setId(uuidOf(id));
  proposed.getMetadataMap().set('type', type).set('content-type', contentType);
  proposed.setData(data);
  proposed.setCustomMetadata(metadata);
  return proposed;
}

function optionsOf({ stream, expectedRevision, deadline }: AppendRequest): BatchAppendReq.Options {
  const options = new streams.BatchAppendReq.Options();
  options.setStreamIdentifier(streamIdentifierOf(stream));
  options.setDeadline(timestamp.Timestamp.fromDate(deadline));
  if (expectedRevision === NO_STREAM) options.setNoStream(new shared.Empty());
  else options.setStreamPosition(expectedRevision.toString());
  return options;
}

export function streamIdentifierOf(stream: string): shared.StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream).toString('base64'));
  return identifier;
}

function uuidOf(text: string): shared.UUID {
  const id = new shared.UUID();
  id.setString(text);
  return id;
}
