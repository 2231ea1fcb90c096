import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evolve, type AnyProjection, type Fact } from '../../projections/projection.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { readEvent } from '../../src/folding/facts.js';
import { advance, eventsOf, foldAll, unfolded, type FoldState } from '../../src/folding/fold.js';
import { KEPT_EVERY, type ObjectState } from '../../src/folding/object-fold.js';
import { stateFrom, textOfState } from '../../src/folding/state-text.js';
import { factsByObject, foldLateObjects, foldOntoStates } from '../../src/folding/stream-fold.js';
import type { SubscriptionSnapshot } from '../../src/events/normalise.js';
import { foldWhole } from '../support/fold-whole.js';
import { factFrom } from '../support/facts.js';
import { recordedInOrder } from '../support/recorded.js';
import type { SimulatedEvent } from '../../simulator/simulator.js';
import { START, subscriptionEvent, subscriptionObject } from '../support/subscription-events.js';

const [item] = subscriptionObject('sub_1').items.data;

/** A few events about one subscription within a few seconds, so that collisions occur. */
const histories = fc
  .uniqueArray(
    fc.record({
      id: fc.integer({ min: 0, max: 99 }),
      second: fc.integer({ min: 0, max: 4 }),
      status: fc.constantFrom('incomplete', 'active', 'past_due', 'canceled'),
      was: fc.constantFrom(undefined, 'incomplete', 'active', 'past_due'),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 12 },
  )
  .map((events) =>
    events.map(({ id, second, status, was }) =>
      factFrom(
        subscriptionEvent('sub_1', {
          eventId: `evt_${id}`,
          created: START + second,
          object: { status },
          ...(was === undefined ? {} : { previous: { status: was } }),
        }),
      ),
    ),
  );
const shuffled = histories.chain((facts) =>
  fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })),
);
const throughText = (state: ObjectState): ObjectState => stateFrom(textOfState(state));
const throughJson = (state: FoldState): FoldState => JSON.parse(JSON.stringify(state)) as FoldState;

describe('a state', () => {
  it('comes back from its text with all that an order key may say', () => {
    const { snapshot, order, event } = factFrom(subscriptionEvent('sub_1', { eventId: 'evt_1', created: START }));
    const shown = { after: 'a', before: null };
    const told: Fact = { snapshot, event, order: { ...order, others: { '2020-08-27': shown } } };
    const observed: Fact = {
      snapshot,
      event: { ...event, observed: true },
      order: { ...order, phase: -1, answered: START },
    };
    const left = { ...shown, apiVersion: null, others: { '2020-08-27': shown }, ours: shown, created: START };
    const now = {
      settled: { any: [null] },
      objects: { 'subscription sub_1': left },
      second: START,
      recent: [told, observed],
    };
    const state: ObjectState = { revision: 7n, now, tail: [3n, 7n], kept: { base: null, middle: now } };
    expect(throughText(state)).toEqual(state);
    const nothing: ObjectState = {
      ...state,
      now: unfolded(subscriptions),
      tail: [],
      kept: { base: null, middle: null },
    };
    expect(throughText(nothing)).toEqual(nothing);
  });
});

