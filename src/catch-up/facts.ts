import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import { isoTime } from '../events/fields.js';
import { kindOf, normalise, type SnapshotKind } from '../events/normalise.js';
import { orderKeyOf } from '../events/order.js';
import type { StripeEvent } from '../events/stripe-event.js';
import { stripeEventOf, type Envelope, type RecordedEvent } from '../eventstore/recorded-event.js';

/**
 * An event as projections see it: what it says, read once, since several want the same. Its body is let go, which takes
 * ten times the memory.
 */
export type ReadEvent = Envelope & Readonly<{ says: Says }>;

type Says =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'fact'; readonly fact: Fact }
  /** `of`: the kind of snapshot that it should have; null when not even that can be told. */
  | { readonly kind: 'unreadable'; readonly of: SnapshotKind | null; readonly error: unknown };

const NOTHING: Says = { kind: 'nothing' };

/** Reads what an event says, unless its snapshot is of another kind than these. Never throws: whoever it concerns hears of it from `factOf`. */
export function readEvent(recorded: RecordedEvent, kinds?: ReadonlySet<SnapshotKind>): ReadEvent {
  const { eventId, stream, revision, position, type, recordedAt, metadata } = recorded;
  return { eventId, stream, revision, position, type, recordedAt, metadata, says: read(recorded, kinds) };
}

function read(recorded: RecordedEvent, kinds: ReadonlySet<SnapshotKind> | undefined): Says {
  if (recorded.metadata === null || recorded.metadata.quarantine !== undefined) return NOTHING;
  let of: SnapshotKind | null = null;
  try {
    const stripeEvent = stripeEventOf(recorded);
    const kind = kindOf(stripeEvent);
    if (kind === 'other' || kinds?.has(kind) === false) return NOTHING;
    of = kind;
    return { kind: 'fact', fact: factFrom(stripeEvent) };
  } catch (error) {
    return { kind: 'unreadable', of, error };
  }
}

/** A Stripe event as a projection sees it. @throws UnreadableSnapshot */
export function factFrom(stripeEvent: StripeEvent): Fact {
  const { id, type, created, api_version: apiVersion } = stripeEvent;
  return {
    snapshot: normalise(stripeEvent),
    order: orderKeyOf(stripeEvent),
    event: { stripeEventId: id, type, created: isoTime(created), apiVersion },
  };
}

/** Whether an event is any business of a projection; one of which nothing can be told is everybody's. */
export function concerns(projection: AnyProjection, { says }: ReadEvent): boolean {
  switch (says.kind) {
    case 'nothing': return false;
    case 'fact': return handles(projection, says.fact.snapshot.kind);
    case 'unreadable': return says.of === null || handles(projection, says.of);
  }
}

/** What an event says to a projection: nothing when it is none of its business. Throws when it cannot be read. */
export function factOf(projection: AnyProjection, event: ReadEvent): Fact[] {
  const { says } = event;
  if (!concerns(projection, event) || says.kind === 'nothing') return [];
  if (says.kind === 'unreadable') throw says.error;
  return [says.fact];
}
