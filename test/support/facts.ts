import type { AnyProjection, Fact } from '../../projections/projection.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { factFrom as factOfEvent } from '../../src/folding/facts.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';

/** The fact that the projector would pass to a projection for this Stripe event. */
export const factFrom = (body: unknown): Fact => factOfEvent(asStripeEvent(body));

/**
 * The rows of one table after these events of one stream, in any order. Defaults to the table with the projection's
 * name.
 */
export const rowsAfter = (projection: AnyProjection, bodies: readonly unknown[], table = projection.name) =>
  rowsOfAll(projection, foldObjects(projection, bodies.map(factFrom)))[table] ?? [];
