import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { slicesOf } from '../../src/stripe-api/slices.js';

const slice = (text: string, key = 'data'): string[] | null =>
  slicesOf(Buffer.from(text), key)?.map((bytes) => bytes.toString()) ?? null;

it('gives each element of a list as it was sent', () => {
  const text = `{
    "object": "list", "url": "/v1/data", "note": "\\"data\\": [1]", "before": {"data": [0], "x": "data"},
    "data": [
      {"id": "a", "amount": 1.0, "big": 12345678901234567890, "data": [[1], {"b": "]},["}]},
      "text, with \\"]\\" in it", null , [] ,{}
    ],
    "has_more": false
  }`;
  expect(slice(text)).toEqual([
    '{"id": "a", "amount": 1.0, "big": 12345678901234567890, "data": [[1], {"b": "]},["}]}',
    '"text, with \\"]\\" in it"',
    'null',
    '[]',
    '{}',
  ]);
});

it.each([
  ['another key', '{"data": 1, "lines": [1]}'],
  ['a value', '["data", [1]]'],
  ['text', '{"a": "data"}'],
  ['nothing', ''],
  ['a beginning', '{"data": [{"a": 1}, {"b"'],
])('finds no list in %s', (_, text) => {
  expect(slice(text)).toBeNull();
});

it('gives what parses to the elements, for any JSON and any white space', () => {
  const spaces = fc.constantFrom(undefined, 1, '\t', '\r\n  ');
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 5 }),
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
      spaces,
      (data, others, space) => {
        const { data: _, ...rest } = others;
        const list = { ...rest, data, has_more: true };
        const text = JSON.stringify(list, null, space);
        expect(slice(text)?.map((element) => JSON.parse(element) as unknown)).toEqual(
          (JSON.parse(text) as typeof list).data,
        );
      },
    ),
  );
});
