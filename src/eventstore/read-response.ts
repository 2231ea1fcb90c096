/**
 * Decodes the responses of a read from protobuf. The generated code and the official client create a dozen objects per
 * event and copy its body twice, which costs a rebuild more than its own work on the event.
 */

/** A recorded event as read; `data` and `metadata` are slices of the response. */
export type ReadBytes = Readonly<{
  eventId: string;
  stream: string;
  revision: bigint;
  position: bigint;
  type: string;
  contentType: string;
  /** In units of 100 ns since 1970. */
  created: string;
  data: Buffer;
  metadata: Buffer;
}>;

// Field numbers in EventStoreDB's `streams.proto` and `shared.proto`.
const READ_RESP = { event: 1 } as const;
const READ_EVENT = { event: 1 } as const;
const EVENT = {
  id: 1,
  streamIdentifier: 2,
  revision: 3,
  commitPosition: 5,
  properties: 6,
  metadata: 7,
  data: 8,
} as const;
const UUID = { text: 2 } as const;
const STREAM_IDENTIFIER = { name: 3 } as const;
const ENTRY = { key: 1, value: 2 } as const;

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Returns the event of a response; `none` for another kind of response, or a link to a missing event. @throws
 * RangeError when it is truncated
 */
export function readBytesOf(response: Buffer): ReadBytes | 'none' {
  const read = memberOf(response, READ_RESP.event);
  const event = read === null ? null : memberOf(read, READ_EVENT.event);
  return event === null ? 'none' : eventOf(event);
}

function eventOf(bytes: Buffer): ReadBytes {
  const fields = new Fields(bytes);
  const properties: Record<string, string> = {};
  let [eventId, stream, revision, position] = ['', '', 0n, 0n];
  let [metadata, data] = [NOTHING, NOTHING];
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === EVENT.id) eventId = textOf(memberOf(fields.bytes(), UUID.text));
    else if (field === EVENT.streamIdentifier) stream = textOf(memberOf(fields.bytes(), STREAM_IDENTIFIER.name));
    else if (field === EVENT.revision) revision = fields.uint64();
    else if (field === EVENT.commitPosition) position = fields.uint64();
    else if (field === EVENT.properties) {
      const entry = fields.bytes();
      properties[textOf(memberOf(entry, ENTRY.key))] = textOf(memberOf(entry, ENTRY.value));
    } else if (field === EVENT.metadata) metadata = fields.bytes();
    else if (field === EVENT.data) data = fields.bytes();
    else fields.skip();
  }
  const { type = '', 'content-type': contentType = 'application/octet-stream', created = '' } = properties;
  return { eventId, stream, revision, position, type, contentType, created, data, metadata };
}

const textOf = (bytes: Buffer | null): string => (bytes === null ? '' : bytes.toString('utf8'));

/** The bytes of one field of a message; null when absent. */
function memberOf(message: Buffer, wanted: number): Buffer | null {
  const fields = new Fields(message);
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === wanted) return fields.bytes();
    fields.skip();
  }
  return null;
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Iterates over the fields of a protobuf message. */
class Fields {
  #at = 0;
  #wireType = 0;

  constructor(private readonly message: Buffer) {}

  /** Returns the number of the next field, which must then be read or skipped; 0 at the end. */
  next(): number {
    if (this.#at >= this.message.length) return 0;
    const tag = Number(this.uint64());
    this.#wireType = tag & 7;
    return tag >>> 3;
  }

  bytes(): Buffer {
    if (this.#wireType !== WIRE.bytes)
      throw new RangeError('A response of the store has a field of an unexpected type.');
    const length = Number(this.uint64());
    this.#at += length;
    if (this.#at > this.message.length) throw new RangeError('A response of the store is truncated.');
    return this.message.subarray(this.#at - length, this.#at);
  }

  uint64(): bigint {
    let value = 0;
    let scale = 1;
    // Up to seven bytes (49 bits) a number is exact.
    for (let count = 0; count < 7; count += 1, scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return BigInt(value);
    }
    for (let [large, shift] = [BigInt(value), 49n]; ; shift += 7n) {
      const byte = this.#byte();
      large |= BigInt(byte & 127) << shift;
      if (byte < 128) return large;
    }
  }

  skip(): void {
    if (this.#wireType === WIRE.bytes) this.bytes();
    else if (this.#wireType === WIRE.varint) this.uint64();
    else if (this.#wireType === WIRE.fixed64) this.#at += 8;
    else if (this.#wireType === WIRE.fixed32) this.#at += 4;
    else throw new RangeError('A response of the store has a field of an unknown type.');
  }

  #byte(): number {
    const byte = this.message[this.#at];
    if (byte === undefined) throw new RangeError('A response of the store is truncated.');
    this.#at += 1;
    return byte;
  }
}
