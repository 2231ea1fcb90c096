import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { subscriptions } from '../../projections/subscriptions.js';
import { timelineEntries } from '../../src/api/timeline/timeline-entries.js';
import { pastRows } from '../../src/as-of/past-rows.js';
import { byStream, recordedInOrder } from '../support/recorded.js';
import { lives, type SimulatedLife } from '../../simulator/simulator.js';

const life = fc
  .record({
    seed: fc.nat(),
    subscriptions: fc.constant(1),
    apiVersion: fc.constant('mixed' as const),
    several: fc.constant(false),
  })
  .map((options) => [...lives(options)][0] as SimulatedLife);
const idOf = ({ stripeSubscriptions: [only] }: SimulatedLife): string => String(only?.id);
const shuffledLife = life.chain((one) =>
  fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.events], { minLength: one.events.length })),
);

const timelineOf = (one: SimulatedLife, arrived: SimulatedLife['events']) => {
  const streams = byStream(recordedInOrder(arrived));
  return { streams, entries: timelineEntries(streams.values(), idOf(one)) };
};

describe('a timeline over several streams', () => {
  it('does not depend on the order of arrival, except where it reports that order', () => {
    fc.assert(
      fc.property(shuffledLife, ([one, arrived]) => {
        const told = (events: SimulatedLife['events']) =>
          timelineOf(one, events).entries.map(
            ({ revision: _, position: __, receivedAt: ___, late: ____, ...entry }) => entry,
          );
        expect(told(arrived)).toEqual(told(one.events));
      }),
      { numRuns: 40 },
    );
  });

  it('has every event once, by its second, and those of each stream in the order that the stream has alone', () => {
    fc.assert(
      fc.property(shuffledLife, ([one, arrived]) => {
        const { streams, entries } = timelineOf(one, arrived);
        expect(entries.map(({ stripeEventId }) => stripeEventId).sort()).toEqual(
          one.events.map(({ stripeEvent }) => stripeEvent.id).sort(),
        );
        expect(entries.map(({ created }) => created)).toEqual(entries.map(({ created }) => created).sort());
        for (const [stream, events] of streams) {
          const alone = timelineEntries([events], idOf(one));
          expect(entries.filter((entry) => entry.stream === stream).map(({ stripeEventId }) => stripeEventId)).toEqual(
            alone.map(({ stripeEventId }) => stripeEventId),
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  it('has transitions that follow each other, to the status of the read model', () => {
    fc.assert(
      fc.property(shuffledLife, ([one, arrived]) => {
        const { streams, entries } = timelineOf(one, arrived);
        const transitions = entries.flatMap(({ transition }) => transition ?? []);
        expect(transitions.map(({ from }) => from)).toEqual([null, ...transitions.slice(0, -1).map(({ to }) => to)]);
        const [row] = pastRows(subscriptions, streams, { trueAt: null, knownAt: null, revision: null }).subscriptions;
        expect(transitions.at(-1)?.to).toBe(row?.['status']);
        expect(entries.findLast(({ transition }) => transition !== null)?.stripeEventId).toBe(row?.['status_event']);
      }),
      { numRuns: 40 },
    );
  });

  it('calls nothing late that arrives in the order in which it happened', () => {
    fc.assert(
      fc.property(life, (one) => {
        expect(timelineOf(one, one.events).entries.filter(({ late }) => late)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
