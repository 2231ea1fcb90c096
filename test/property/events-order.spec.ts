import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { order, orderSecond, type ObjectStates } from '../../src/events/order.js';
import { takeTrail, unusedSteps, type Step } from '../../src/events/trail.js';
import { told, type Keyed, type Told } from '../events/stripe-events.js';

const ids = (events: readonly Keyed[]): string[] => events.map((event) => event.order.eventId);
const state = fc.record({
  n: fc.nat(3),
  status: fc.constantFrom('incomplete', 'active', 'past_due', 'canceled', 'new_status'),
});
const eventType = fc.constantFrom(
  'customer.subscription.updated',
  'customer.subscription.updated',
  'customer.subscription.updated',
  'customer.subscription.created',
  'customer.subscription.deleted',
  'customer.subscription.paused',
);

/** Events about two objects within a few seconds that need not fit together. */
const loose = fc
  .uniqueArray(
    fc.record({
      id: fc.nat(999),
      created: fc.nat(3),
      type: eventType,
      object: fc.constantFrom({ id: 'sub_1' }, { id: 'in_1', object: 'invoice' }),
      now: state,
      before: fc.option(state, { nil: undefined }),
      apiVersion: fc.constantFrom('2020-08-27', '2025-03-31.basil'),
    }),
    { selector: ({ id }) => id, maxLength: 25 },
  )
  .map((events) =>
    events.map(({ id, before, ...event }) => told({ ...event, id: `evt_${id}`, ...(before && { before }) })),
  );

/** A life: consecutive states, several per second, with recurring values, under ids that do not reveal the order. */
const life = fc
  .tuple(
    fc.array(state, { minLength: 2, maxLength: 25 }),
    fc.array(fc.nat(2), { minLength: 25, maxLength: 25 }),
    fc.integer(),
  )
  .map(([states, pauses, salt]) => {
    let created = 1_000;
    return states.map((now, i) => {
      created += i === 0 ? 0 : (pauses[i] as number) % 2;
      const id = `evt_${String((i * 7919 + salt) >>> 0)}`;
      return told({
        id,
        created,
        type: i === 0 ? 'customer.subscription.created' : 'customer.subscription.updated',
        now,
        ...(i > 0 && { before: states[i - 1] as Told['now'] }),
      });
    });
  });

const shuffled = <T>(items: fc.Arbitrary<T[]>): fc.Arbitrary<[T[], T[]]> =>
  items.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));

describe('the logical order of any events', () => {
  it('is a function of the set: no permutation changes it, nor what counts as ambiguous', () => {
    fc.assert(
      fc.property(shuffled(loose), ([events, permuted]) => {
        expect(ids(order(permuted).ordered)).toEqual(ids(order(events).ordered));
        expect(ids(order(permuted).ambiguous)).toEqual(ids(order(events).ambiguous));
      }),
      { numRuns: 500 },
    );
  });

  it('holds every event exactly once, seconds in sequence', () => {
    fc.assert(
      fc.property(loose, (events) => {
        const { ordered } = order(events);
        expect(ids(ordered).sort()).toEqual(ids(events).sort());
        expect(ordered.map((event) => event.order.created)).toEqual(
          events.map((event) => event.order.created).sort((a, b) => a - b),
        );
      }),
    );
  });

  it('is the fold of its seconds, with the states between them gone through JSON', () => {
    fc.assert(
      fc.property(shuffled(loose), ([events, permuted]) => {
        let states: ObjectStates = {};
        const folded: Keyed[] = [];
        for (const second of [0, 1, 2, 3]) {
          const next = orderSecond(
            permuted.filter((event) => event.order.created === second),
            JSON.parse(JSON.stringify(states)) as ObjectStates,
          );
          folded.push(...next.ordered);
          states = next.states;
        }
        expect(ids(folded)).toEqual(ids(order(events).ordered));
      }),
    );
  });

  it('leaves the seconds before a new event as they were', () => {
    fc.assert(
      fc.property(
        loose.filter((events) => events.length > 0),
        fc.nat(),
        (events, pick) => {
          const late = events[pick % events.length] as Keyed;
          const earlier = (list: readonly Keyed[]): string[] =>
            ids(list.filter((event) => event.order.created < late.order.created));
          expect(earlier(order(events.filter((event) => event !== late)).ordered)).toEqual(
            earlier(order(events).ordered),
          );
        },
      ),
    );
  });
});

describe('the logical order of a whole life, delivered in any order', () => {
  it('is a path without a gap that ends in the true last state, and no guess', () => {
    fc.assert(
      fc.property(shuffled(life), ([events, permuted]) => {
        const { ordered, ambiguous } = order(permuted);
        expect(ambiguous).toEqual([]);
        for (let i = 1; i < ordered.length; i += 1) expect(ordered[i]?.order.before).toBe(ordered[i - 1]?.order.after);
        expect(ordered.at(-1)?.order.after).toBe(events.at(-1)?.order.after);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a path through the changes of a second', () => {
  type Numbered = Step & { readonly number: number };
  const steps = (maxLength: number): fc.Arbitrary<Numbered[]> =>
    fc
      .array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength })
      .map((pairs) => pairs.map(([from, to], number) => ({ from: String(from), to: String(to), number })));

  /** The length of the longest path, by exhaustive search. */
  function longest(left: readonly Numbered[], at: string): number {
    return Math.max(
      0,
      ...left
        .filter((step) => step.from === at)
        .map(
          (step) =>
            1 +
            longest(
              left.filter((other) => other !== step),
              step.to,
            ),
        ),
    );
  }

  const isPath = (path: readonly Step[], start: string): boolean =>
    path.every((step, i) => step.from === (i === 0 ? start : path[i - 1]?.to));

  it('holds all changes whenever some path does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { minLength: 1, maxLength: 60 }).chain((visits) =>
          fc.tuple(
            fc.constant(String(visits[0])),
            fc.shuffledSubarray(
              visits.slice(1).map((to, i) => ({ from: String(visits[i]), to: String(to) })),
              { minLength: visits.length - 1 },
            ),
          ),
        ),
        ([start, walked]) => {
          const path = takeTrail(unusedSteps(walked), start);
          expect(path).toHaveLength(walked.length);
          expect(isPath(path, start)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is a longest one when no state is reached twice, repeats of one change aside', () => {
    fc.assert(
      fc.property(steps(9), (all) => {
        const acyclic = all
          .filter(({ from, to }) => from < to)
          .filter((step, i, list) => list.findIndex((other) => other.from === step.from && other.to === step.to) === i);
        const path = takeTrail(unusedSteps(acyclic), '0');
        expect(path).toHaveLength(longest(acyclic, '0'));
        expect(isPath(path, '0')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('never takes a change twice nor loses one', () => {
    fc.assert(
      fc.property(steps(20), (all) => {
        const unused = unusedSteps(all);
        const path = takeTrail(unused, '0');
        expect(
          [...path, ...[...unused.values()].flatMap((left) => [...left])]
            .map(({ number }) => number)
            .sort((a, b) => a - b),
        ).toEqual(all.map(({ number }) => number));
      }),
    );
  });
});
