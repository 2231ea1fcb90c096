import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import { isoTime } from '../events/fields.js';
import { kindOf, normalise, type SnapshotKind } from '../events/normalise.js';
import { orderKeyOf, type OrderKey } from '../events/order.js';
import type { StripeEvent } from '../events/stripe-event.js';
import { stripeEventOf, type Envelope, type RecordedEvent } from '../eventstore/recorded-event.js';

/**
 * An event as projections see it: its content, read once for all of them. The body is released, because it takes ten
 * times the memory. `bytes` is the approximate size of the event: its content is no longer than its body.
 */
export type ReadEvent = Envelope & Readonly<{ content: EventContent; bytes: number }>;

type EventContent =
  | { readonly kind: 'nothing' }
  /** This many events up to here belong to other workers. */
  | { readonly kind: 'skipped'; readonly events: number }
  /** An event of the store itself: `stream` was deleted or has new limits, so some of its events may be gone. */
  | { readonly kind: 'shortened'; readonly stream: string }
  | { readonly kind: 'fact'; readonly fact: Fact }
  /** `of`, `order`: the expected kind of snapshot and the event's place; null when not even these can be determined. */
  | {
      readonly kind: 'unreadable';
      readonly of: SnapshotKind | null;
      readonly order: OrderKey | null;
      readonly error: unknown;
    };

const NOTHING: EventContent = { kind: 'nothing' };

/** Reads the content of an event whose snapshot is of these kinds. Never throws; `factOf` throws the error. */
export function readEvent(recorded: RecordedEvent, kinds?: ReadonlySet<SnapshotKind>): ReadEvent {
  const { eventId, stream, revision, position, type, recordedAt, metadata } = recorded;
  const content = read(recorded, kinds);
  const bytes = ENVELOPE_BYTES + (content.kind === 'fact' ? (recorded.dataBytes ?? bytesOf(recorded.data)) : 0);
  return { eventId, stream, revision, position, type, recordedAt, metadata, content, bytes };
}

/** Stands for events of other workers: only the place of the last one is known. */
export const skippedEvent = (
  { position, eventId }: Pick<Envelope, 'position' | 'eventId'>,
  events: number,
): ReadEvent => ({
  eventId,
  stream: '',
  revision: -1n,
  position,
  type: '',
  recordedAt: NEVER,
  metadata: null,
  content: { kind: 'skipped', events },
  bytes: 0,
});

const NEVER = new Date(0);

/** The memory of an event beside its body. */
const ENVELOPE_BYTES = 500;

/** The approximate size of a value as JSON; it may nest as deeply as JSON can. */
function bytesOf(value: unknown): number {
  let bytes = 0;
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'string' || one instanceof Uint8Array) bytes += one.length;
    else if (typeof one === 'object' && one !== null) {
      for (const [key, inner] of Object.entries(one)) {
        bytes += key.length;
        open.push(inner);
      }
    }
    bytes += PUNCTUATION_BYTES;
  }
  return bytes;
}

/** Quotes, commas and the digits of a number. */
const PUNCTUATION_BYTES = 4;

/** The stream that an event of the store concerns: metadata is in `$$<stream>`; a tombstone ends its own stream. */
function shortenedBy({ type, stream }: RecordedEvent): string | null {
  const name =
    type === '$metadata' && stream.startsWith('$$') ? stream.slice(2) : type === '$streamDeleted' ? stream : '$';
  return name.startsWith('$') ? null : name;
}

function read(recorded: RecordedEvent, kinds: ReadonlySet<SnapshotKind> | undefined): EventContent {
  const stream = shortenedBy(recorded);
  if (stream !== null) return { kind: 'shortened', stream };
  const { metadata } = recorded;
  if (metadata === null || (metadata.quarantine !== undefined && metadata.unreadable === undefined)) return NOTHING;
  let of: SnapshotKind | null = null;
  let unread: StripeEvent | null = null;
  try {
    const stripeEvent = stripeEventOf(recorded);
    const kind = kindOf(stripeEvent);
    if (kind === 'other' || kinds?.has(kind) === false) return NOTHING;
    [of, unread] = [kind, stripeEvent];
    return { kind: 'fact', fact: factFrom(stripeEvent) };
  } catch (error) {
    return { kind: 'unreadable', of, order: unread && orderKeyOf(unread, null), error };
  }
}

/** Returns a Stripe event as a projection sees it. @throws UnreadableSnapshot */
export function factFrom(stripeEvent: StripeEvent): Fact {
  const { id, type, created, api_version: apiVersion, observed } = stripeEvent;
  const snapshot = normalise(stripeEvent);
  return {
    snapshot,
    order: orderKeyOf(stripeEvent, snapshot),
    event: { stripeEventId: id, type, created: isoTime(created), apiVersion, observed: observed !== undefined },
  };
}

/** The kind of snapshot that an event has, or should have; `any` when unknown, null when it has no content. */
export function kindIn({ content }: ReadEvent): SnapshotKind | 'any' | null {
  if (content.kind === 'fact') return content.fact.snapshot.kind;
  return content.kind === 'unreadable' ? (content.of ?? 'any') : null;
}

/** Whether a projection handles this event. Events of unknown kind concern every projection. */
export function concerns(projection: AnyProjection, event: ReadEvent): boolean {
  const kind = kindIn(event);
  return kind !== null && (kind === 'any' || handles(projection, kind));
}

/** Returns the fact of an event; none when the projection does not handle its kind. @throws when it cannot be read */
export function factOf(projection: AnyProjection, event: ReadEvent): Fact[] {
  const { content } = event;
  if (!concerns(projection, event)) return [];
  if (content.kind === 'unreadable') throw content.error;
  return content.kind === 'fact' ? [content.fact] : [];
}
