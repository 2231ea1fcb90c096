import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deliveries } from '../../simulator/deliveries.js';

const chaos = fc.record({
  seed: fc.integer(),
  duplicateRate: fc.double({ min: 0, max: 0.9, noNaN: true }),
  reorderWindow: fc.integer({ min: 0, max: 60 }),
});
const numbers = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('Deliveries', () => {
  it('lose nothing, and deliver each attempt once', () => {
    fc.assert(
      fc.property(chaos, fc.integer({ min: 0, max: 300 }), (settings, length) => {
        const arrived = [...deliveries(numbers(length), settings)];
        expect(new Set(arrived.map(({ event }) => event))).toEqual(new Set(numbers(length)));
        expect(new Set(arrived.map(({ event, attempt }) => `${event} ${attempt}`)).size).toBe(arrived.length);
      }),
    );
  });

  it('are the same for the same seed', () => {
    fc.assert(
      fc.property(chaos, (settings) => {
        expect([...deliveries(numbers(100), settings)]).toEqual([...deliveries(numbers(100), settings)]);
      }),
    );
  });

  it('keep the order when nothing may be overtaken', () => {
    const arrived = [...deliveries(numbers(100), { seed: 1, duplicateRate: 0, reorderWindow: 0 })];
    expect(arrived.map(({ event }) => event)).toEqual(numbers(100));
  });

  it('overtake by no more than the window when there are no stragglers', () => {
    fc.assert(
      fc.property(chaos, (settings) => {
        const seen: number[] = [];
        for (const { event } of deliveries(numbers(300), { ...settings, stragglerRate: 0 })) {
          const overtaken = Math.max(event, ...seen) - event;
          expect(overtaken).toBeLessThanOrEqual(settings.reorderWindow);
          seen.push(event);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('repeat about as often as asked', () => {
    const arrived = [...deliveries(numbers(5000), { seed: 1, duplicateRate: 0.3, reorderWindow: 10 })];
    const again = new Set(arrived.filter(({ attempt }) => attempt > 1).map(({ event }) => event)).size;
    expect(again / 5000).toBeGreaterThan(0.25);
    expect(again / 5000).toBeLessThan(0.35);
  });

  it('hold only what is on its way', () => {
    let taken = 0;
    function* endless(): Generator<number> {
      for (;;) yield (taken += 1);
    }
    const arriving = deliveries(endless(), { seed: 1, duplicateRate: 0.3, reorderWindow: 50 });
    for (let arrived = 0; arrived < 1000; arrived += 1) arriving.next();
    expect(taken).toBeLessThan(1300);
  });
});
