import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type Json } from '../../src/events/json.js';
import { json, reversed } from './json-values.js';

/** Any value, with keys that objects inherit among them. */
const withOddKeys = fc.oneof(json, fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'a', 'ä', '\u0000'), json).map((value) => value as Json));

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
});
