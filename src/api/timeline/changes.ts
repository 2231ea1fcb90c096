import { isDeepStrictEqual } from 'node:util';
import { isWithinDepth } from '../../as-of/bytes-of.js';
import type { Json, JsonObject } from '../../events/json.js';
import type { StripeEvent } from '../../events/stripe-event.js';

/** The comparison and the answer's JSON use stack for each level; Stripe's objects have about 10 levels. */
const LEVELS_MAX = 100;

/** A field of a Stripe object before and after an event; `path` separates nested fields by dots. */
export type Change = Readonly<{ path: string; from: Json; to: Json }>;

/**
 * Returns what an event changed on its object: its `previous_attributes`, else the difference from the previous event
 * about the same object. Null when there is neither, when the two have different API versions (whose shapes differ
 * without a change), or when either nests deeper than any Stripe object.
 */
export function changesOf(stripeEvent: StripeEvent, predecessor: StripeEvent | undefined): Change[] | null {
  const { object, previous_attributes: previous } = stripeEvent.data;
  if (!isWithinDepth([object, previous], LEVELS_MAX)) return null;
  if (previous !== null) return changed(previous, object, { path: '', names: Object.keys(previous) });
  if (predecessor === undefined || predecessor.api_version !== stripeEvent.api_version) return null;
  const before = predecessor.data.object;
  if (!isWithinDepth(before, LEVELS_MAX)) return null;
  return changed(before, object, { path: '', names: [...new Set([...Object.keys(before), ...Object.keys(object)])] });
}

function changed(
  before: JsonObject,
  after: JsonObject,
  { path, names }: { path: string; names: readonly string[] },
): Change[] {
  return names.flatMap((name) => {
    const from = own(before, name);
    const to = own(after, name);
    if (isDeepStrictEqual(from, to)) return [];
    if (isHash(from) && isHash(to)) return changed(from, to, { path: `${path}${name}.`, names: Object.keys(from) });
    return [{ path: `${path}${name}`, from, to }];
  });
}

const own = (object: JsonObject, name: string): Json => (Object.hasOwn(object, name) ? (object[name] ?? null) : null);
const isHash = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
