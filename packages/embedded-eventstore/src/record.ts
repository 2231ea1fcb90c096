/**
 * The stored form of an event: the message of a Read, encoded once at the append and sent unchanged to every reader.
 * Field numbers are those of `streams.proto` and `shared.proto`.
 */
import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** An event as a client proposes it. Bytes and names are stored unchanged. */
export type ProposedEvent = Readonly<{
  /** The UUID in lower case. */
  id: string;
  type: string;
  contentType: string;
  metadata: Uint8Array;
  data: Uint8Array;
}>;

const NOTHING = Buffer.alloc(0);

/** Builds an event of the server itself, with JSON data or none. */
export const systemEvent = (type: string, data: Buffer = NOTHING): ProposedEvent => ({
  id: randomUUID(),
  type,
  contentType: data.length > 0 ? 'application/json' : 'application/octet-stream',
  metadata: NOTHING,
  data,
});

/** An event's place and time in the log. */
export type Place = Readonly<{ stream: string; revision: bigint; position: bigint; createdMs: number }>;

/** A stored event; `frame` is an encoded `ReadResp`. */
export type StoredEvent = Place & Readonly<{ id: string; type: string; frame: Buffer }>;

/** The protocol's times are .NET ticks of 100 nanoseconds. */
const TICKS_PER_MS = 10_000n;

const MAX_SAFE_INTEGER = BigInt(Number.MAX_SAFE_INTEGER);

const VARINT = 0;
const BYTES = 2;

/** Encodes a varint; up to 2^53 with plain numbers, which are faster. */
function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let large = BigInt(value);
  for (; large > MAX_SAFE_INTEGER; large >>= 7n) bytes.push(Number(large & 0x7fn) | 0x80);
  let rest = Number(large);
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Preallocated single bytes: tags and most lengths are one byte. */
const ONE_BYTE = Array.from({ length: 0x80 }, (_, byte) => Buffer.from([byte]));

function length(value: number): Buffer {
  return ONE_BYTE[value] ?? varint(value);
}

type Parts = readonly Uint8Array[];

const sizeOf = (parts: Parts): number => parts.reduce((sum, part) => sum + part.length, 0);
const tag = (field: number, type: number): Buffer => length((field << 3) | type);
const number = (field: number, value: bigint): Parts => [tag(field, VARINT), varint(value)];
const bytes = (field: number, value: Uint8Array): Parts => [tag(field, BYTES), length(value.length), value];
const text = (field: number, value: string): Parts => bytes(field, Buffer.from(value));
const message = (field: number, parts: Parts): Parts => [tag(field, BYTES), length(sizeOf(parts)), ...parts];
const mapEntry = (field: number, key: string, value: string): Parts =>
  message(field, [...text(1, key), ...text(2, value)]);

function recordedEvent(event: ProposedEvent, place: Place): Parts {
  return [
    ...message(1, text(2, event.id)),
    ...message(2, text(3, place.stream)),
    ...number(3, place.revision),
    ...number(4, place.position),
    ...number(5, place.position),
    ...mapEntry(6, 'type', event.type),
    ...mapEntry(6, 'content-type', event.contentType),
    ...mapEntry(6, 'created', String(BigInt(place.createdMs) * TICKS_PER_MS)),
    ...bytes(7, event.metadata),
    ...bytes(8, event.data),
  ];
}

type FrameContent = Readonly<{ event?: Parts; link?: Parts; position: bigint }>;

/** Encodes a `ReadResp` with an event, the link that led to it, and the position of the record read. */
export function encodeFrame({ event, link, position }: FrameContent): Buffer {
  const readEvent = [...(event ? message(1, event) : []), ...(link ? message(2, link) : []), ...number(3, position)];
  return Buffer.concat(message(1, readEvent));
}

/** Encodes the frame of a new event. */
export const frameOf = (event: ProposedEvent, place: Place): Buffer =>
  encodeFrame({ event: recordedEvent(event, place), position: place.position });

