import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contentHash, contentHashOf } from '../../src/events/content-hash.js';
import { canonicalJson, type Json } from '../../src/events/json.js';
import { json, reversed } from './json-values.js';

/** Any value, including objects with keys that objects inherit. */
const withOddKeys = fc.oneof(
  json,
  fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'a', 'ä', '\u0000'), json).map((value) => value as Json),
);

describe('canonical JSON of any value', () => {
  it('parses to the value', () => {
    fc.assert(fc.property(withOddKeys, (value) => expect(JSON.parse(canonicalJson(value))).toEqual(value)));
  });

  it('does not depend on the order of keys', () => {
    fc.assert(fc.property(withOddKeys, (value) => canonicalJson(reversed(value)) === canonicalJson(value)));
  });

  it('is its own canonical form', () => {
    fc.assert(
      fc.property(
        withOddKeys,
        (value) => canonicalJson(JSON.parse(canonicalJson(value)) as Json) === canonicalJson(value),
      ),
    );
  });

  it('is as long as the shortest JSON text', () => {
    fc.assert(fc.property(json, (value) => canonicalJson(value).length === JSON.stringify(value).length));
  });
});

describe('the content hash of a text', () => {
  const hashOfText = (text: string) => contentHashOf(text, JSON.parse(text) as Json);

  it('is that of the value, whatever doubles it holds', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    const anyNumbers = fc.array(fc.oneof(double, fc.maxSafeInteger(), json));
    fc.assert(
      fc.property(anyNumbers, (value) => {
        const text = JSON.stringify(value);
        expect(hashOfText(text)).toBe(contentHash(JSON.parse(text) as Json));
      }),
      { numRuns: 2_000 },
    );
  });

  /** A number in plain digits, up to 40 of them, with or without an exponent. */
  const decimal = fc.record({
    negative: fc.boolean(),
    digits: fc.bigInt({ min: 0n, max: 10n ** 40n }),
    exponent: fc.constantFrom(0, 1, -1, 5, -20, 400, -400),
  });
  const near = fc.tuple(decimal, fc.constantFrom(0n, 0n, 1n, 2n));
  const written = ({ negative, digits, exponent }: { negative: boolean; digits: bigint; exponent: number }) =>
    `${negative ? '-' : ''}${digits}${exponent === 0 ? '' : `e${exponent}`}`;

  it('distinguishes two numbers, however near they are and however many digits they have', () => {
    fc.assert(
      fc.property(near, ([one, distance]) => {
        const other = { ...one, digits: one.digits + distance };
        expect(hashOfText(`[${written(one)}]`) === hashOfText(`[${written(other)}]`)).toBe(distance === 0n);
      }),
      { numRuns: 2_000 },
    );
  });
});
