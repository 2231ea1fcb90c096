import { describe, expect, it } from '@jest/globals';
import { canonicalJson, type Json } from '../../src/events/json.js';

const parsed = (text: string): Json => JSON.parse(text) as Json;

describe('canonical JSON', () => {
  it('sorts keys by code unit at every depth and writes no white space', () => {
    expect(canonicalJson(parsed('{ "b": [ { "z": 1, "a": null } ], "a": "x", "B": true, "é": 1.50 }'))).toBe(
      '{"B":true,"a":"x","b":[{"a":null,"z":1}],"é":1.5}',
    );
  });

  it('keeps the order of arrays and distinguishes empty arrays from empty objects', () => {
    expect(canonicalJson(parsed('[3,1,[],{},[{}]]'))).toBe('[3,1,[],{},[{}]]');
  });

  it('treats __proto__ and constructor as ordinary keys', () => {
    expect(canonicalJson(parsed('{"constructor":1,"__proto__":{"b":1,"a":2}}'))).toBe(
      '{"__proto__":{"a":2,"b":1},"constructor":1}',
    );
  });

  it('escapes what JSON must escape, lone surrogates and U+0000 included', () => {
    expect(canonicalJson(parsed('"\\u0000 \\ud800 \\" \\\\ \\n ü"'))).toBe('"\\u0000 \\ud800 \\" \\\\ \\n ü"');
  });

  it('writes a hash of more keys than it sorts by insertion in the same order', () => {
    const keys = Array.from({ length: 500 }, (_, i) => `k${(i * 7919) % 500}`);
    expect(Object.keys(parsed(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))) as object)).toEqual(
      [...keys].sort(),
    );
  });

  it('writes a value a hundred thousand levels deep', () => {
    const text = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(canonicalJson(parsed(text))).toBe(text);
  });
});
