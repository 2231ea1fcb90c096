import { expect, it } from '@jest/globals';
import { RecentEvents } from '../src/recent-events.js';
import type { StoredEvent } from '../src/record.js';

const BYTES = 100_000;
const names = { stream: 's', id: '', type: 't', createdMs: 0, revision: 0n };
const frame = Buffer.alloc(BYTES);
/** Consecutive events of a log that begins at position 1. */
const eventsOf = (from: number, to: number): StoredEvent[] =>
  Array.from({ length: to - from }, (_, at) => ({ ...names, frame, position: BigInt(1 + (from + at) * BYTES) }));
const indexesIn = (events: readonly StoredEvent[] | undefined) =>
  events?.map(({ position }) => (Number(position) - 1) / BYTES);

it('returns recent events while they are in memory, and undefined for earlier ones', () => {
  const recent = new RecentEvents();
  expect([recent.from(0n, 5), recent.before(1n, 5)]).toEqual([undefined, undefined]);
  recent.add(eventsOf(0, 8));
  recent.add(eventsOf(8, 15));

  const at = (index: number): bigint => BigInt(1 + index * BYTES);
  expect(indexesIn(recent.from(at(5), 3))).toEqual([5, 6, 7]);
  expect(indexesIn(recent.from(at(12) + 1n, 32))).toEqual([13, 14]);
  expect(recent.from(at(15), 32)).toEqual([]);
  expect(indexesIn(recent.before(at(15), 2))).toEqual([14, 13]);
  expect(indexesIn(recent.before(at(7), 2))).toEqual([6, 5]);
  expect([recent.from(at(4), 3), recent.from(at(4) + 1n, 3), recent.before(at(7), 3)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);

  recent.add([{ ...names, frame: Buffer.alloc(2_000_000), position: at(15) }]);
  expect([recent.from(at(15), 1), recent.before(at(15) + 1n, 1)]).toEqual([undefined, undefined]);
});
