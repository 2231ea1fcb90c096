import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evolve, type AnyProjection, type Fact } from '../../projections/projection.js';
import { invoices } from '../../projections/invoices.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { readEvent } from '../../src/catch-up/facts.js';
import { advance, foldAll, unfolded, type FoldState } from '../../src/folding/fold.js';
import { foldOn, foldWhole } from '../../src/catch-up/stream-fold.js';
import type { SubscriptionSnapshot } from '../../src/events/normalise.js';
import { factFrom } from '../support/facts.js';
import { recordedInOrder } from '../support/recorded.js';
import type { SimulatedEvent } from '../../simulator/simulator.js';
import { BASIL, invoice, stripeEvent } from '../support/stripe-objects.js';
import { START, subscriptionEvent, subscriptionObject } from '../support/subscription-events.js';

const [item] = subscriptionObject('sub_1').items.data;

/** A few events about one subscription in a few seconds: collisions are the point. */
const histories = fc
  .uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 99 }), second: fc.integer({ min: 0, max: 4 }), status: fc.constantFrom('incomplete', 'active', 'past_due', 'canceled'), was: fc.constantFrom(undefined, 'incomplete', 'active', 'past_due') }), { selector: ({ id }) => id, minLength: 1, maxLength: 12 })
  .map((events) => events.map(({ id, second, status, was }) => factFrom(subscriptionEvent('sub_1', { eventId: `evt_${id}`, created: START + second, object: { status }, ...(was === undefined ? {} : { previous: { status: was } }) }))));
const shuffled = histories.chain((facts) => fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })));
const throughJson = (state: FoldState): FoldState => JSON.parse(JSON.stringify(state)) as FoldState;

describe('folding a stream', () => {
  it('ends the same for every order of arrival', () => {
    fc.assert(fc.property(shuffled, ([facts, arrived]) => {
      expect(foldAll(subscriptions, arrived).current).toEqual(foldAll(subscriptions, facts).current);
    }));
  });

  it('one at a time, with its state kept as JSON and a fold from the start for what comes late, ends as all at once', () => {
    fc.assert(fc.property(shuffled, ([, arrived]) => {
      let state = unfolded(subscriptions);
      let current: unknown = null;
      arrived.forEach((fact, at) => {
        const folded = advance(subscriptions, throughJson(state), [fact]);
        ({ state, current } = folded.kind === 'late' ? foldAll(subscriptions, arrived.slice(0, at + 1)) : folded);
      });
      expect(current).toEqual(foldAll(subscriptions, arrived).current);
    }));
  });

  it('says late to exactly what belongs before the latest second', () => {
    const at = (second: number) => [factFrom(subscriptionEvent('sub_1', { created: START + second }))];
    const folded = advance(subscriptions, unfolded(subscriptions), at(5));
    if (folded.kind === 'late') throw new Error('The first event cannot be late.');
    expect([4, 5, 6].map((second) => advance(subscriptions, folded.state, at(second)).kind)).toEqual(['late', 'folded', 'folded']);
  });
});

describe('folding what a batch brings of a stream', () => {
  const inOrderOfArrival = (...seconds: number[]) => recordedInOrder(
    seconds.map((second) => ({ stripeEvent: subscriptionEvent('sub_1', { created: START + second, object: { items: { data: [{ ...item, quantity: second }] } } }), stream: 'subscription-sub_1' })) as unknown as SimulatedEvent[],
  ).map((event) => readEvent(event));

  it('does not begin anew for what came out of order within it, and ends as the whole folded', async () => {
    const events = inOrderOfArrival(5, 3, 4, 1);
    const [batch, whole] = [foldOn(subscriptions, undefined, events), await foldWhole(subscriptions, [events])];
    expect(batch).toMatchObject({ kind: 'folded', written: { revision: 3n, rows: { subscriptions: [{ items: [{ quantity: 5 }] }] } } });
    expect(batch).toEqual(whole);
  });

  it('begins anew for what belongs before the batches that were folded already', () => {
    const [first, ...rest] = inOrderOfArrival(5, 7, 3);
    const before = foldOn(subscriptions, undefined, first === undefined ? [] : [first]);
    if (before.kind !== 'folded') throw new Error('The first event can be folded.');
    expect(foldOn(subscriptions, before.written, rest).kind).toBe('again');
  });
});

describe('folding a stream of several objects', () => {
  it('begins anew only for what belongs before the latest second of its own object', () => {
    const told = [['in_1', 5], ['in_2', 3], ['in_1', 4]].map(([id, after]) => stripeEvent('invoice.updated', invoice(String(id), BASIL), { after: Number(after) }));
    const [first, other, late] = recordedInOrder(told.map((event) => ({ stripeEvent: event, stream: 'subscription-sub_1' })) as unknown as SimulatedEvent[]).map((event) => [readEvent(event)]);
    const before = foldOn(invoices, undefined, first ?? []);
    if (before.kind !== 'folded') throw new Error('The first event can be folded.');
    const both = foldOn(invoices, before.written, other ?? []);
    expect(both).toMatchObject({ kind: 'folded', written: { rows: { invoices: [{ id: 'in_1' }, { id: 'in_2' }] } } });
    expect(foldOn(invoices, both.kind === 'folded' ? both.written : undefined, late ?? [])).toEqual({ kind: 'again' });
  });
});

describe('folding a stream that cannot be folded', () => {
  it('names the event with which it begins to fail, and has the rows of those before it', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.nat(), async (length, any) => {
      const bad = any % length;
      const failing: AnyProjection = {
        ...subscriptions,
        evolve: { ...subscriptions.evolve, subscription: (state: unknown, fact: Fact<SubscriptionSnapshot>) => {
          if (fact.snapshot.items[0]?.quantity === bad) throw new Error('never seen before');
          return evolve(subscriptions, state, fact);
        } } as AnyProjection['evolve'],
      };
      const events = Array.from({ length }, (_, at) => subscriptionEvent('sub_1', { created: START + at, object: { items: { data: [{ ...item, quantity: at }] } } }));
      const recorded = recordedInOrder(events.map((stripeEvent) => ({ stripeEvent, stream: 'subscription-sub_1' })) as unknown as SimulatedEvent[]);
      const folded = await foldWhole(failing, [recorded.map((event) => readEvent(event))]);
      expect(folded).toMatchObject({ kind: 'parked', parked: { revision: BigInt(bad), cause: 'Error: never seen before' }, written: bad === 0 ? null : { revision: BigInt(bad - 1), rows: { subscriptions: [{ id: 'sub_1' }] } } });
    }));
  });

  it('and one with a row that its table cannot hold, named by table and column, likewise', async () => {
    const overdrawn: AnyProjection = {
      ...subscriptions,
      rows: (state) => ({ subscriptions: (subscriptions.rows(state)['subscriptions'] ?? []).map((row) => (row['status'] === 'past_due' ? { ...row, items: NaN } : row)) }),
    };
    const events = ['active', 'past_due'].map((status, at) => subscriptionEvent('sub_1', { created: START + at, object: { status } }));
    const recorded = recordedInOrder(events.map((stripeEvent) => ({ stripeEvent, stream: 'subscription-sub_1' })) as unknown as SimulatedEvent[]).map((event) => readEvent(event));
    expect(foldOn(overdrawn, undefined, recorded).kind).toBe('again');
    expect(await foldWhole(overdrawn, [recorded])).toMatchObject({
      kind: 'parked', parked: { revision: 1n, cause: 'BadValue: subscriptions.items is NaN, not JSON of at most 100 levels.' }, written: { revision: 0n, rows: { subscriptions: [{ status: 'active' }] } },
    });
  });
});
