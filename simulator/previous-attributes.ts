import { isDeepStrictEqual } from 'node:util';
import { isHash, type Json, type JsonObject } from './json.js';

/**
 * Stripe's `previous_attributes`: the previous values of what changed. A nested hash lists only its changed keys, an
 * array is listed whole, and a new key is null (`stripe` package, resources/Events; recorded: `metadata: { test: null
 * }`).
 */
export function previousAttributes(before: JsonObject, after: JsonObject): JsonObject {
  const previous: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
    const was = before[key] ?? null;
    const is = after[key] ?? null;
    if (isDeepStrictEqual(was, is)) continue;
    previous[key] = isHash(was) && isHash(is) ? previousAttributes(was, is) : was;
  }
  return previous;
}

/** The previous object, from the new one and its `previous_attributes`. Keys that were new are null. */
export function putBack(after: JsonObject, previous: JsonObject): JsonObject {
  const before: Record<string, Json> = { ...after };
  for (const [key, was] of Object.entries(previous)) {
    const is = after[key];
    before[key] = isHash(was) && isHash(is) ? putBack(is, was) : was;
  }
  return before;
}
