import { expect, it } from '@jest/globals';
import { KeptTimelines } from '../../src/api/timeline/kept-timelines.js';

const timeline = (bytes: number) => ({
  entries: ['x'.repeat(bytes / 2)],
  ends: new Map<string, bigint>(),
  isOfNothing: false,
});

it('timelines are kept within their bytes, the one asked for last the longest', () => {
  const kept = new KeptTimelines({ bytesMax: 250, keptMs: 60_000 });
  const [a, b, c] = [timeline(100), timeline(100), timeline(100)];
  kept.keep(['a'], a);
  kept.keep(['b'], b);
  expect(kept.get(['a'])).toBe(a);
  kept.keep(['c'], c);
  expect([kept.get(['a']), kept.get(['b']), kept.get(['c'])]).toEqual([a, undefined, c]);
  kept.keep(['too', 'large'], timeline(300));
  expect([kept.get(['too', 'large']), kept.get(['a'])]).toEqual([undefined, a]);
});

it('a timeline is not kept beyond its time, nor mixed up with other streams', () => {
  const kept = new KeptTimelines({ bytesMax: 1_000, keptMs: -1 });
  kept.keep(['a'], timeline(100));
  expect(kept.get(['a'])).toBeUndefined();
  const other = new KeptTimelines({ bytesMax: 1_000, keptMs: 60_000 });
  other.keep(['a', 'b'], timeline(100));
  expect(other.get(['a'])).toBeUndefined();
});
