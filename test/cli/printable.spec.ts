import { expect, it } from '@jest/globals';
import { printable } from '../../src/cli/terminal.js';
import { tableOf, timeOption } from '../../src/cli/texts.js';

it('texts from others cannot control a terminal, and JSON is unchanged', () => {
  expect(printable('a\u001b[2J\u009b1m\r\u007f\tb\nc')).toBe('a\\u001b[2J\\u009b1m\\u000d\\u007f\tb\nc');
  const json = JSON.stringify({ name: 'x\u009by\u007f' });
  expect(JSON.parse(printable(json))).toEqual(JSON.parse(json));
});

it('a time is a time, or how long ago it is', () => {
  const now = Date.UTC(2026, 0, 2);
  expect(timeOption('since', '1d', now)).toBe('2026-01-01T00:00:00.000Z');
  expect(timeOption('since', '90m', now)).toBe('2026-01-01T22:30:00.000Z');
  expect(timeOption('since', '2026-01-01T00:00:00Z', now)).toBe('2026-01-01T00:00:00.000Z');
  expect(timeOption('since', undefined, now)).toBeUndefined();
  expect(() => timeOption('since', 'yesterday', now)).toThrow(/--since must be a time .*not "yesterday"/);
});

it('a table is as wide as its cells', () => {
  expect(tableOf(['a', 'bb'], [['long', 'x']])).toBe('a     bb\nlong  x');
});
