import { isJsonObject } from '../events/json.js';
import type { Answered, Found, Item } from '../stripe-api/answers.js';
import type { Refusal } from '../stripe-api/refusals.js';
import { resourceOf, type Resource } from '../stripe-api/resources.js';
import type { RetrieveOptions, StripeApi } from '../stripe-api/stripe-api.js';
import { lookOf, testClockOf, type Look, type Whose } from './look.js';

/** The time of a test clock that stands; null of one that advances, which says nothing of the objects that go by it. */
async function timeOfClock(api: StripeApi, id: string): Promise<number | null> {
  const clocks = resourceOf('test_helpers.test_clock');
  if (clocks === null) return null;
  const found = await api.retrieve(clocks, id);
  return found.kind === 'found' ? timeIn(found.item) : null;
}

/** The same of a clock that was listed. */
export function timeIn({ value }: Item): number | null {
  const { status, frozen_time: time } = value as { status?: unknown; frozen_time?: unknown };
  return status === 'ready' && typeof time === 'number' ? time : null;
}

/** The clock that an object goes by; null for real time. */
const clockOf = (item: Item): string | null =>
  isJsonObject(item.value) ? testClockOf({ name: item.object, object: item.value }) : null;

/**
 * A look at an object by the times of test clocks, which were asked before the object: it stands where it was or later. Null where its
 * clock advances.
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

/** One object now. `time`: of its test clock, null for real time. */
export type Seen = Found & Readonly<{ time: number | null }>;

/** Asks for one object, and for the test clock that it goes by. `advancing`: that one does not stand. */
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
  // A clock is asked before what goes by it.
  const found = await api.retrieve(resource, id, options);
  return found.kind === 'found' ? { ...found, time } : found;
}