describe('folding a stream', () => {
  it('ends the same for every order of arrival', () => {
    fc.assert(
      fc.property(shuffled, ([facts, arrived]) => {
        expect(foldAll(subscriptions, arrived).current).toEqual(foldAll(subscriptions, facts).current);
      }),
    );
  });

  it('one at a time, with its state kept as JSON and a fold from the start for what comes late, ends as all at once', () => {
    fc.assert(
      fc.property(shuffled, ([, arrived]) => {
        let state = unfolded(subscriptions);
        let current: unknown = null;
        arrived.forEach((fact, at) => {
          const folded = advance(subscriptions, throughJson(state), [fact]);
          ({ state, current } = folded.kind === 'late' ? foldAll(subscriptions, arrived.slice(0, at + 1)) : folded);
        });
        expect(current).toEqual(foldAll(subscriptions, arrived).current);
      }),
    );
  });

  it('counts an event once that the log has twice in one API version, and takes from a lower one what the highest leaves open', () => {
    const event = subscriptionEvent('sub_1', { created: START });
    const inOld = {
      ...event,
      api_version: '2020-08-27',
      data: { object: { ...event.data.object, latest_invoice: 'in_1', status: 'past_due' } },
    };
    const [own, old] = [factFrom(event), factFrom(inOld)];
    expect(eventsOf([own, own])).toEqual([{ ...own, order: { ...own.order, others: {} } }]);
    for (const facts of [
      [own, old, own],
      [old, own],
    ]) {
      const [one, ...more] = eventsOf(facts);
      expect(more).toEqual([]);
      expect(one?.event.apiVersion).toBe('2025-03-31.basil');
      expect(one?.snapshot).toEqual({ ...own.snapshot, latestInvoice: 'in_1' });
    }
  });

  it('reports as late exactly what belongs before the latest second', () => {
    const at = (second: number) => [factFrom(subscriptionEvent('sub_1', { created: START + second }))];
    const folded = advance(subscriptions, unfolded(subscriptions), at(5));
    if (folded.kind === 'late') throw new Error('The first event cannot be late.');
    expect([4, 5, 6].map((second) => advance(subscriptions, folded.state, at(second)).kind)).toEqual([
      'late',
      'folded',
      'folded',
    ]);
  });
});

