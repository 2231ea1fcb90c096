import type { ResolvedEvent } from '@eventstore/db-client';
import { z } from 'zod';
import { asStripeEvent, type StripeEvent } from '../events/stripe-event.js';

/** What intake stores of an event beside its body, as the event's metadata (design, section 3). Times are ISO 8601, in UTC. */
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

const text = z.string().nullable().catch(null);
const flag = z.boolean().nullable().catch(null);
const time = z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]{8,20}Z$/).transform((value) => isoTimeOf(new Date(value))).nullable().catch(null);

/** Only `format` decides whether the ledger wrote an event: another field that is odd is null, so that it stops nobody. */
const metadataFormat = z.object({
  format: z.literal(1),
  stripeEventId: text,
  apiVersion: text,
  account: text,
  livemode: flag,
  endpoint: text,
  receivedAt: time,
  signedAt: time,
  bodySha256: text,
  contentHash: text,
  quarantine: z.string().optional().catch('odd metadata'),
});
/** `EventMetadata` as it is read back: what is missing or odd is null. */
export type RecordedMetadata = Readonly<z.infer<typeof metadataFormat>>;

/** The longest stream name that Postgres can index for sure, in UTF-16 code units; intake makes none of more than 400. */
const STREAM_NAME_MAX = 650;
/** What neither Postgres nor UTF-8 can carry in a name. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const INT8_MAX = 2n ** 63n - 1n;

/** A time as text that Postgres and JSON read alike; null for one outside of the years 1 to 9999. */
function isoTimeOf(date: Date): string | null {
  return Number.isNaN(date.getTime()) || !/^\d{4}-/.test(date.toISOString()) || date.getUTCFullYear() === 0 ? null : date.toISOString();
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
}>;

/** A recorded event without its body. */
export type Envelope = Omit<RecordedEvent, 'data'>;

/** Turns what the client read into a recorded event; null for a link whose target is gone. */
export function recordedEventOf(resolved: ResolvedEvent): RecordedEvent | null {
  const { event } = resolved;
  if (event === undefined) return null;
  const position = event.position?.commit ?? resolved.commitPosition;
  if (position === undefined) throw new Error(`The store sent ${event.streamId}@${event.revision} without a position.`);
  return {
    eventId: event.id,
    stream: event.streamId,
    revision: event.revision,
    position,
    type: event.type,
    recordedAt: isoTimeOf(event.created) === null ? new Date(0) : event.created,
    metadata: metadataOf(event, position),
    data: event.data,
  };
}

/** Null also for a name or a place that no event of the ledger has, and that no table could hold. */
function metadataOf({ streamId, revision, metadata }: NonNullable<ResolvedEvent['event']>, position: bigint): RecordedMetadata | null {
  const isPlace = [revision, position].every((value) => value >= 0n && value <= INT8_MAX);
  if (!isPlace || streamId.length > STREAM_NAME_MAX || UNPRINTABLE.test(streamId)) return null;
  const parsed = metadataFormat.safeParse(metadata);
  return parsed.success ? parsed.data : null;
}

/**
 * The Stripe event inside a recorded one. The only reader of `data`: a later format, say with personal
 * fields encrypted, changes this function and nothing else.
 * @throws UnreadableEvent when a field that everyone relies on is missing or of the wrong type.
 */
export function stripeEventOf(recorded: RecordedEvent): StripeEvent {
  return asStripeEvent(recorded.data);
}
