import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import { kindOf, normalise } from '../events/normalise.js';
import { orderKeyOf } from '../events/order.js';
import type { StripeEvent } from '../events/stripe-event.js';
import { stripeEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';

type Reading = Readonly<{ stripeEvent: StripeEvent; kind: ReturnType<typeof kindOf> }>;

/** What was read and made of events, for as long as they are in memory: several projections want the same. */
const readings = new WeakMap<RecordedEvent, Reading>();
const facts = new WeakMap<RecordedEvent, Fact>();

function readingOf(recorded: RecordedEvent): Reading {
  const known = readings.get(recorded);
  if (known !== undefined) return known;
  const stripeEvent = stripeEventOf(recorded);
  const reading = { stripeEvent, kind: kindOf(stripeEvent) };
  readings.set(recorded, reading);
  return reading;
}

/** Whether an event is any business of a projection; one that cannot be read is everybody's. */
export function concerns(projection: AnyProjection, recorded: RecordedEvent): boolean {
  if (recorded.metadata === null || recorded.metadata.quarantine !== undefined) return false;
  try {
    const { kind } = readingOf(recorded);
    return kind !== 'other' && handles(projection, kind);
  } catch {
    // Nothing is swallowed: making a fact of the event meets the same error.
    return true;
  }
}

/** What a recorded event says to a projection: nothing when it is none of its business. Throws when it cannot be read. */
export function factOf(projection: AnyProjection, recorded: RecordedEvent): Fact[] {
  if (!concerns(projection, recorded)) return [];
  const known = facts.get(recorded);
  if (known !== undefined) return [known];
  const { stripeEvent } = readingOf(recorded);
  const { id, type, created, api_version: apiVersion } = stripeEvent;
  const fact: Fact = {
    snapshot: normalise(stripeEvent),
    order: orderKeyOf(stripeEvent),
    event: { stripeEventId: id, type, created: new Date(created * 1000).toISOString(), apiVersion },
  };
  facts.set(recorded, fact);
  return [fact];
}
