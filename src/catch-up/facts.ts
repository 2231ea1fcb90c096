import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import { kindOf, normalise } from '../events/normalise.js';
import { orderKeyOf } from '../events/order.js';
import { stripeEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';

/** Facts that are made, for as long as their event is in memory: several projections want the same. */
const made = new WeakMap<RecordedEvent, Fact>();

/** Whether an event is any business of a projection; one that cannot be read is everybody's. */
export function concerns(projection: AnyProjection, recorded: RecordedEvent): boolean {
  if (recorded.metadata === null || recorded.metadata.quarantine !== undefined) return false;
  try {
    const kind = kindOf(stripeEventOf(recorded));
    return kind !== 'other' && handles(projection, kind);
  } catch {
    // Nothing is swallowed: making a fact of the event meets the same error.
    return true;
  }
}

/** What a recorded event says to a projection: nothing when it is none of its business. Throws when it cannot be read. */
export function factOf(projection: AnyProjection, recorded: RecordedEvent): Fact[] {
  if (!concerns(projection, recorded)) return [];
  const stripeEvent = stripeEventOf(recorded);
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
