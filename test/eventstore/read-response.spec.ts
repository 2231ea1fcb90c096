import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { convertGrpcEvent } from '@eventstore/db-client/dist/utils/convertGrpcEvent.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { recordedEventFrom, recordedEventOf } from '../../src/eventstore/recorded-event.js';
import { readBytesOf } from '../../src/eventstore/read-response.js';

const { ReadEvent } = streams.ReadResp;

/** A response as a store sends it. */
type Sent = Readonly<{
  stream: string;
  revision: bigint;
  position: bigint;
  type: string;
  contentType: string;
  created: string;
  data: Uint8Array;
  metadata: Uint8Array;
}>;

function responseWith({
  stream,
  revision,
  position,
  type,
  contentType,
  created,
  data,
  metadata,
}: Sent): InstanceType<typeof streams.ReadResp> {
  const id = new shared.UUID();
  id.setString('00000000-0000-4000-8000-000000000001');
  const name = new shared.StreamIdentifier();
  name.setStreamName(Buffer.from(stream));
  const event = new ReadEvent.RecordedEvent();
  event
    .setId(id)
    .setStreamIdentifier(name)
    .setStreamRevision(String(revision))
    .setCommitPosition(String(position))
    .setPreparePosition(String(position));
  event
    .getMetadataMap()
    .set('type', type)
    .set('content-type', contentType)
    .set('created', created)
    .set('new', 'of a later version');
  event.setCustomMetadata(metadata).setData(data);
  return new streams.ReadResp().setEvent(new ReadEvent().setEvent(event).setCommitPosition(String(position)));
}

const bytes = fc.oneof(
  fc.json().map((text) => Buffer.from(text)),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.uint8Array(),
);
const metadata = fc.oneof(
  bytes,
  fc
    .record({
      format: fc.constantFrom(1, 2, '1'),
      endpoint: fc.anything(),
      receivedAt: fc.constantFrom('2026-01-31T00:00:00.000Z', '0000-01-01T00:00:00.000Z', 'x'),
      livemode: fc.boolean(),
      quarantine: fc.constantFrom('conflict', 1, undefined),
    })
    .map((value) => Buffer.from(JSON.stringify(value))),
);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const sent: fc.Arbitrary<Sent> = fc.record({
  stream: fc.string({ unit: 'binary', maxLength: 20 }),
  revision: uint64,
  position: uint64,
  type: fc.string({ minLength: 1 }),
  contentType: fc.constantFrom('application/json', 'application/octet-stream'),
  created: fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 18n }).map(String), fc.constant('yesterday')),
  data: bytes,
  metadata,
});

describe('a response of a read', () => {
  it('is read as the official client reads it', () => {
    fc.assert(
      fc.property(sent, (one) => {
        const response = responseWith(one);
        const read = readBytesOf(Buffer.from(response.serializeBinary()));
        if (read === 'none') throw new Error('There is an event in it.');
        const { dataBytes, ...recorded } = recordedEventFrom(read);
        const official = recordedEventOf(convertGrpcEvent(response.getEvent() as never) as never);
        // Compares bytes regardless of their class.
        const plain = (data: unknown): unknown => (data instanceof Uint8Array ? [...data] : data);
        expect({ ...recorded, data: plain(recorded.data) }).toEqual({ ...official, data: plain(official?.data) });
        expect(dataBytes).toBe(one.data.length);
      }),
      { numRuns: 500 },
    );
  });

  it('that is of another kind has no event', () => {
    expect(
      readBytesOf(Buffer.from(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()).serializeBinary())),
    ).toBe('none');
    expect(readBytesOf(Buffer.from(new streams.ReadResp().setEvent(new ReadEvent()).serializeBinary()))).toBe('none');
  });

  it('that is cut short is no event', () => {
    const whole = Buffer.from(
      responseWith({
        stream: 's',
        revision: 1n,
        position: 2n,
        type: 't',
        contentType: 'application/json',
        created: '0',
        data: Buffer.from('{}'),
        metadata: Buffer.from('{}'),
      }).serializeBinary(),
    );
    expect(() => readBytesOf(whole.subarray(0, -1))).toThrow(RangeError);
  });
});
