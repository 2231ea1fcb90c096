import type { AnyProjection, Fact } from '../../projections/projection.js';
import { normalise } from '../../src/events/normalise.js';
import { orderKeyOf } from '../../src/events/order.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { foldAll } from '../../src/catch-up/fold.js';

/** A Stripe event as the projector would give it to a projection. */
export function factFrom(body: unknown): Fact {
  const stripeEvent = asStripeEvent(body);
  return {
    snapshot: normalise(stripeEvent),
    order: orderKeyOf(stripeEvent),
    event: { stripeEventId: stripeEvent.id, type: stripeEvent.type, created: new Date(stripeEvent.created * 1000).toISOString(), apiVersion: stripeEvent.api_version },
  };
}

/** The rows of one table after these events of one stream, given in any order; by default that of the projection's own name. */
export const rowsAfter = (projection: AnyProjection, bodies: readonly unknown[], table = projection.name) =>
  projection.rows(foldAll(projection, bodies.map(factFrom)).current)[table] ?? [];
