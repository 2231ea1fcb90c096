/** From the protocol's messages to our values. */
import type { Expected } from './append-decision.js';
import type { From } from './cursors.js';
import type { Direction } from './event-log.js';
import { createFilter, type Filter } from './filters.js';
import { invalidArgument, missingMetadata } from './rpc-errors.js';
import { shared, streams, type Shared, type Streams } from './protocol.js';
import type { ProposedEvent } from './record.js';

/** Events between two checkpoints are counted in windows; this one when the client names none. */
const DEFAULT_WINDOW = 32;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function streamNameOf(identifier: Shared.StreamIdentifier | undefined): string {
  const name = Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
  if (name === '') throw invalidArgument('A stream needs a name.');
  return name;
}

/** Lower-case text of either form of a UUID. */
export function uuidOf(uuid: Shared.UUID | undefined): string {
  const structured = uuid?.getStructured();
  if (structured) {
    const half = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
    const hex = half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits());
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  const text = uuid?.getString().toLowerCase() ?? '';
  if (!UUID.test(text)) throw invalidArgument(`"${text}" is not a UUID.`);
  return text;
}

/** The two signed halves of a UUID. */
export function structuredUuid(text: string): Shared.UUID {
  const hex = text.replaceAll('-', '');
  const half = (digits: string): string => BigInt.asIntN(64, BigInt(`0x${digits}`)).toString();
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(half(hex.slice(0, 16)));
  structured.setLeastSignificantBits(half(hex.slice(16)));
  return new shared.UUID().setStructured(structured);
}

type ExpectedFields = Readonly<{ hasAny(): boolean; hasStreamExists(): boolean; hasNoStream(): boolean }>;

/** One of the markers, else a revision. */
export function expectedOf(options: ExpectedFields, revision: string): Expected {
  if (options.hasAny()) return { kind: 'any' };
  if (options.hasStreamExists()) return { kind: 'streamExists' };
  if (options.hasNoStream()) return { kind: 'noStream' };
  return { kind: 'revision', revision: BigInt(revision) };
}

export function proposedEventOf(proposed: Streams.AppendReq.ProposedMessage | Streams.BatchAppendReq.ProposedMessage): ProposedEvent {
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

/** What the append limit counts: the type in UTF-16. */
export const sizeOf = ({ type, metadata, data }: ProposedEvent): number => data.length + metadata.length + 2 * type.length;

/** What a Read asks for. */
export type ReadRequest = Readonly<{
  /** undefined is `$all`. */
  stream: string | undefined;
  from: From;
  direction: Direction;
  /** undefined is a subscription. */
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
  const window = options.hasMax() ? options.getMax() : DEFAULT_WINDOW;
  const checkpointEvery = window * options.getCheckpointintervalmultiplier();
  if (checkpointEvery <= 0) throw invalidArgument('Search window and checkpoint interval must be greater than 0.');
  const definition = { on: byStream ? 'stream' : 'type', regex: expression.getRegex(), prefixes: expression.getPrefixList(), checkpointEvery } as const;
  try {
    return createFilter(definition);
  } catch (error) {
    throw invalidArgument(`This filter cannot be used here: ${(error as Error).message}. Use only what .NET and JavaScript share.`);
  }
}

function fromOf(options: Streams.ReadReq.Options): From {
  const stream = options.getStream();
  const all = options.getAll();
  if (stream?.hasStart() || all?.hasStart()) return START;
  if (stream?.hasEnd() || all?.hasEnd()) return END;
  const at = stream ? stream.getRevision() : (all?.getPosition()?.getCommitPosition() ?? '0');
  return { kind: 'at', at: BigInt(at) };
}

export function readRequestOf(request: Streams.ReadReq): ReadRequest {
  const options = request.getOptions();
  if (!options) throw invalidArgument('A read needs options.');
  const stream = options.getStream();
  if (!stream && !options.hasAll()) throw invalidArgument('A read is of a stream or of $all.');
  const filter = options.getFilter();
  return {
    stream: stream && streamNameOf(stream.getStreamIdentifier()),
    from: fromOf(options),
    direction: options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS ? 'backwards' : 'forwards',
    count: options.hasSubscription() ? undefined : BigInt(options.getCount()),
    filter: filter && filterOf(filter),
    resolveLinks: options.getResolveLinks(),
    structuredUuids: options.getUuidOption()?.hasStructured() ?? false,
  };
}
