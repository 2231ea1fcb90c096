import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import { kindOf, normalise } from '../events/normalise.js';
import { orderKeyOf } from '../events/order.js';
import { stripeEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';

/** What a recorded event says to a projection: nothing when it is none of its business. Throws when it cannot be read. */
export function factOf(projection: AnyProjection, recorded: RecordedEvent): Fact[] {
  if (recorded.metadata === null || recorded.metadata.quarantine !== undefined) return [];
  const stripeEvent = stripeEventOf(recorded);
  const kind = kindOf(stripeEvent);
  if (kind === 'other' || !handles(projection, kind)) return [];
  const { id, type, created, api_version: apiVersion } = stripeEvent;
  return [{
    snapshot: normalise(stripeEvent),
    order: orderKeyOf(stripeEvent),
    event: { stripeEventId: id, type, created: new Date(created * 1000).toISOString(), apiVersion },
  }];
}
