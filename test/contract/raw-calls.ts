/** The raw protocol, for requests that the official client does not make, or hides. */
import { randomUUID } from 'node:crypto';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll } from '@jest/globals';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import type { Subject } from './event-store.js';

/** `host:port` of a connection string. */
export const endpointOf = (url: string): string => new URL(url.replace(/^esdb(\+discover)?:/, 'http:')).host;

export type Raw = { client: StreamsClient };

/** A client of the Streams service for the specs of a file. */
export function useRawStreams(store: Subject): Raw {
  const raw = {} as Raw;
  beforeAll(() => {
    raw.client = new StreamsClient(endpointOf(store.url), credentials.createInsecure());
  });
  afterAll(() => raw.client.close());
  return raw;
}

export const nothing = (): InstanceType<typeof shared.Empty> => new shared.Empty();

export const identifierOf = (stream: string) => new shared.StreamIdentifier().setStreamName(Buffer.from(stream));

export const nameIn = (identifier: ReturnType<typeof identifierOf> | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();

export const idsAsText = () => new streams.ReadReq.Options.UUIDOption().setString(nothing());

/** Options that read a stream from its start. */
export const streamOptions = (stream: string): ReadReq.Options =>
  new streams.ReadReq.Options()
    .setStream(
      new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifierOf(stream)).setStart(nothing()),
    )
    .setCount('100')
    .setNoFilter(nothing())
    .setUuidOption(idsAsText());

/** Options that read `$all` from its start, or subscribe to it after a position. */
export function allOptions(position?: bigint): ReadReq.Options {
  const all = new streams.ReadReq.Options.AllOptions();
  const { Position } = streams.ReadReq.Options;
  if (position === undefined) all.setStart(nothing());
  else all.setPosition(new Position().setCommitPosition(String(position)).setPreparePosition(String(position)));
  return new streams.ReadReq.Options().setAll(all).setUuidOption(idsAsText());
}

export async function readAllOf({ client }: Raw, options: ReadReq.Options | undefined): Promise<ReadResp[]> {
  const responses: ReadResp[] = [];
  for await (const response of client.read(new streams.ReadReq().setOptions(options)))
    responses.push(response as ReadResp);
  return responses;
}

/** Everything that a subscription sends until it has caught up. */
export async function untilCaughtUp({ client }: Raw, options: ReadReq.Options): Promise<ReadResp[]> {
  const call = client.read(
    new streams.ReadReq().setOptions(options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions())),
  );
  const responses: ReadResp[] = [];
  for await (const response of call) {
    responses.push(response as ReadResp);
    if ((response as ReadResp).hasCaughtUp()) break;
  }
  call.cancel();
  return responses;
}

type Properties = Record<string, string>;

const JSON_EVENT: Properties = { type: 'raw', 'content-type': 'application/json' };

export type Message = {
  correlation: string;
  stream?: string;
  deadlineMs?: number;
  final?: boolean;
  properties?: Properties;
  data?: string;
};

/** A BatchAppend message with one event. Only the first message of an append names its stream. */
export function batchMessage({
  correlation,
  stream,
  deadlineMs = 5_000,
  final = true,
  properties = JSON_EVENT,
  data = '{}',
}: Message): BatchAppendReq {
  const message = new streams.BatchAppendReq.ProposedMessage()
    .setId(new shared.UUID().setString(randomUUID()))
    .setData(Buffer.from(data));
  for (const [key, value] of Object.entries(properties)) message.getMetadataMap().set(key, value);
  const batch = new streams.BatchAppendReq()
    .setCorrelationId(new shared.UUID().setString(correlation))
    .setProposedMessagesList([message])
    .setIsFinal(final);
  if (stream === undefined) return batch;
  const options = new streams.BatchAppendReq.Options()
    .setStreamIdentifier(identifierOf(stream))
    .setAny(new empty.Empty())
    .setDeadline(timestamp.Timestamp.fromDate(new Date(Date.now() + deadlineMs)));
  return batch.setOptions(options);
}

/** Sends messages on one call and returns this many answers by correlation id. */
export async function exchange(
  { client }: Raw,
  messages: BatchAppendReq[],
  answersWanted: number,
): Promise<Map<string, BatchAppendResp>> {
  const call = client.batchAppend();
  const answers = new Map<string, BatchAppendResp>();
  for (const message of messages) call.write(message);
  for await (const answer of call) {
    const response = answer as BatchAppendResp;
    answers.set(response.getCorrelationId()?.getString() ?? '', response);
    if (answers.size === answersWanted) break;
  }
  call.cancel();
  return answers;
}

export const appendOptions = (stream: string): AppendReq =>
  new streams.AppendReq().setOptions(
    new streams.AppendReq.Options().setStreamIdentifier(identifierOf(stream)).setAny(nothing()),
  );

export function appendEvent({
  properties = JSON_EVENT,
  data = '{}',
  id = new shared.UUID().setString(randomUUID()),
} = {}): AppendReq {
  const message = new streams.AppendReq.ProposedMessage().setId(id).setData(Buffer.from(data));
  for (const [key, value] of Object.entries(properties)) message.getMetadataMap().set(key, value);
  return new streams.AppendReq().setProposedMessage(message);
}

/** The answer to one unary append. */
export function appendRaw({ client }: Raw, requests: readonly AppendReq[]): Promise<AppendResp> {
  return new Promise((resolve, reject) => {
    const call = client.append((error, response) => (error ? reject(error) : resolve(response)));
    for (const request of requests) call.write(request);
    call.end();
  });
}

/** The status and trailers of the error that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<{ code: number; trailers: Record<string, unknown> }> {
  try {
    await call;
  } catch (error) {
    const { code, metadata } = error as ServiceError;
    const {
      'content-type': _type,
      'content-length': _length,
      date: _date,
      server: _server,
      ...trailers
    } = metadata.getMap();
    return { code, trailers };
  }
  throw new Error('The call succeeded, where an error was expected.');
}
