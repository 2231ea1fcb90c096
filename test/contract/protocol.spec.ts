/** What the official client does not ask for, or hides: the protocol itself. */
import { randomUUID } from 'node:crypto';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchAppendReq, BatchAppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { EventStoreDBClient } from '@eventstore/db-client';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { append, errorTypeOf, idsIn, idsOf, newEvents, newStream, onlyEmbedded, useEventStore } from './event-store.js';

const store = useEventStore();
const plainText = onlyEmbedded('these calls are made without TLS');

let raw: StreamsClient;
const endpoint = (): string => new URL(store.url.replace(/^esdb(\+discover)?:/, 'http:')).host;

beforeAll(() => {
  raw = new StreamsClient(endpoint(), credentials.createInsecure());
});
afterAll(() => raw.close());

const identifier = (stream: string) => new shared.StreamIdentifier().setStreamName(Buffer.from(stream));

async function read(options: ReadReq.Options): Promise<ReadResp[]> {
  const responses: ReadResp[] = [];
  for await (const response of raw.read(new streams.ReadReq().setOptions(options))) responses.push(response as ReadResp);
  return responses;
}

const streamOptions = (stream: string): ReadReq.Options =>
  new streams.ReadReq.Options()
    .setStream(new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(stream)).setStart(new shared.Empty()))
    .setCount('100')
    .setNoFilter(new shared.Empty());

describe('Streams.Read', () => {
  plainText('gives ids in two halves when they are asked for so', async () => {
    const stream = newStream();
    const events = newEvents(1);
    await append(store.client, stream, { events });
    const uuids = new streams.ReadReq.Options.UUIDOption().setStructured(new shared.Empty());
    const [response] = await read(streamOptions(stream).setUuidOption(uuids));
    const structured = response?.getEvent()?.getEvent()?.getId()?.getStructured();
    const half = (bits: string | undefined) => BigInt.asUintN(64, BigInt(bits ?? 0)).toString(16).padStart(16, '0');
    expect(half(structured?.getMostSignificantBits()) + half(structured?.getLeastSignificantBits())).toBe(events[0]?.id?.replaceAll('-', ''));
  });

  plainText('of $all with a filter gives as many matches as asked for', async () => {
    const name = newStream();
    const events = newEvents(60, name);
    for (const event of events) await append(store.client, newStream(), { events: [event, ...newEvents(1)] });
    const filter = new streams.ReadReq.Options.FilterOptions()
      .setEventType(new streams.ReadReq.Options.FilterOptions.Expression().setPrefixList([name]))
      .setCount(new shared.Empty())
      .setCheckpointintervalmultiplier(1);
    const options = new streams.ReadReq.Options()
      .setAll(new streams.ReadReq.Options.AllOptions().setStart(new shared.Empty()))
      .setCount('50')
      .setFilter(filter);
    const ids = (await read(options)).map((response) => response.getEvent()?.getEvent()?.getId()?.getString());
    expect(ids).toEqual(idsOf(events.slice(0, 50)));
  });

  plainText('of an unknown stream answers with its name and ends well', async () => {
    const stream = newStream();
    const [response, ...others] = await read(streamOptions(stream));
    const named = response?.getStreamNotFound()?.getStreamIdentifier()?.getStreamName_asU8() ?? [];
    expect(Buffer.from(named).toString()).toBe(stream);
    expect(others).toEqual([]);
  });

  plainText('without a stream name is refused', async () => {
    await expect(read(streamOptions(''))).rejects.toMatchObject({ code: 3 });
  });
});

