import { describe, expect, it } from '@jest/globals';
import type { Json, JsonObject } from '../../src/events/json.js';
import { StateHash } from '../../src/events/state-hash.js';

const parsed = (text: string): JsonObject => JSON.parse(text) as JsonObject;
const hashOf = (text: string): string => new StateHash(parsed(text)).text();

/** The number of distinct hashes, by all 128 bits and by each half. */
function distinct(hashes: readonly string[]): number[] {
  return [hashes, hashes.map((hash) => hash.slice(0, 16)), hashes.map((hash) => hash.slice(16))].map(
    (all) => new Set(all).size,
  );
}

describe('the hash of a state', () => {
  it('is 32 hex digits, which stay the same: states that were written hold them', () => {
    expect(hashOf('{"id":"sub_1","n":1.5,"ok":true,"items":[null,{"no":false}]}')).toBe(
      'ada330da4f463a6066dfa6bbe42fb684',
    );
    expect(hashOf('{}')).toBe('0'.repeat(32));
  });

  it('leaves out members that are null at every depth, but never elements of a list', () => {
    expect(hashOf('{"a":null,"b":{"c":null,"d":[{"e":null}]}}')).toBe(hashOf('{"b":{"d":[{}]}}'));
    expect(hashOf('{"a":[null]}')).not.toBe(hashOf('{"a":[]}'));
    expect(hashOf('{"a":[1,null,2]}')).not.toBe(hashOf('{"a":[1,2,null]}'));
  });

  it('distinguishes values that look alike', () => {
    const values = [
      '1',
      '"1"',
      '-1',
      '1.5',
      'true',
      '"true"',
      'false',
      '""',
      '[]',
      '{}',
      '[[]]',
      '[{}]',
      '[null]',
      '[0]',
      '["0"]',
      '{"x":{}}',
      '{"x":[]}',
      '"x"',
      '["x"]',
      '"a\\u0000"',
      '"a"',
      '"aa"',
      '"\\ud800"',
    ];
    const alike = [
      ...values.map((value) => `{"x":${value}}`),
      '{"y":1}',
      '{"1":"x"}',
      '{"x":{"x":1}}',
      '{"x":1,"y":1}',
      '{"x":"y","y":"x"}',
      '{"x":"x","y":"y"}',
      '{"x":{"a":1,"b":2}}',
      '{"x":{"a":2,"b":1}}',
      '{"x":[1,2]}',
      '{"x":[2,1]}',
      '{"x":[[1],2]}',
      '{"x":[1,[2]]}',
    ];
    expect(distinct(alike.map(hashOf))).toEqual([alike.length, alike.length, alike.length]);
  });

  it('treats __proto__ and constructor as ordinary keys', () => {
    const texts = ['{"constructor":1}', '{"__proto__":1}', '{"__proto__":{"a":1}}', '{"a":1}', '{}'];
    expect(new Set(texts.map(hashOf)).size).toBe(texts.length);
  });

  it('does not meet twice among a hundred thousand subscriptions that differ in a counter, an amount or the places of two values', () => {
    const states = Array.from({ length: 33_334 }, (_, i): JsonObject[] => [
      { id: 'sub_1', status: 'active', period: 1_700_000_000 + i },
      { id: 'sub_1', items: [{ id: `si_${i.toString(36)}`, price: { unit_amount: 100 } }] },
      { id: 'sub_1', metadata: { [`k${i}`]: 'v', v: `k${i}` } },
    ]).flat();
    const hashes = states.map((state) => new StateHash(state).text());
    expect(distinct(hashes)).toEqual([states.length, states.length, states.length]);
  });

  it('changes about half of its bits with any one bit of a value', () => {
    const bitsOf = (hash: string): bigint => BigInt(`0x${hash}`);
    const changed = Array.from({ length: 2_000 }, (_, i) => {
      const [one, other] = [i, i ^ (1 << (i % 11))].map((amount) =>
        bitsOf(new StateHash({ id: 'in_1', lines: [{ amount }] }).text()),
      );
      return ((one as bigint) ^ (other as bigint)).toString(2).replaceAll('0', '').length;
    });
    const mean = changed.reduce((sum, bits) => sum + bits, 0) / changed.length;
    expect(Math.round(mean)).toBe(64);
    expect(Math.min(...changed)).toBeGreaterThan(35);
  });

  it('hashes a value a hundred thousand levels deep, and one of more names than it remembers', () => {
    const deep = (inner: string): JsonObject => parsed(`{"a":${'['.repeat(100_000)}${inner}${']'.repeat(100_000)}}`);
    expect(new StateHash(deep('1')).text()).toBe(new StateHash(deep('1')).text());
    expect(new StateHash(deep('1')).text()).not.toBe(new StateHash(deep('2')).text());
    const many = (order: (keys: string[]) => string[]): JsonObject =>
      Object.fromEntries(order(Array.from({ length: 20_000 }, (_, i) => `name ${i}`)).map((key) => [key, key.length]));
    expect(new StateHash(many((keys) => keys.reverse())).text()).toBe(new StateHash(many((keys) => keys)).text());
  });

  it('is computed for an object with other values without hashing all of it again', () => {
    const hash = new StateHash(parsed('{"b":{"z":1,"a":2},"c":1,"d":null}'));
    const changes: [string, Json][] = [
      ['c', null],
      ['a', [1]],
      ['d', { y: null, x: 'new' }],
      ['__proto__', 3],
    ];
    expect(hash.textWith(changes)).toBe(hashOf('{"__proto__":3,"a":[1],"b":{"a":2,"z":1},"d":{"x":"new"}}'));
    expect(hash.textWith([])).toBe(hash.text());
  });
});
