import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyOf } from '../../projections/columns.js';
import { projections } from '../../projections/index.js';
import { objectOf, type AnyProjection, type Fact, type Row, type Table } from '../../projections/projection.js';
import { kindOf, UnreadableSnapshot } from '../../src/events/normalise.js';
import { route } from '../../src/events/route.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { groupBy } from '../../src/folding/group-by.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';
import { distinctRecordedEvents } from '../fixtures/recorded-events.js';
import { factFrom } from '../support/facts.js';
import { lives } from '../../simulator/simulator.js';

type Streams = ReadonlyMap<string, readonly Fact[]>;

/** The facts by stream. */
function streamsOf(told: Iterable<Readonly<{ stripeEvent: unknown; stream: string }>>): Streams {
  const streams = new Map<string, Fact[]>();
  for (const { stripeEvent, stream } of told) {
    if (kindOf(asStripeEvent(stripeEvent)) === 'other') continue;
    streams.set(stream, [...(streams.get(stream) ?? []), factFrom(stripeEvent)]);
  }
  return streams;
}

/** The readable recorded events. One recording contains objects of another tool. */
const recorded = streamsOf(
  distinctRecordedEvents().flatMap(({ stripeEvent }) => {
    const to = route(stripeEvent, 'hash');
    return to.kind === 'stream' && isReadable(stripeEvent) ? [{ stripeEvent, stream: to.stream }] : [];
  }),
);
const simulated = fc.nat().map((seed) => {
  const [life] = lives({ seed, subscriptions: 1, apiVersion: 'mixed', cycles: seed % 4 === 0 });
  return streamsOf(life?.events ?? []);
});
function isReadable(stripeEvent: unknown): boolean {
  try {
    return kindOf(asStripeEvent(stripeEvent)) !== 'other' && factFrom(stripeEvent) !== null;
  } catch (error) {
    if (error instanceof UnreadableSnapshot) return false;
    throw error;
  }
}

/** Any part of one stream of a life, in any order of arrival. */
const arrived = simulated
  .chain((streams) => fc.constantFrom(...streams.values()))
  .chain((facts) => fc.shuffledSubarray([...facts], { minLength: 1 }));

const rowsAfter = (projection: AnyProjection, facts: readonly Fact[]) =>
  rowsOfAll(projection, foldObjects(projection, facts));

/** The rows of a stream as text, each with its table. */
const told = (rows: Readonly<Record<string, readonly Row[]>>): string[] =>
  Object.entries(rows)
    .flatMap(([table, own]) => own.map((row) => `${table} ${JSON.stringify(row)}`))
    .sort();

/** Expects one object per order key, or each event as an object of its own, where nothing needs ordering. */
function expectOneObjectForEachOrderKey(projection: AnyProjection, facts: readonly Fact[]): void {
  const named = facts.flatMap((fact) => {
    const object = objectOf(projection, fact);
    return object === null ? [] : [{ object, key: fact.order.objectKey, event: fact.event.stripeEventId }];
  });
  for (const [key, own] of groupBy(named, (one) => one.key)) {
    const objects = new Set(own.map(({ object }) => object));
    const events = new Set(own.map(({ event }) => event));
    expect([projection.name, key, objects.size]).toEqual([
      projection.name,
      key,
      objects.size === events.size ? events.size : 1,
    ]);
  }
}

function expectEachRowOnce(projection: AnyProjection, streams: Iterable<readonly Fact[]>): void {
  const keys = [...streams].flatMap((facts) =>
    Object.entries(rowsAfter(projection, facts)).flatMap(([name, rows]) =>
      rows.map((row) => `${name} ${keyOf(projection.tables[name] as Table, row)}`),
    ),
  );
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
}

describe('the objects of a stream, as each projection tells them apart', () => {
  it('have rows that no fact of another object changes, for any part of them, in any order of arrival', () => {
    fc.assert(
      fc.property(arrived, (facts) => {
        for (const projection of projections) {
          const named = facts.map((fact) => ({ fact, object: objectOf(projection, fact) }));
          const objects = new Set(named.map(({ object }) => object).filter((object) => object !== null));
          const factsOf = (wanted: string): Fact[] =>
            named.flatMap(({ fact, object }) => (object === wanted ? [fact] : []));
          const alone = [...objects].flatMap((object) => told(rowsAfter(projection, factsOf(object).toReversed())));
          expect([projection.name, alone.sort()]).toEqual([projection.name, told(rowsAfter(projection, facts))]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('have facts that are in order among themselves: all of one order key', () => {
    const check = (streams: Streams): void => {
      for (const facts of streams.values()) for (const one of projections) expectOneObjectForEachOrderKey(one, facts);
    };
    fc.assert(fc.property(simulated, check), { numRuns: 50 });
    check(recorded);
  });

  it('have no row in common, nor with another stream', () => {
    const check = (streams: Streams): void => {
      for (const projection of projections) expectEachRowOnce(projection, streams.values());
    };
    fc.assert(fc.property(simulated, check), { numRuns: 50 });
    check(recorded);
  });
});
