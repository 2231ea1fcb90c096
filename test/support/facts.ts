import type { AnyProjection, Fact } from '../../projections/projection.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { factFrom as factOfEvent } from '../../src/folding/facts.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';

/** A Stripe event as the projector would give it to a projection. */
export const factFrom = (body: unknown): Fact => factOfEvent(asStripeEvent(body));

/** The rows of one table after these events of one stream, given in any order; by default that of the projection's own name. */
export const rowsAfter = (projection: AnyProjection, bodies: readonly unknown[], table = projection.name) =>
  rowsOfAll(projection, foldObjects(projection, bodies.map(factFrom)))[table] ?? [];
