/** Decodes the protocol's messages into our values. */
import type { Expected } from './append-decision.js';
import type { From } from './cursors.js';
import type { Direction } from './event-log.js';
import { createFilter, PREFIXES_MAX, type Filter } from './filters.js';
import { invalidArgument, missingMetadata, unknown } from './rpc-errors.js';
import { shared, streams, type Shared, type Streams } from './protocol.js';
import type { ProposedEvent } from './record.js';
import { REVISION_MAX } from './stream-metadata.js';

/** The default window of events between checkpoints, when the client sets none. */
const DEFAULT_WINDOW = 32;

/** The protocol's numbers are unsigned; the largest means the end. */
const END_NUMBER = 2n ** 64n - 1n;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function streamNameOf(identifier: Shared.StreamIdentifier | undefined): string {
  const name = Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
  if (name === '') throw unknown('A stream needs a name.');
  return name;
}

/** Returns the lower-case text of a UUID in either encoding. */
export function uuidOf(uuid: Shared.UUID | undefined): string {
  const structured = uuid?.getStructured();
  if (structured) {
    const half = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
    const hex = half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits());
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  const text = uuid?.getString().toLowerCase() ?? '';
  if (!UUID.test(text)) throw unknown(`"${text}" is not a UUID.`);
  return text;
}

/** Encodes a UUID as two signed halves. */
export function structuredUuid(text: string): Shared.UUID {
  const hex = text.replaceAll('-', '');
  const half = (digits: string): string => BigInt.asIntN(64, BigInt(`0x${digits}`)).toString();
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(half(hex.slice(0, 16)));
  structured.setLeastSignificantBits(half(hex.slice(16)));
  return new shared.UUID().setStructured(structured);
}

type ExpectedFields = Readonly<{ hasAny(): boolean; hasStreamExists(): boolean; hasNoStream(): boolean }>;

/** Decodes an expected revision: one of the markers, else a revision. */
export function expectedOf(options: ExpectedFields, revision: string): Expected {
  if (options.hasAny()) return { kind: 'any' };
  if (options.hasStreamExists()) return { kind: 'streamExists' };
  if (options.hasNoStream()) return { kind: 'noStream' };
  return { kind: 'revision', revision: BigInt(revision) };
}

export function proposedEventOf(
  proposed: Streams.AppendReq.ProposedMessage | Streams.BatchAppendReq.ProposedMessage,
): ProposedEvent {
  const properties = proposed.getMetadataMap();
  const type = properties.get('type');
  const contentType = properties.get('content-type');
  if (!type || !contentType) throw missingMetadata();
  return {
    id: uuidOf(proposed.getId()),
    type,
    contentType,
    metadata: proposed.getCustomMetadata_asU8(),
    data: proposed.getData_asU8(),
  };
}

/** Returns an event's size for the append limit, which counts the type in UTF-16. */
export const sizeOf = ({ type, metadata, data }: ProposedEvent): number =>
  data.length + metadata.length + 2 * type.length;

/** A decoded Read request. */
export type ReadRequest = Readonly<{
  /** undefined for `$all`. */
  stream: string | undefined;
  from: From;
  direction: Direction;
  /** undefined for a subscription. */
  count: bigint | undefined;
  filter: Filter | undefined;
  resolveLinks: boolean;
  structuredUuids: boolean;
}>;

const START: From = { kind: 'start' };
const END: From = { kind: 'end' };

function filterOf(options: Streams.ReadReq.Options.FilterOptions): Filter {
  const byStream = options.getStreamIdentifier();
  const expression = byStream ?? options.getEventType();
  if (!expression) throw invalidArgument('A filter is on stream names or on event types.');
  if (!options.hasMax() && !options.hasCount()) throw invalidArgument('A filter needs a window.');
  const window = options.hasMax() ? options.getMax() : DEFAULT_WINDOW;
  const checkpointEvery = window * options.getCheckpointintervalmultiplier();
  if (checkpointEvery <= 0) throw unknown('Search window and checkpoint interval must be greater than 0.');
  const prefixes = expression.getPrefixList();
  if (prefixes.length > PREFIXES_MAX) throw invalidArgument(`A filter has at most ${PREFIXES_MAX} prefixes here.`);
  return createFilter({
    on: byStream ? 'stream' : 'type',
    regex: expression.getRegex(),
    prefixes,
    window,
    checkpointEvery,
  });
}

/** Decodes a revision or position. EventStoreDB's are signed, so larger numbers fail. */
function fromNumber(text: string): From {
  const at = BigInt(text);
  if (at === END_NUMBER) return END;
  if (at > REVISION_MAX) throw unknown(`${at} is beyond the largest number of a place.`);
  return { kind: 'at', at };
}

/** Decodes a position: that of a record, or before it when the second number is smaller. */
function fromPosition({ commit, prepare }: Readonly<{ commit: string; prepare: string }>): From {
  const from = fromNumber(commit);
  if (from.kind !== 'at') {
    if (fromNumber(prepare).kind !== 'end') throw unknown('The largest number is no part of a position.');
    return from;
  }
  if (BigInt(prepare) > from.at) throw unknown('The prepare position is not beyond the commit position.');
  return { ...from, before: BigInt(prepare) < from.at };
}

function fromOf(options: Streams.ReadReq.Options): From {
  const stream = options.getStream();
  const all = options.getAll();
  if (stream?.hasStart() || all?.hasStart()) return START;
  if (stream?.hasEnd() || all?.hasEnd()) return END;
  if (stream) return fromNumber(stream.getRevision());
  const position = all?.getPosition();
  return fromPosition({ commit: position?.getCommitPosition() ?? '0', prepare: position?.getPreparePosition() ?? '0' });
}

/** Throws when required options are missing, or options exclude each other. */
function assertComplete(options: Streams.ReadReq.Options): void {
  if (!options.hasStream() && !options.hasAll()) throw invalidArgument('A read is of a stream or of $all.');
  if (!options.getUuidOption()?.hasString() && !options.getUuidOption()?.hasStructured())
    throw invalidArgument('A read needs a form of UUIDs.');
  if (!options.hasCount() && !options.hasSubscription())
    throw invalidArgument('A read needs a count, or is a subscription.');
  if (!options.hasFilter() && !options.hasNoFilter())
    throw invalidArgument('A read needs a filter, or says that there is none.');
  if (options.hasStream() && options.hasFilter()) throw invalidArgument('Only reads of $all can have a filter.');
  if (options.hasSubscription() && directionOf(options) === 'backwards')
    throw invalidArgument('A subscription goes forwards.');
}

const directionOf = (options: Streams.ReadReq.Options): Direction =>
  options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS ? 'backwards' : 'forwards';

export function readRequestOf(request: Streams.ReadReq): ReadRequest {
  const options = request.getOptions();
  if (!options) throw unknown('A read needs options.');
  assertComplete(options);
  const stream = options.getStream();
  const filter = options.getFilter();
  return {
    stream: stream && streamNameOf(stream.getStreamIdentifier()),
    from: fromOf(options),
    direction: directionOf(options),
    count: options.hasSubscription() ? undefined : BigInt(options.getCount()),
    filter: filter && filterOf(filter),
    resolveLinks: options.getResolveLinks(),
    structuredUuids: options.getUuidOption()?.hasStructured() ?? false,
  };
}
