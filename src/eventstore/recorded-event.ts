import type { ResolvedEvent } from '@eventstore/db-client';
import { sightIdOf } from '../events/event-id.js';
import { field, isJsonObject } from '../events/json.js';
import { asStripeEvent, UnreadableEvent, type StripeEvent } from '../events/stripe-event.js';
import { isoTimeOf, recordedMetadataOf, type Observed, type RecordedMetadata } from './event-metadata.js';
import type { ReadBytes } from './read-response.js';

export type { EventMetadata, RecordedMetadata } from './event-metadata.js';

/**
 * The longest stream name that Postgres can certainly index, in UTF-16 code units; intake creates names of at most 400.
 */
const STREAM_NAME_MAX = 650;
/** Characters that neither Postgres nor UTF-8 can hold in a name. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const INT8_MAX = 2n ** 63n - 1n;

/** An event of the log. `metadata` is null for events that the ledger did not write, or cannot have written. */
export type RecordedEvent = Readonly<{
  eventId: string;
  stream: string;
  /** Index in its stream, from 0. */
  revision: bigint;
  /** Position in the whole log. */
  position: bigint;
  type: string;
  recordedAt: Date;
  metadata: RecordedMetadata | null;
  data: unknown;
  /** The length of the body; absent where the client does not report it. */
  dataBytes?: number;
}>;

/** When an event was received; when it was recorded if its metadata has no valid time of receipt. */
export function receivedAtOf({ metadata, recordedAt }: RecordedEvent): Date {
  const received = new Date(metadata?.receivedAt ?? Number.NaN);
  return Number.isNaN(received.getTime()) ? recordedAt : received;
}

/** A recorded event without its body. */
export type Envelope = Omit<RecordedEvent, 'data' | 'dataBytes'>;

/** Converts what the client read to a recorded event; null for a link to a missing event. */
export function recordedEventOf(resolved: ResolvedEvent): RecordedEvent | null {
  const { event } = resolved;
  if (event === undefined) return null;
  const position = event.position?.commit ?? resolved.commitPosition;
  if (position === undefined) throw new Error(`The store sent ${event.streamId}@${event.revision} without a position.`);
  const { id: eventId, streamId: stream, revision, type, created, metadata, data } = event;
  return recordedFrom({ eventId, stream, revision, position, type }, { created, metadata, data });
}

/** Converts the bytes of an event. Like the client, it keeps data that is not valid JSON as text, despite its type. */
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

/** Excludes names and places that no event of the ledger can have, and no table can hold. */
const canBeOurs = ({ stream, revision, position }: Pick<Place, 'stream' | 'revision' | 'position'>): boolean =>
  isPlace(revision) && isPlace(position) && stream.length <= STREAM_NAME_MAX && !UNPRINTABLE.test(stream);
const isPlace = (value: bigint): boolean => value >= 0n && value <= INT8_MAX;

/** This build cannot read an event, because a newer build wrote it. */
export class UnreadableFormat extends Error {
  readonly code = 'UNREADABLE_FORMAT';

  constructor(why: string) {
    super(`The event cannot be read: ${why}. Start a build that is at least as new as the one that wrote it.`);
    this.name = 'UnreadableFormat';
  }
}

/**
 * Returns the Stripe event of a recorded one; for an observation, the event that would show the same state. This is the
 * only reader of `data`: a later format (encrypted personal fields, for example) changes only this function.
 * @throws UnreadableFormat when a newer build wrote it; UnreadableEvent when a required field is missing or of the
 * wrong type.
 */
export function stripeEventOf(recorded: Contents): StripeEvent {
  const { metadata, data } = recorded;
  if (metadata?.unreadable !== undefined) throw new UnreadableFormat(metadata.unreadable);
  if (metadata?.observed !== undefined) return observedEvent(recorded, metadata, metadata.observed);
  const stripeEvent = asStripeEvent(data);
  // An event that Stripe lists for a connected account may omit the account.
  return stripeEvent.account === null && metadata?.source === 'events_api'
    ? { ...stripeEvent, account: metadata.account }
    : stripeEvent;
}

type Contents = Pick<RecordedEvent, 'eventId' | 'type' | 'metadata' | 'data'>;

function observedEvent({ eventId, type, data }: Contents, metadata: RecordedMetadata, observed: Observed): StripeEvent {
  const { asked, answered, stands } = observed;
  const { name: object, id } = observed.object;
  if (!isJsonObject(data)) throw new UnreadableEvent('', 'an object');
  // A page of a list has neither a name nor an id: it was recorded under those of its owner.
  const shown = field(data, 'object') === 'list' ? { ...data, object, id } : data;
  return {
    id: sightIdOf(eventId),
    type,
    created: stands,
    api_version: metadata.apiVersion,
    livemode: metadata.livemode === true,
    account: metadata.account,
    data: { object: metadata.source === 'absence' ? { id, object, deleted: true } : shown, previous_attributes: null },
    observed: { asked, answered },
  };
}
