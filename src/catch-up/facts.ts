import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import { kindOf, normalise } from '../events/normalise.js';
import { orderKeyOf } from '../events/order.js';
import { stripeEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';

/** Facts that are made, for as long as their event is in memory: several projections want the same. */
const made = new WeakMap<RecordedEvent, Fact>();

/** What a recorded event says to a projection: nothing when it is none of its business. Throws when it cannot be read. */
export function factOf(projection: AnyProjection, recorded: RecordedEvent): Fact[] {
  if (recorded.metadata === null || recorded.metadata.quarantine !== undefined) return [];
  const stripeEvent = stripeEventOf(recorded);
  const kind = kindOf(stripeEvent);
  if (kind === 'other' || !handles(projection, kind)) return [];
  const known = made.get(recorded);
  if (known !== undefined) return [known];
  const { id, type, created, api_version: apiVersion } = stripeEvent;
  const fact: Fact = {
    snapshot: normalise(stripeEvent),
    order: orderKeyOf(stripeEvent),
    event: { stripeEventId: id, type, created: new Date(created * 1000).toISOString(), apiVersion },
  };
  made.set(recorded, fact);
  return [fact];
}
