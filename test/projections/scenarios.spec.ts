import { describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { handles, type AnyProjection } from '../../projections/projection.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';
import type { SnapshotKind } from '../../src/events/normalise.js';
import { factFrom } from '../support/facts.js';
import { scenariosOf, strayScenarios } from './scenarios-of.js';
import { BASIL } from '../support/stripe-objects.js';
import type { Scenario } from './scenarios/scenario.js';

const rowsOf = (projection: AnyProjection, events: readonly unknown[]) =>
  rowsOfAll(projection, foldObjects(projection, events.map(factFrom)));

const all = projections.flatMap((projection) =>
  scenariosOf(projection).map(
    (scenario) => [`${projection.name}: ${scenario.title}`, { projection, scenario }] as const,
  ),
);

describe('given these events, when this one comes, in any order', () => {
  it.each(all)('%s', (_, { projection, scenario: { given, when, then } }) => {
    const before = rowsOf(projection, given);
    const after = rowsOf(projection, [...given, when]);
    expect(rowsOf(projection, [...given, when].reverse())).toEqual(after);
    if (then === 'unchanged') {
      expect(after).toEqual(before);
      return;
    }
    expect(after).not.toEqual(before);
    for (const [table, rows] of Object.entries(then))
      expect(after[table]).toEqual(rows.map((row) => expect.objectContaining(row)));
  });
});

/** Kinds that exist at Stripe in only one of the two generations. */
const ONLY_SINCE_BASIL: readonly SnapshotKind[] = ['invoice_payment'];

/** What a scenario covers: the projection's handling of this kind of snapshot in this generation of API versions. */
const pinnedBy = ({ when, then }: Scenario): string | null => {
  const { snapshot, event } = factFrom(when);
  return then === 'unchanged'
    ? null
    : `${snapshot.kind} ${(event.apiVersion ?? '') >= BASIL ? 'since' : 'before'} 2025-03-31.basil`;
};

describe('the scenarios', () => {
  it.each(projections.map((projection) => [projection.name, projection] as const))(
    'of %s pin every kind of snapshot that it handles, in old and in new shapes',
    (_, projection) => {
      const kinds = (Object.keys(projection.evolve) as SnapshotKind[]).filter((kind) => handles(projection, kind));
      const wanted = kinds.flatMap((kind) => [
        ...(ONLY_SINCE_BASIL.includes(kind) ? [] : [`${kind} before 2025-03-31.basil`]),
        `${kind} since 2025-03-31.basil`,
      ]);
      const pinned = new Set(scenariosOf(projection).map(pinnedBy));
      expect(wanted.filter((one) => !pinned.has(one))).toEqual([]);
    },
  );

  it('are about projections that exist', () => {
    expect(strayScenarios()).toEqual([]);
  });
});
