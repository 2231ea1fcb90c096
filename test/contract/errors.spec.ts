/** Errors in the protocol: a status, and trailers from which clients of any language know the cause. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { DeleteReq, TombstoneReq } from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { describe, expect } from '@jest/globals';
import { append, appendedStream, newStream, newEvents, plainText, useEventStore } from './event-store.js';
import {
  appendEvent,
  appendOptions,
  appendRaw,
  failureOf,
  identifierOf,
  nothing,
  readAllOf,
  streamOptions,
  useRawStreams,
} from './raw-calls.js';

const store = useEventStore();
const raw = useRawStreams(store);

const deletion = (stream: string): DeleteReq =>
  new streams.DeleteReq().setOptions(
    new streams.DeleteReq.Options().setStreamIdentifier(identifierOf(stream)).setRevision('7'),
  );
const remove = (request: DeleteReq): Promise<unknown> =>
  new Promise((resolve, reject) =>
    raw.client.delete(request, (error, response) => (error ? reject(error) : resolve(response))),
  );
const bury = (request: TombstoneReq): Promise<unknown> =>
  new Promise((resolve, reject) =>
    raw.client.tombstone(request, (error, response) => (error ? reject(error) : resolve(response))),
  );

describe('The error', () => {
  plainText('of a read or an append of a tombstoned stream names the stream', async () => {
    const { stream } = await appendedStream(store.client, 1);
    await store.client.tombstoneStream(stream);
    const deleted = {
      code: status.FAILED_PRECONDITION,
      trailers: { exception: 'stream-deleted', 'stream-name': stream },
    };
    expect(await failureOf(readAllOf(raw, streamOptions(stream)))).toEqual(deleted);
    expect(await failureOf(appendRaw(raw, [appendOptions(stream), appendEvent()]))).toEqual(deleted);
  });

  plainText(
    'of a delete or tombstone at another revision names the stream, the revision expected and the one that is',
    async () => {
      const { stream } = await appendedStream(store.client, 3);
      const wrong = {
        code: status.FAILED_PRECONDITION,
        trailers: {
          exception: 'wrong-expected-version',
          'stream-name': stream,
          'expected-version': '7',
          'actual-version': '2',
        },
      };
      expect(await failureOf(remove(deletion(stream)))).toEqual(wrong);
      const tombstone = new streams.TombstoneReq().setOptions(
        new streams.TombstoneReq.Options().setStreamIdentifier(identifierOf(stream)).setRevision('7'),
      );
      expect(await failureOf(bury(tombstone))).toEqual(wrong);
    },
  );

  plainText('of a delete of a stream that never was counts its revision as -1', async () => {
    const { trailers } = await failureOf(remove(deletion(newStream())));
    expect(trailers).toMatchObject({ exception: 'wrong-expected-version', 'actual-version': '-1' });
  });

  plainText(
    'of a delete that expects a stream to exist says so when there is none, and when it is deleted already',
    async () => {
      const [never, gone] = [newStream(), (await appendedStream(store.client, 1)).stream];
      await store.client.deleteStream(gone);
      const expecting = (stream: string) =>
        new streams.DeleteReq().setOptions(
          new streams.DeleteReq.Options().setStreamIdentifier(identifierOf(stream)).setStreamExists(nothing()),
        );
      expect((await failureOf(remove(expecting(never)))).trailers).toMatchObject({
        exception: 'wrong-expected-version',
      });
      expect((await failureOf(remove(expecting(gone)))).trailers).toMatchObject({
        exception: 'stream-deleted',
        'stream-name': gone,
      });
    },
  );

  plainText('of an append over the limit names the limit', async () => {
    const large = [appendOptions(newStream()), appendEvent({ data: 'x'.repeat(1024 * 1024 + 1) })];
    expect(await failureOf(appendRaw(raw, large))).toEqual({
      code: status.INVALID_ARGUMENT,
      trailers: { exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(1024 * 1024) },
    });
  });

  plainText('of an event without a type or a content type names what it needs', async () => {
    for (const properties of [{ type: 'untyped' }, { 'content-type': 'application/json' }] as Record<
      string,
      string
    >[]) {
      expect(await failureOf(appendRaw(raw, [appendOptions(newStream()), appendEvent({ properties })]))).toEqual({
        code: status.INVALID_ARGUMENT,
        trailers: {
          exception: 'missing-required-metadata-property',
          'required-metadata-properties': 'type,content-type',
        },
      });
    }
  });

  plainText('of an unary append at another revision is no error of the call', async () => {
    const stream = newStream();
    await append(store.client, stream, { events: newEvents(2) });
    const options = new streams.AppendReq.Options().setStreamIdentifier(identifierOf(stream)).setRevision('7');
    const wrong = (
      await appendRaw(raw, [new streams.AppendReq().setOptions(options), appendEvent()])
    ).getWrongExpectedVersion();
    expect([wrong?.getExpectedRevision(), wrong?.getCurrentRevision()]).toEqual(['7', '1']);
  });
});
