import type { ResolvedEvent } from '@eventstore/db-client';
import { asStripeEvent, type StripeEvent } from '../events/stripe-event.js';
import type { ReadBytes } from './read-response.js';

/** What intake stores of an event beside its body, as the event's metadata (ARCHITECTURE.md, Log). Times are ISO 8601, in UTC. */
export type EventMetadata = Readonly<{
  format: 1;
  stripeEventId: string | null;
  apiVersion: string | null;
  account: string | null;
  livemode: boolean | null;
  /** Label of the signing secret that matched. */
  endpoint: string;
  receivedAt: string;
  signedAt: string;
  bodySha256: string;
  contentHash: string;
  /** Why the event is in quarantine; absent elsewhere. */
  quarantine?: string | undefined;
}>;

/** `EventMetadata` as it is read back: what is missing or odd is null. */
export type RecordedMetadata = Readonly<{ format: 1; quarantine?: string | undefined }> &
  Readonly<{ [Name in Exclude<keyof EventMetadata, 'format' | 'quarantine' | 'livemode'>]: string | null }> &
  Readonly<{ livemode: boolean | null }>;

/** Only `format` decides whether the ledger wrote an event: another field that is odd is null, so that it stops nobody. */
function recordedMetadataOf(metadata: unknown): RecordedMetadata | null {
  if (typeof metadata !== 'object' || metadata === null) return null;
  const fields = metadata as Readonly<Record<string, unknown>>;
  if (fields['format'] !== 1) return null;
  const { livemode, quarantine } = fields;
  return {
    format: 1,
    stripeEventId: textOf(fields['stripeEventId']),
    apiVersion: textOf(fields['apiVersion']),
    account: textOf(fields['account']),
    livemode: typeof livemode === 'boolean' ? livemode : null,
    endpoint: textOf(fields['endpoint']),
    receivedAt: timeOf(fields['receivedAt']),
    signedAt: timeOf(fields['signedAt']),
    bodySha256: textOf(fields['bodySha256']),
    contentHash: textOf(fields['contentHash']),
    ...(quarantine === undefined ? {} : { quarantine: textOf(quarantine) ?? 'odd metadata' }),
  };
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]{8,20}Z$/;
const timeOf = (value: unknown): string | null =>
  typeof value === 'string' && TIME.test(value) ? isoTimeOf(new Date(value)) : null;

/** The longest stream name that Postgres can index for sure, in UTF-16 code units; intake makes none of more than 400. */
const STREAM_NAME_MAX = 650;
/** What neither Postgres nor UTF-8 can carry in a name. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const INT8_MAX = 2n ** 63n - 1n;

/** A time as text that Postgres and JSON read alike; null for one outside of the years 1 to 9999. */
function isoTimeOf(date: Date): string | null {
  if (Number.isNaN(date.getTime())) return null;
  const text = date.toISOString();
  return /^(?!0000)\d{4}-/.test(text) ? text : null;
}

/** An event as the log has it. `metadata` is null for events that the ledger did not write, or cannot have written. */
export type RecordedEvent = Readonly<{
  eventId: string;
  stream: string;
  /** Index in its stream, from 0. */
  revision: bigint;
  /** Place in the whole log. */
  position: bigint;
  type: string;
  recordedAt: Date;
  metadata: RecordedMetadata | null;
  data: unknown;
  /** How long the body is; absent where the client does not tell. */
  dataBytes?: number;
}>;

/** When an event was received; when it was recorded where its writer does not say, or says what is not a time. */
export function receivedAtOf({ metadata, recordedAt }: RecordedEvent): Date {
  const received = new Date(metadata?.receivedAt ?? Number.NaN);
  return Number.isNaN(received.getTime()) ? recordedAt : received;
}

/** A recorded event without its body. */
export type Envelope = Omit<RecordedEvent, 'data' | 'dataBytes'>;

/** Turns what the client read into a recorded event; null for a link whose target is gone. */
export function recordedEventOf(resolved: ResolvedEvent): RecordedEvent | null {
  const { event } = resolved;
  if (event === undefined) return null;
  const position = event.position?.commit ?? resolved.commitPosition;
  if (position === undefined) throw new Error(`The store sent ${event.streamId}@${event.revision} without a position.`);
  const { id: eventId, streamId: stream, revision, type, created, metadata, data } = event;
  return recordedFrom({ eventId, stream, revision, position, type }, { created, metadata, data });
}

/** Turns the bytes of an event into a recorded event. As the client does, it leaves data as text that is no JSON in spite of its type. */
export function recordedEventFrom(event: ReadBytes): RecordedEvent {
  const { eventId, stream, revision, position, type, contentType } = event;
  const data = contentType === 'application/json' ? jsonOr(event.data, (text) => text) : event.data;
  const parsed = { created: timeOfTicks(event.created), metadata: jsonOr(event.metadata, () => null), data };
  return { ...recordedFrom({ eventId, stream, revision, position, type }, parsed), dataBytes: event.data.length };
}

function jsonOr(bytes: Buffer, otherwise: (text: string) => unknown): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return otherwise(text);
  }
}

const TICKS_PER_MS = 10_000n;
const timeOfTicks = (ticks: string): Date =>
  /^\d{1,19}$/.test(ticks) ? new Date(Number(BigInt(ticks) / TICKS_PER_MS)) : new Date(0);

type Place = Pick<RecordedEvent, 'eventId' | 'stream' | 'revision' | 'position' | 'type'>;

function recordedFrom(
  { eventId, stream, revision, position, type }: Place,
  { created, metadata, data }: { created: Date; metadata: unknown; data: unknown },
): RecordedEvent {
  const recordedAt = isoTimeOf(created) === null ? new Date(0) : created;
  return {
    eventId,
    stream,
    revision,
    position,
    type,
    recordedAt,
    metadata: canBeOurs({ stream, revision, position }) ? recordedMetadataOf(metadata) : null,
    data,
  };
}

/** Not with a name or a place that no event of the ledger has, and that no table could hold. */
const canBeOurs = ({ stream, revision, position }: Pick<Place, 'stream' | 'revision' | 'position'>): boolean =>
  isPlace(revision) && isPlace(position) && stream.length <= STREAM_NAME_MAX && !UNPRINTABLE.test(stream);
const isPlace = (value: bigint): boolean => value >= 0n && value <= INT8_MAX;

/**
 * The Stripe event inside a recorded one. The only reader of `data`: a later format, say with personal
 * fields encrypted, changes this function and nothing else.
 * @throws UnreadableEvent when a field that everyone relies on is missing or of the wrong type.
 */
export function stripeEventOf(recorded: RecordedEvent): StripeEvent {
  return asStripeEvent(recorded.data);
}
