import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { projections } from '../../projections/index.js';
import type { AnyProjection, Fact, Row } from '../../projections/projection.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';
import { advance, foldAll, unfolded } from '../../src/folding/fold.js';
import { kindOf } from '../../src/events/normalise.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { API_VERSIONS, type ApiVersion } from '../../simulator/api-version.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { lives, type SimulatedLife } from '../../simulator/simulator.js';
import { factFrom } from '../support/facts.js';

/** Each run simulates a life in all API versions; `RUNS=1000 npm test -- test/property/renderings` runs more. */
const RUNS = Number(process.env['RUNS'] ?? 25);

/** An event of a life, as the endpoint of every API version receives it. */
type Rendered = Readonly<{ stream: string; renderings: ReadonlyMap<ApiVersion, Fact> }>;

/** A counterexample's parameters: the seed of the life, and the seed of its delivery. */
const options = fc.record({
  seed: fc.nat(),
  playedIn: fc.constantFrom(...API_VERSIONS),
  cycles: fc.boolean(),
  arrival: fc.nat(),
});
type Options = typeof options extends fc.Arbitrary<infer T> ? T : never;

function lifeOf({ seed, playedIn, cycles }: Options): readonly Rendered[] {
  const rendered = API_VERSIONS.map((apiVersion) => {
    const [life] = [...lives({ seed, playedIn, cycles, subscriptions: 1, apiVersion })] as [SimulatedLife];
    return life.events.filter(({ stripeEvent }) => kindOf(asStripeEvent(stripeEvent)) !== 'other');
  });
  return (rendered[0] ?? []).map(({ stream }, at) => ({
    stream,
    renderings: new Map(
      API_VERSIONS.map((version, of) => [version, factFrom(rendered[of]?.[at]?.stripeEvent)] as const),
    ),
  }));
}

type Arriving = Readonly<{ stream: string; fact: Fact }>;

/** Each event in the versions that `versionsOf` picks for it. */
const inVersions = (life: readonly Rendered[], versionsOf: () => readonly ApiVersion[]): Arriving[] =>
  life.flatMap(({ stream, renderings }) =>
    versionsOf().map((version) => ({ stream, fact: renderings.get(version) as Fact })),
  );

const someOf = (random: Random, versions: readonly ApiVersion[]) => versions.filter(() => random.chance(0.5));

/** Each event in one to three versions, and the same facts in two orders of arrival. */
function arrivingBy(given: Options): Readonly<Record<'inOrder' | 'shuffled', readonly Arriving[]>> {
  const random = seededRandom(given.arrival, 'arrival');
  const inOrder = inVersions(lifeOf(given), () => {
    const some = someOf(random, API_VERSIONS);
    return some.length === 0 ? [random.pick(API_VERSIONS)] : some;
  });
  const shuffled = inOrder.map((one) => ({ one, at: random.next() })).sort((a, b) => a.at - b.at);
  return { inOrder, shuffled: shuffled.map(({ one }) => one) };
}

/** A life as the endpoint of one version receives it, and the same with some events also from endpoints of `others`. */
function aloneAndTogether(given: Options, version: ApiVersion, others: readonly ApiVersion[]) {
  const random = seededRandom(given.arrival, 'arrival');
  const life = lifeOf(given);
  return {
    alone: rowsOf(inVersions(life, () => [version])),
    together: rowsOf(inVersions(life, () => [...someOf(random, others), version])),
  };
}

function inStreams(arrived: readonly Arriving[]): ReadonlyMap<string, readonly Fact[]> {
  const streams = new Map<string, Fact[]>();
  for (const { stream, fact } of arrived) streams.set(stream, [...(streams.get(stream) ?? []), fact]);
  return streams;
}

