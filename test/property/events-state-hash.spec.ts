import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../src/events/json.js';
import { StateHash } from '../../src/events/state-hash.js';
import { json, reversed } from './json-values.js';

const object = fc
  .dictionary(fc.constantFrom('__proto__', 'constructor', 'a', 'b', 'ä', 'z'), json)
  .map((value) => value as JsonObject);
const hashOf = (value: JsonObject): string => new StateHash(value).text();

/** The value without members that are null. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  return isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([, member]) => member !== null)
          .map(([key, member]) => [key, withoutNulls(member)]),
      )
    : value;
}

describe('the hash of any state', () => {
  it('is the same exactly for states that have one canonical text, nulls left out', () => {
    const textOf = (value: JsonObject): string => canonicalJson(withoutNulls(value));
    fc.assert(
      fc.property(object, object, (one, other) => (hashOf(one) === hashOf(other)) === (textOf(one) === textOf(other))),
    );
  });

  it('does not depend on the order of keys, nor on members that are null', () => {
    fc.assert(
      fc.property(object, (value) => {
        expect(hashOf(reversed(value) as JsonObject)).toBe(hashOf(value));
        expect(hashOf(withoutNulls(value) as JsonObject)).toBe(hashOf(value));
      }),
    );
  });

  it('of an object with other values is that of a copy with these values', () => {
    fc.assert(
      fc.property(object, object, (value, other) => {
        const copy = Object.fromEntries([...Object.entries(value), ...Object.entries(other)]);
        expect(new StateHash(value).textWith(Object.entries(other))).toBe(hashOf(copy));
      }),
    );
  });
});
