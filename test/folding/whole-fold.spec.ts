import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { projections } from '../../projections/index.js';
import { evolve, type AnyProjection, type Fact } from '../../projections/projection.js';
import { subscriptions } from '../../projections/subscriptions.js';
import type { SubscriptionSnapshot } from '../../src/events/normalise.js';
import { readEvent, type ReadEvent } from '../../src/folding/facts.js';
import { WholeFold, type WholeFolded } from '../../src/folding/whole-fold.js';
import { lives, type SimulatedEvent } from '../../simulator/simulator.js';
import { foldWhole } from '../support/fold-whole.js';
import { byStream, recordedInOrder } from '../support/recorded.js';
import { START, subscriptionEvent } from '../support/subscription-events.js';

const pagesOf = (events: readonly ReadEvent[], size: number): ReadEvent[][] =>
  Array.from({ length: Math.ceil(events.length / size) }, (_, page) => events.slice(page * size, (page + 1) * size));

/** Folds a stream as the projector does: page by page, and once more where events lie too far out of order. */
async function folded(
  projection: AnyProjection,
  events: readonly ReadEvent[],
  size: number,
): Promise<WholeFolded & { readAtOnceMax: number }> {
  const whole = new WholeFold({ projection, stream: String(events[0]?.stream) }, -1n);
  let readAtOnceMax = 0;
  const readAgain = async (revisions: readonly bigint[]): Promise<Map<bigint, ReadEvent>> => {
    readAtOnceMax = Math.max(readAtOnceMax, revisions.length);
    const wanted = new Set(revisions);
    return new Map(events.filter(({ revision }) => wanted.has(revision)).map((event) => [event.revision, event]));
  };
  for (const page of pagesOf(events, size)) await whole.add(page, readAgain);
  while (whole.isScattered) {
    for (const page of pagesOf(events, size)) whole.note(page);
    if (!(await whole.settle(readAgain))) for (const page of pagesOf(events, size)) await whole.add(page, readAgain);
  }
  return { ...whole.end(), readAtOnceMax };
}

/** Rows and settled states by object; kept states may be at other places. */
const comparable = (objects: WholeFolded['objects']) =>
  new Map(
    [...objects].map(
      ([
        object,
        {
          rows,
          state: { revision, now },
        },
      ]) => [object, { rows, revision, settled: now.settled, second: now.second }],
    ),
  );

const rowsIn = (objects: WholeFolded['objects']) => new Map([...objects].map(([object, { rows }]) => [object, rows]));

/** The same event with an object that lacks what rows need. */
const unreadable = (event: ReadEvent): ReadEvent =>
  event.content.kind === 'fact'
    ? {
        ...event,
        content: {
          kind: 'unreadable',
          of: event.content.fact.snapshot.kind,
          order: event.content.fact.order,
          error: new Error('The event cannot be read.'),
        },
      }
    : event;

const inOrder = (events: readonly unknown[]): ReadEvent[] =>
  recordedInOrder(
    events.map((stripeEvent) => ({ stripeEvent, stream: 'subscription-sub_1' })) as unknown as SimulatedEvent[],
  ).map((event) => readEvent(event));

describe('a stream that is folded page by page', () => {
  it('ends like one fold of the whole, in any order of arrival, for every projection', async () => {
    const life = fc
      .record({
        seed: fc.nat(),
        subscriptions: fc.constant(1),
        apiVersion: fc.constant('mixed' as const),
        several: fc.constant(false),
      })
      .map((options) => [...lives(options)][0]?.events ?? [])
      .chain((events) => fc.shuffledSubarray([...events], { minLength: events.length }));
    await fc.assert(
      fc.asyncProperty(life, fc.integer({ min: 1, max: 50 }), async (arrived, size) => {
        for (const [stream, recorded] of byStream(recordedInOrder(arrived))) {
          const events = recorded.map((event) => readEvent(event));
          for (const projection of projections) {
            const paged = await folded(projection, events, size);
            const whole = foldWhole({ projection, stream }, events);
            expect(paged.failure).toBe(null);
            expect(comparable(paged.objects)).toEqual(comparable(whole.objects));
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it('counts without an event that cannot be read, whichever it is and wherever it arrives, for every projection', async () => {
    const arrived = fc
      .record({
        seed: fc.nat(),
        subscriptions: fc.constant(1),
        apiVersion: fc.constant('mixed' as const),
        several: fc.constant(false),
      })
      .map((options) => [...lives(options)][0]?.events ?? [])
      .chain((events) =>
        fc.tuple(fc.shuffledSubarray([...events], { minLength: events.length }), fc.nat(events.length - 1)),
      );
    await fc.assert(
      fc.asyncProperty(arrived, fc.integer({ min: 1, max: 50 }), async ([events, bad], size) => {
        const name = events[bad]?.stripeEvent.id;
        for (const [stream, recorded] of byStream(recordedInOrder(events))) {
          const read = recorded.map((event) => readEvent(event));
          for (const projection of projections) {
            const broken = read.map((event) => (event.metadata?.stripeEventId === name ? unreadable(event) : event));
            const paged = await folded(projection, broken, size);
            const whole = foldWhole(
              { projection, stream },
              read.filter((event) => event.metadata?.stripeEventId !== name),
            );
            expect(paged.failure).toBe(null);
            expect(rowsIn(paged.objects)).toEqual(rowsIn(whole.objects));
          }
        }
      }),
      { numRuns: 6 },
    );
  });

  it('reads no more of an object at once than some hundreds, though all of its events are out of order', async () => {
    const events = inOrder(
      Array.from({ length: 1_200 }, (_, at) =>
        subscriptionEvent('sub_1', {
          created: START + 12_000 - 10 * at,
          object: { status: at % 2 === 0 ? 'active' : 'past_due' },
        }),
      ),
    );
    const paged = await folded(subscriptions, events, 100);
    expect(comparable(paged.objects)).toEqual(
      comparable(foldWhole({ projection: subscriptions, stream: 'subscription-sub_1' }, events).objects),
    );
    expect(paged.readAtOnceMax).toBeLessThanOrEqual(250);
  });

  it('ends before the first event with which it cannot be folded, which it names', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        async (length, size, any) => {
          const bad = any % length;
          const failing: AnyProjection = {
            ...subscriptions,
            evolve: {
              ...subscriptions.evolve,
              subscription: (state: unknown, fact: Fact<SubscriptionSnapshot>) => {
                if (fact.snapshot.currency === 'bad') throw new Error('never seen before');
                return evolve(subscriptions, state, fact);
              },
            },
          };
          const events = inOrder(
            Array.from({ length }, (_, at) =>
              subscriptionEvent('sub_1', { created: START + at, object: { currency: at === bad ? 'bad' : 'eur' } }),
            ),
          );
          const paged = await folded(failing, events, size);
          expect(paged).toMatchObject({
            failure: { event: { revision: BigInt(bad) }, error: new Error('never seen before') },
          });
          expect([...paged.objects.values()].map(({ state }) => state.revision)).toEqual(
            bad === 0 ? [] : [BigInt(bad - 1)],
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});
