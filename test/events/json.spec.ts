import { describe, expect, it } from '@jest/globals';
import { canonicalJson, CanonicalMembers, type Json, type JsonObject } from '../../src/events/json.js';

const parsed = (text: string): Json => JSON.parse(text) as Json;

describe('canonical JSON', () => {
  it('sorts keys by code unit at every depth and writes no white space', () => {
    expect(canonicalJson(parsed('{ "b": [ { "z": 1, "a": null } ], "a": "x", "B": true, "é": 1.50 }'))).toBe('{"B":true,"a":"x","b":[{"a":null,"z":1}],"é":1.5}');
  });

  it('keeps the order of arrays and tells empty arrays from empty objects', () => {
    expect(canonicalJson(parsed('[3,1,[],{},[{}]]'))).toBe('[3,1,[],{},[{}]]');
  });

  it('takes __proto__ and constructor for keys like any other', () => {
    expect(canonicalJson(parsed('{"constructor":1,"__proto__":{"b":1,"a":2}}'))).toBe('{"__proto__":{"a":2,"b":1},"constructor":1}');
  });

  it('escapes what JSON must escape, lone surrogates and U+0000 included', () => {
    expect(canonicalJson(parsed('"\\u0000 \\ud800 \\" \\\\ \\n ü"'))).toBe('"\\u0000 \\ud800 \\" \\\\ \\n ü"');
  });

  it('writes a hash of more keys than it sorts by insertion in the same order', () => {
    const keys = Array.from({ length: 500 }, (_, i) => `k${(i * 7919) % 500}`);
    expect(Object.keys(parsed(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))) as object)).toEqual([...keys].sort());
  });

  it('writes a value a hundred thousand levels deep', () => {
    const text = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(canonicalJson(parsed(text))).toBe(text);
  });

  it('can leave out keys whose value is null, but never elements of an array', () => {
    expect(new CanonicalMembers(parsed('{"a":null,"b":{"c":null,"d":[null,{"e":null}]},"f":1}') as JsonObject).textWith()).toBe('{"b":{"d":[null,{}]},"f":1}');
  });

  it('writes an object with other values without writing all of it again', () => {
    const members = new CanonicalMembers(parsed('{"b":{"z":1,"a":2},"c":1,"d":null}') as JsonObject);
    expect(members.textWith([['c', null], ['a', [1]], ['d', { y: null, x: 'new' }], ['__proto__', 3]])).toBe('{"__proto__":3,"a":[1],"b":{"a":2,"z":1},"d":{"x":"new"}}');
  });
});
