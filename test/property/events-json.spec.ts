import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, CanonicalMembers, isJsonObject, type Json, type JsonObject } from '../../src/events/json.js';

/** Any value that JSON.parse can return, with keys that objects inherit among them. */
const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
const withOddKeys = fc.oneof(json, fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'a', 'ä', '\u0000'), json).map((value) => value as Json));

/** The same value with the keys of every object in reverse. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).reverse().map(([key, member]) => [key, reversed(member)])) : value;
}

describe('canonical JSON of any value', () => {
  it('parses to the value', () => {
    fc.assert(fc.property(withOddKeys, (value) => expect(JSON.parse(canonicalJson(value))).toEqual(value)));
  });

  it('does not depend on the order of keys', () => {
    fc.assert(fc.property(withOddKeys, (value) => canonicalJson(reversed(value)) === canonicalJson(value)));
  });

  it('is its own canonical form', () => {
    fc.assert(fc.property(withOddKeys, (value) => canonicalJson(JSON.parse(canonicalJson(value)) as Json) === canonicalJson(value)));
  });

  it('is as long as the shortest JSON text', () => {
    fc.assert(fc.property(json, (value) => canonicalJson(value).length === JSON.stringify(value).length));
  });

  it('of an object with other values is that of a copy with these values, nulls left out in both', () => {
    const object = fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'a', 'b', 'ä', 'z'), json).map((value) => value as JsonObject);
    fc.assert(fc.property(object, object, (value, other) => {
      const copy = new CanonicalMembers(Object.fromEntries([...Object.entries(value), ...Object.entries(other)]));
      expect(new CanonicalMembers(value).textWith(Object.entries(other))).toBe(copy.textWith());
    }));
  });
});
