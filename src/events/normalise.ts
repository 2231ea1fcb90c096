import assert from 'node:assert/strict';
import { field } from './json.js';
import type { StripeEvent } from './stripe-event.js';
import { subscriptionSnapshot, type SubscriptionSnapshot } from './subscription-snapshot.js';

export { UnreadableSnapshot } from './fields.js';
export { isFinalStatus } from './rank.js';
export type { SubscriptionItem, SubscriptionSnapshot } from './subscription-snapshot.js';

/** A typed snapshot of ours, the same for every API version of Stripe; plain JSON. */
export type Snapshot = SubscriptionSnapshot;
export type SnapshotKind = Snapshot['kind'];

/** How each kind is read. Keys are our kinds; `kindOf` maps Stripe's object names to them. */
const readers: { readonly [Kind in SnapshotKind]: (stripeEvent: StripeEvent) => Extract<Snapshot, { kind: Kind }> } = {
  subscription: subscriptionSnapshot,
};
const kindsByObject: ReadonlyMap<string, SnapshotKind> = new Map([['subscription', 'subscription']]);

/** The kind of an event's snapshot, by the object it shows; `other` for objects that no projection needs. */
export function kindOf(stripeEvent: StripeEvent): SnapshotKind | 'other' {
  return kindsByObject.get(String(field(stripeEvent.data.object, 'object'))) ?? 'other';
}

/**
 * Turns the snapshot of an event of any API version (2013 to 2026-09-30.endive) into ours. Reads the snapshot only, never
 * the type's name. Throws `UnreadableSnapshot` when what the kind cannot do without is missing; asserts that the kind is not `other`.
 */
export function normalise(stripeEvent: StripeEvent): Snapshot {
  const kind = kindOf(stripeEvent);
  assert(kind !== 'other', `a ${String(field(stripeEvent.data.object, 'object'))} has no snapshot`);
  return readers[kind](stripeEvent);
}