describe('folding what a batch brings of a stream', () => {
  const inOrderOfArrival = (...seconds: number[]) =>
    recordedInOrder(
      seconds.map((second) => ({
        stripeEvent: subscriptionEvent('sub_1', {
          created: START + second,
          object: { items: { data: [{ ...item, quantity: second }] } },
        }),
        stream: 'subscription-sub_1',
      })) as unknown as SimulatedEvent[],
    ).map((event) => readEvent(event));

  const folding = { projection: subscriptions, stream: 'subscription-sub_1' };
  const [object] = [...factsByObject(subscriptions, inOrderOfArrival(1)).keys()];
  type Batch = ReturnType<typeof inOrderOfArrival>;
  const foldedOnto = (state: ObjectState | undefined, events: Batch) =>
    foldOntoStates(
      folding,
      new Map(state === undefined ? [] : [[String(object), state]]),
      factsByObject(subscriptions, events),
    );
  /** Folds a batch as the projector does, with the events it would read again at hand. */
  function stateAfter(state: ObjectState | undefined, events: Batch, all: Batch): ObjectState {
    const folded = foldedOnto(state, events);
    const again = new Map(all.map((event) => [event.revision, event]));
    const late =
      folded.kind === 'again'
        ? null
        : foldLateObjects(folding, folded.late, { again, facts: factsByObject(subscriptions, events) });
    const objects =
      late === null || folded.kind === 'again'
        ? foldWhole(folding, all).objects
        : new Map([...folded.objects, ...late]);
    return objects.get(String(object))?.state as ObjectState;
  }

  it('does not restart for what came out of order within it, and ends like the fold of the whole', () => {
    const events = inOrderOfArrival(5, 3, 4, 1);
    const batch = foldedOnto(undefined, events);
    if (batch.kind !== 'folded') throw new Error('The batch can be folded.');
    expect(batch.late.size).toBe(0);
    expect(batch.objects).toEqual(foldWhole(folding, events).objects);
    expect(batch.objects.get(String(object))?.state).toMatchObject({ revision: 3n, tail: [3n, 1n, 2n, 0n] });
  });

  it('asks for the events behind a kept state for what belongs before the batches that were folded already', () => {
    const [first, ...rest] = inOrderOfArrival(5, 7, 3);
    const before = stateAfter(undefined, first === undefined ? [] : [first], []);
    expect(foldedOnto(before, rest)).toMatchObject({
      kind: 'folded',
      late: new Map([[object, { kind: 'late', revisions: [0n] }]]),
    });
  });

  it('asks for no more than two distances of kept states, and for the whole stream only before the older of them', () => {
    const events = inOrderOfArrival(...Array.from({ length: 10 * KEPT_EVERY + 16 }, (_, at) => 10 * at));
    const state = stateAfter(undefined, events, events);
    const late = (second: number) =>
      foldedOnto(state, inOrderOfArrival(...Array.from({ length: events.length }, () => 0), second).slice(-1));
    const revisionsFor = (second: number): number => {
      const folded = late(second);
      return folded.kind === 'again' ? Infinity : (folded.late.get(String(object))?.revisions.length ?? 0);
    };
    expect(revisionsFor(10 * (events.length - 2) + 5)).toBeLessThanOrEqual(2 * KEPT_EVERY);
    expect(revisionsFor(10 * (events.length - KEPT_EVERY - 2))).toBeLessThanOrEqual(2 * KEPT_EVERY);
    expect(revisionsFor(15)).toBe(Infinity);
  });

  it('ends, whatever the order of arrival and the size of batches, as the whole folded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 150 }),
        fc.integer({ min: 1, max: 40 }),
        (seconds, size) => {
          const events = inOrderOfArrival(...seconds);
          let state: ObjectState | undefined;
          for (let from = 0; from < events.length; from += size)
            state = stateAfter(
              state === undefined ? undefined : throughText(state),
              events.slice(from, from + size),
              events.slice(0, from + size),
            );
          const whole = foldWhole(folding, events).objects.get(String(object))?.state as ObjectState;
          expect(state?.now.settled).toEqual(whole.now.settled);
          expect(state?.revision).toEqual(whole.revision);
          expect([...(state?.now.recent ?? [])].map(({ event }) => event.stripeEventId).sort()).toEqual(
            [...whole.now.recent].map(({ event }) => event.stripeEventId).sort(),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('folding a stream that cannot be folded', () => {
  it('names the event with which it begins to fail, and has the rows of those before it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.nat(), async (length, any) => {
        const bad = any % length;
        const failing: AnyProjection = {
          ...subscriptions,
          evolve: {
            ...subscriptions.evolve,
            subscription: (state: unknown, fact: Fact<SubscriptionSnapshot>) => {
              if (fact.snapshot.items[0]?.quantity === bad) throw new Error('never seen before');
              return evolve(subscriptions, state, fact);
            },
          },
        };
        const events = Array.from({ length }, (_, at) =>
          subscriptionEvent('sub_1', { created: START + at, object: { items: { data: [{ ...item, quantity: at }] } } }),
        );
        const recorded = recordedInOrder(
          events.map((stripeEvent) => ({ stripeEvent, stream: 'subscription-sub_1' })) as unknown as SimulatedEvent[],
        );
        const folded = foldWhole(
          { projection: failing, stream: 'subscription-sub_1' },
          recorded.map((event) => readEvent(event)),
        );
        expect(folded).toMatchObject({
          kind: 'failed',
          failure: { event: { revision: BigInt(bad) }, error: new Error('never seen before') },
        });
        expect([...folded.objects.values()].map(({ state }) => state.revision)).toEqual(
          bad === 0 ? [] : [BigInt(bad - 1)],
        );
      }),
    );
  });

  it('and one with a row that its table cannot hold, named by table and column, likewise', async () => {
    const overdrawn: AnyProjection = {
      ...subscriptions,
      rows: (state) => ({
        subscriptions: (subscriptions.rows(state)['subscriptions'] ?? []).map((row) =>
          row['status'] === 'past_due' ? { ...row, items: NaN } : row,
        ),
      }),
    };
    const events = ['active', 'past_due'].map((status, at) =>
      subscriptionEvent('sub_1', { created: START + at, object: { status } }),
    );
    const recorded = recordedInOrder(
      events.map((stripeEvent) => ({ stripeEvent, stream: 'subscription-sub_1' })) as unknown as SimulatedEvent[],
    ).map((event) => readEvent(event));
    const folding = { projection: overdrawn, stream: 'subscription-sub_1' };
    expect(foldOntoStates(folding, new Map(), factsByObject(overdrawn, recorded)).kind).toBe('again');
    const folded = foldWhole(folding, recorded);
    expect(folded).toMatchObject({ kind: 'failed', failure: { event: { revision: 1n } } });
    expect(folded.kind === 'failed' && String(folded.failure.error)).toBe(
      'BadValue: subscriptions.items is NaN, not JSON of at most 100 levels.',
    );
    expect(
      [...folded.objects.values()]
        .flatMap(({ rows }) => [...(rows.get('subscriptions')?.values() ?? [])])
        .map((text) => (JSON.parse(text) as { status: string }).status),
    ).toEqual(['active']);
  });
});
