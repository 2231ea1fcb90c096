import { isJsonObject } from '../events/json.js';
import type { Answered, Found, Item } from '../stripe-api/answers.js';
import type { Refusal } from '../stripe-api/refusals.js';
import { resourceOf, type Resource } from '../stripe-api/resources.js';
import type { RetrieveOptions, StripeApi } from '../stripe-api/stripe-api.js';
import { lookOf, testClockOf, type Look, type Whose } from './look.js';

/** The time of a test clock; null while it advances, when it says nothing about the objects on it. */
async function timeOfClock(api: StripeApi, id: string): Promise<number | null> {
  const clocks = resourceOf('test_helpers.test_clock');
  if (clocks === null) return null;
  const found = await api.retrieve(clocks, id);
  return found.kind === 'found' ? timeIn(found.item) : null;
}

/** The time of a listed test clock; null while it advances. */
export function timeIn({ value }: Item): number | null {
  const { status, frozen_time: time } = value as { status?: unknown; frozen_time?: unknown };
  return status === 'ready' && typeof time === 'number' ? time : null;
}

/** The test clock that an object is on; null: real time. */
const clockOf = (item: Item): string | null =>
  isJsonObject(item.value) ? testClockOf({ name: item.object, object: item.value }) : null;

/**
 * The look at an object, with the times of test clocks that were read before it, so that a look never sorts later than
 * the state it shows. Null while its clock advances.
 */
export function lookByClock(
  item: Item,
  answer: Answered,
  whose: Whose,
  timeOf: (clock: string) => number | null,
): Look | null {
  const clock = clockOf(item);
  if (clock === null) return lookOf(item, answer, whose);
  const time = timeOf(clock);
  return time === null ? null : lookOf(item, answer, whose, time);
}

/** One object now. `time`: that of its test clock; null: real time. */
export type Seen = Found & Readonly<{ time: number | null }>;

/** Retrieves one object, and the test clock that it is on. `advancing`: its clock advances. */
export async function retrieveByClock(
  api: StripeApi,
  resource: Resource,
  { id, ...options }: RetrieveOptions & { id: string },
): Promise<Seen | Refusal | Readonly<{ kind: 'advancing' }>> {
  const first = await api.retrieve(resource, id, options);
  if (first.kind !== 'found') return first;
  const clock = clockOf(first.item);
  if (clock === null) return { ...first, time: null };
  const time = await timeOfClock(api, clock);
  if (time === null) return { kind: 'advancing' };
  // A clock must be read before the objects on it, so read the object again.
  const found = await api.retrieve(resource, id, options);
  return found.kind === 'found' ? { ...found, time } : found;
}
