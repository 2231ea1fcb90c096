import fc from 'fast-check';
import { isJsonObject, type Json } from '../../src/events/json.js';

/** Any value that JSON.parse can return. */
export const json = fc
  .jsonValue({ maxDepth: 4, stringUnit: 'binary' })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);

/** The same value with the keys of every object in reverse order. */
export function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  return isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, reversed(member)]),
      )
    : value;
}