describe('Streams.BatchAppend', () => {
  type Message = { correlation: string; stream?: string; deadlineMs?: number; final?: boolean; properties?: Record<string, string> };

  const request = ({ correlation, stream, deadlineMs = 5_000, final = true, properties }: Message): BatchAppendReq => {
    const message = new streams.BatchAppendReq.ProposedMessage().setId(new shared.UUID().setString(randomUUID())).setData(Buffer.from('{}'));
    for (const [key, value] of Object.entries(properties ?? { type: 'raw', 'content-type': 'application/json' })) message.getMetadataMap().set(key, value);
    const batch = new streams.BatchAppendReq().setCorrelationId(new shared.UUID().setString(correlation)).setProposedMessagesList([message]).setIsFinal(final);
    if (stream === undefined) return batch;
    const options = new streams.BatchAppendReq.Options()
      .setStreamIdentifier(identifier(stream))
      .setAny(new empty.Empty())
      .setDeadline(timestamp.Timestamp.fromDate(new Date(Date.now() + deadlineMs)));
    return batch.setOptions(options);
  };

  /** Sends messages on one call and gives as many answers by their correlation id. */
  const exchange = async (messages: BatchAppendReq[], answersWanted: number) => {
    const call = raw.batchAppend();
    const answers = new Map<string, BatchAppendResp>();
    for (const message of messages) call.write(message);
    for await (const answer of call) {
      const response = answer as BatchAppendResp;
      answers.set(response.getCorrelationId()?.getString() ?? '', response);
      if (answers.size === answersWanted) break;
    }
    call.cancel();
    return answers;
  };

  plainText('keeps appends that travel in turns apart by their correlation ids', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const [streamA, streamB] = [newStream(), newStream()];
    const answers = await exchange(
      [
        request({ correlation: a, stream: streamA, final: false }),
        request({ correlation: b, stream: streamB, final: false }),
        request({ correlation: a, final: false }),
        request({ correlation: b }),
        request({ correlation: a }),
      ],
      2,
    );
    expect(answers.get(a)?.getSuccess()?.getCurrentRevision()).toBe('2');
    expect(answers.get(b)?.getSuccess()?.getCurrentRevision()).toBe('1');
    expect(Buffer.from(answers.get(a)?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe(streamA);
  });

  plainText('answers an append that is not finished by its deadline with a timeout, and ignores the rest of it', async () => {
    const [late, next] = [randomUUID(), randomUUID()];
    const [lateStream, nextStream] = [newStream(), newStream()];
    const call = raw.batchAppend();
    const answers: BatchAppendResp[] = [];
    const received = new Promise<void>((resolve) => {
      call.on('data', (answer: BatchAppendResp) => {
        answers.push(answer);
        if (answers.length === 1) {
          call.write(request({ correlation: late }));
          call.write(request({ correlation: next, stream: nextStream }));
        } else resolve();
      });
    });
    call.on('error', () => undefined);
    call.write(request({ correlation: late, stream: lateStream, deadlineMs: 50, final: false }));
    await received;
    call.cancel();
    expect(answers[0]?.getError()?.getDetails()?.getTypeName()).toBe('event_store.client.Timeout');
    expect(answers[1]?.getCorrelationId()?.getString()).toBe(next);
    expect(await errorTypeOf(idsIn(store.client, lateStream))).toBe('stream-not-found');
  });

  plainText('refuses an event without a type and goes on', async () => {
    const [bad, good] = [randomUUID(), randomUUID()];
    const answers = await exchange(
      [request({ correlation: bad, stream: newStream(), properties: { 'content-type': 'application/json' } }), request({ correlation: good, stream: newStream() })],
      2,
    );
    expect(answers.get(bad)?.getError()?.getDetails()?.getTypeName()).toBe('event_store.client.BadRequest');
    expect(answers.get(good)?.hasSuccess()).toBe(true);
  });

  plainText('ends when the client ends, after the last answer', async () => {
    const call = raw.batchAppend();
    const correlation = randomUUID();
    call.write(request({ correlation, stream: newStream() }));
    call.end();
    const answers: BatchAppendResp[] = [];
    for await (const answer of call) answers.push(answer as BatchAppendResp);
    expect(answers.map((answer) => answer.getCorrelationId()?.getString())).toEqual([correlation]);
  });
});

describe('The server', () => {
  onlyEmbedded('a cluster elsewhere has its own members')('is found by discovery', async () => {
    const client = EventStoreDBClient.connectionString(`esdb+discover://${endpoint()}?tls=false`);
    const stream = newStream();
    const events = newEvents(1);
    await append(client, stream, { events });
    expect(await idsIn(client, stream)).toEqual(idsOf(events));
    await client.dispose();
  });

  onlyEmbedded('a real server has them')('says that it has no persistent subscriptions', async () => {
    const creation = store.client.createPersistentSubscriptionToAll('group', {} as Parameters<typeof store.client.createPersistentSubscriptionToAll>[1]);
    expect(await errorTypeOf(creation)).toBe('unsupported');
  });
});
