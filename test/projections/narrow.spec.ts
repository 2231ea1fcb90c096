import { describe, expect, it } from '@jest/globals';
import { checkedRows, narrowed, objectOf, type Fact } from '../../projections/projection.js';
import { projections } from '../../projections/index.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import type { JsonObject } from '../../src/events/json.js';
import { kindOf, type Snapshot } from '../../src/events/normalise.js';
import { combine } from '../../src/events/renderings.js';
import { factFrom } from '../../src/folding/facts.js';
import { foldAll } from '../../src/folding/fold.js';
import { groupBy } from '../../src/folding/group-by.js';
import { simulate } from '../../simulator/simulator.js';

const facts: Fact[] = simulate({ seed: 11, subscriptions: 40, apiVersion: 'mixed' })
  .events.map(({ stripeEvent }) => asStripeEvent(stripeEvent))
  .filter((stripeEvent) => kindOf(stripeEvent) !== 'other')
  .map((stripeEvent) => factFrom(stripeEvent));

describe.each(projections.filter(({ narrow }) => narrow !== undefined).map((one) => [one.name, one] as const))(
  'what %s looks at',
  (_, projection) => {
    const objects = groupBy(
      facts.filter((fact) => objectOf(projection, fact) !== null),
      (fact) => objectOf(projection, fact) ?? '',
    );

    it('gives the rows that the whole facts give', () => {
      expect(objects.size).toBeGreaterThan(40);
      for (const [object, own] of objects) {
        const rowsOf = (some: readonly Fact[]) => checkedRows(projection, foldAll(projection, some).current);
        const narrow = own.map((fact) => narrowed(projection, fact));
        expect([object, rowsOf(narrow)]).toEqual([object, rowsOf(own)]);
      }
    });

    it('is the same for two renderings together as for each', () => {
      for (const [first, ...others] of objects.values()) {
        for (const other of others) {
          const together = (some: readonly (Fact | undefined)[]): Fact => ({
            ...other,
            snapshot: combine(some.map((fact) => fact?.snapshot) as unknown as [JsonObject]) as unknown as Snapshot,
          });
          const narrow = (fact: Fact | undefined) => fact && narrowed(projection, fact);
          expect(together([narrow(other), narrow(first)])).toEqual(narrow(together([other, first])));
        }
      }
    });

    it('is less than half of it', () => {
      const sizeOf = (some: readonly Fact[]): number => JSON.stringify(some.map(({ snapshot }) => snapshot)).length;
      const narrow = [...objects.values()].flat().filter(({ snapshot }) => projection.narrow?.[snapshot.kind]);
      expect(sizeOf(narrow.map((fact) => narrowed(projection, fact)))).toBeLessThan(sizeOf(narrow) / 2);
    });
  },
);