/** Returns the CRC-32 over the frame and all lookup keys, so that it also detects damaged indexes and columns. */
export function checksumOf(event: StoredEvent): number {
  const key = `${event.stream}/${event.revision}@${event.position} ${event.id} ${event.type} ${event.createdMs}`;
  return crc32(event.frame, crc32(key));
}

/** Walks the fields of encoded messages. Throws a RangeError beyond the end. */
class Wire {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  varint(): number {
    for (let value = 0, factor = 1; ; factor *= 0x80) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError('The message is longer than its bytes.');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  /** Reads a varint beyond 2^53, such as the revision of a tombstone. */
  bigVarint(): bigint {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError('The message is longer than its bytes.');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  /** Enters the message or bytes field at the current place and returns its end. */
  enter(): number {
    this.varint();
    const size = this.varint();
    return this.at + size;
  }

  text(): string {
    const end = this.enter();
    return this.bytes.toString('utf8', this.at, (this.at = end));
  }
}

/** Returns the bytes of a message's field, the first if it repeats. */
function fieldOf(encoded: Buffer, wanted: number): Buffer {
  const wire = new Wire(encoded);
  while (wire.at < encoded.length) {
    const key = wire.varint();
    const value = wire.varint();
    if ((key & 7) === VARINT) continue;
    if (key >> 3 === wanted) return encoded.subarray(wire.at, wire.at + value);
    wire.at += value;
  }
  return Buffer.alloc(0);
}

/** Returns the `RecordedEvent` in a frame. */
export const recordOf = (frame: Buffer): Buffer => fieldOf(fieldOf(frame, 1), 1);

/** Returns the data in a frame. */
export const dataOf = (frame: Buffer): Buffer => fieldOf(recordOf(frame), 8);

/** Returns the data and content type in a frame. */
export function contentOf(frame: Buffer): Pick<ProposedEvent, 'contentType' | 'data'> {
  const record = recordOf(frame);
  const wire = new Wire(record);
  let contentType = '';
  while (wire.at < record.length) {
    const key = wire.varint();
    const value = wire.varint();
    if ((key & 7) === VARINT) continue;
    const end = wire.at + value;
    if (key >> 3 === 6 && wire.text() === 'content-type') contentType = wire.text();
    wire.at = end;
  }
  return { contentType, data: dataOf(frame) };
}

/** Returns the revision in a frame. Throws a RangeError when the frame is malformed. */
export function revisionOf(frame: Buffer): bigint {
  const record = recordOf(frame);
  const wire = new Wire(record);
  while (wire.at < record.length) {
    const key = wire.varint();
    if (key >> 3 === 3 && (key & 7) === VARINT) return wire.bigVarint();
    const value = wire.varint();
    if ((key & 7) !== VARINT) wire.at += value;
  }
  throw new RangeError('The record has no revision.');
}

type Names = Pick<StoredEvent, 'stream' | 'id' | 'type' | 'createdMs'>;

/** Returns the names in a frame. Throws a RangeError when the frame is malformed. */
export function namesIn(frame: Buffer): Names {
  const names = { stream: '', id: '', type: '', createdMs: NaN };
  const wire = new Wire(frame);
  wire.enter();
  const recordEnd = wire.enter();
  while (wire.at < recordEnd) {
    const key = wire.varint();
    const value = wire.varint();
    if ((key & 7) === VARINT) continue;
    const end = wire.at + value;
    if (key >> 3 === 1) names.id = wire.text();
    else if (key >> 3 === 2) names.stream = wire.text();
    else if (key >> 3 === 6) {
      const entry = wire.text();
      if (entry === 'type') names.type = wire.text();
      else if (entry === 'created') names.createdMs = Number(wire.text()) / Number(TICKS_PER_MS);
    }
    wire.at = end;
  }
  return names;
}
