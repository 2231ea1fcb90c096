import type { ResolvedEvent } from '@eventstore/db-client';
import { z } from 'zod';
import { asStripeEvent, type StripeEvent } from '../events/stripe-event.js';

const metadataFormat = z.object({
  format: z.literal(1),
  stripeEventId: z.string().nullable(),
  apiVersion: z.string().nullable(),
  account: z.string().nullable(),
  livemode: z.boolean().nullable(),
  /** Label of the signing secret that matched. */
  endpoint: z.string(),
  receivedAt: z.string(),
  signedAt: z.string(),
  bodySha256: z.string(),
  contentHash: z.string(),
  /** Why the event is in quarantine; absent elsewhere. */
  quarantine: z.string().optional(),
});
/** What the ledger knows of an event beside its body; stored as the event's metadata (design, section 3). */
export type EventMetadata = z.infer<typeof metadataFormat>;

/** An event as the log has it. `metadata` is null for events that the ledger did not write. */
export type RecordedEvent = Readonly<{
  eventId: string;
  stream: string;
  /** Index in its stream, from 0. */
  revision: bigint;
  /** Place in the whole log. */
  position: bigint;
  type: string;
  recordedAt: Date;
  metadata: EventMetadata | null;
  data: unknown;
}>;

/** A recorded event without its body. */
export type Envelope = Omit<RecordedEvent, 'data'>;

/** Turns what the client read into a recorded event; null for a link whose target is gone. */
export function recordedEventOf(resolved: ResolvedEvent): RecordedEvent | null {
  const { event } = resolved;
  if (event === undefined) return null;
  const metadata = metadataFormat.safeParse(event.metadata);
  const position = event.position?.commit ?? resolved.commitPosition;
  if (position === undefined) throw new Error(`The store sent ${event.streamId}@${event.revision} without a position.`);
  return {
    eventId: event.id,
    stream: event.streamId,
    revision: event.revision,
    position,
    type: event.type,
    recordedAt: event.created,
    metadata: metadata.success ? metadata.data : null,
    data: event.data,
  };
}

/**
 * The Stripe event inside a recorded one. The only reader of `data`: a later format, say with personal
 * fields encrypted, changes this function and nothing else.
 * @throws UnreadableEvent when a field that everyone relies on is missing or of the wrong type.
 */
export function stripeEventOf(recorded: RecordedEvent): StripeEvent {
  return asStripeEvent(recorded.data);
}