/** The rows of all streams, by table and key. */
function rowsOf(arrived: readonly Arriving[]): Readonly<Record<string, Readonly<Record<string, Row>>>> {
  const streams = inStreams(arrived);
  return Object.fromEntries(
    projections.flatMap((projection) =>
      Object.entries(projection.tables).map(([table, { key }]) => [
        table,
        Object.fromEntries(
          [...streams.values()]
            .flatMap((facts) => rowsOfAll(projection, foldObjects(projection, facts))[table] ?? [])
            .map((row) => [key.map((name) => (row as Row)[name]).join(' '), row as Row]),
        ),
      ]),
    ),
  );
}

describe('events with some in several API versions', () => {
  it('come to the same rows, whichever rendering came first', () => {
    fc.assert(
      fc.property(options, (given) => {
        const { inOrder, shuffled } = arrivingBy(given);
        expect(rowsOf(shuffled)).toEqual(rowsOf(inOrder));
      }),
      { numRuns: RUNS },
    );
  });

  it('are folded one by one, and gone through JSON, to what they come to together', () => {
    const step = (projection: AnyProjection, facts: readonly Fact[]): unknown => {
      let state = unfolded(projection);
      for (const [at, fact] of facts.entries()) {
        const folded = advance(projection, JSON.parse(JSON.stringify(state)) as typeof state, [fact]);
        state = folded.kind === 'late' ? foldAll(projection, facts.slice(0, at + 1)).state : folded.state;
      }
      return advance(projection, state, []);
    };
    fc.assert(
      fc.property(options, (given) => {
        for (const facts of inStreams(arrivingBy(given).shuffled).values())
          for (const projection of projections) {
            const [first] = facts;
            const own = facts.filter(({ order }) => order.objectKey === first?.order.objectKey).slice(0, 40);
            if (own.every(({ snapshot }) => projection.evolve[snapshot.kind] !== 'ignored'))
              expect(step(projection, own)).toMatchObject({ current: foldAll(projection, own).current });
          }
      }),
      { numRuns: RUNS },
    );
  });

  it('contain everything that the endpoint of the highest version reports alone, and more where that leaves it open', () => {
    const highest = API_VERSIONS.at(-1) as ApiVersion;
    fc.assert(
      fc.property(options, (given) => {
        const { alone, together } = aloneAndTogether(given, highest, API_VERSIONS.slice(0, -1));
        for (const [table, rows] of Object.entries(alone))
          for (const [key, { no, ...row }] of Object.entries(rows))
            // Another rendering of some events adds rows to a history, which renumbers it.
            if (no === undefined) expect(together[table]?.[key]).toEqual(refining(row));
            else expect(Object.values(together[table] ?? {})).toContainEqual(refining(row));
      }),
      { numRuns: RUNS },
    );
  });

  it('name the same events and the same ends as the endpoint of the lowest version alone', () => {
    const lowest = API_VERSIONS[0];
    fc.assert(
      fc.property(options, (given) => {
        const { alone, together } = aloneAndTogether(given, lowest, API_VERSIONS.slice(1));
        for (const [table, rows] of Object.entries(alone)) {
          for (const [key, { stripe_event_id, status, is_deleted, no }] of Object.entries(rows)) {
            const same = expect.objectContaining(defined({ stripe_event_id, status, is_deleted }));
            if (no === undefined) expect(together[table]?.[key]).toEqual(same);
            else expect(Object.values(together[table] ?? {})).toContainEqual(same);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('show one state to all versions: our own snapshots of it are equal, as far as each version goes', () => {
    fc.assert(
      fc.property(options, (given) => {
        for (const { renderings } of lifeOf(given)) {
          const [first, ...rest] = [...renderings.values()].map(({ order }) => order.ours);
          for (const one of rest) expect(one).toEqual(first);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

const defined = (row: Row): Row => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));

/**
 * Matches a row with at least this content: a null here may have any value there, and so may what a list leaves open.
 */
const refining = (row: Row): unknown =>
  expect.objectContaining(
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => (value === null ? [] : [[name, refiningValue(value)]])),
    ),
  );

function refiningValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? expect.any(Array) : value.map(refiningValue);
  return typeof value === 'object' && value !== null ? refining(value as Row) : value;
}
