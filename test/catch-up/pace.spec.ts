import { describe, expect, it } from '@jest/globals';
import { Pace } from '../../src/catch-up/pace.js';

const quick = { tookMs: 20, isBusy: false };

describe('the pause after a batch', () => {
  it('gathers for longer while events come steadily, up to a bound, and as at first once they do not', () => {
    const pace = new Pace();
    const pauses = (events: number[]) => events.map((count) => pace.after({ ...quick, events: count }).ms);
    expect(pauses([1, 1])).toEqual([20, 20]);
    expect(pauses([10, 20, 40, 60, 60])).toEqual([60, 140, 230, 230, 230]);
    expect(pauses([1, 1])).toEqual([20, 20]);
  });

  it('is no longer than is left of the time between two beginnings: none after a batch that took long', () => {
    expect(new Pace().after({ events: 500, tookMs: 400, isBusy: false })).toEqual({ kind: 'gather', ms: 0 });
  });

  it('is a rest while deliveries wait, three times as long as the batch took, within limits', () => {
    const restAfter = (tookMs: number) => new Pace().after({ events: 1, tookMs, isBusy: true });
    expect([1, 100, 900].map(restAfter)).toEqual([50, 300, 1_000].map((ms) => ({ kind: 'rest', ms })));
  });
});
