import { beforeAll, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { projections } from '../../projections/index.js';
import { judge } from '../../src/reconcile/judge.js';
import { asIfRecorded, lookOf, observationOf, streamOfLook, STALE_S, type Look } from '../../src/reconcile/look.js';
import type { RecordedEvent } from '../../src/eventstore/recorded-event.js';
import { factOf, readEvent } from '../../src/folding/facts.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';
import { answerOf, type Answer } from '../../src/api/answer.js';
import { lives, type SimulatedEvent, type SimulatedLife } from '../../simulator/simulator.js';
import type { StripeObject } from '../../simulator/json.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { differences } from '../support/expected-row.js';
import { lastObjects, oracle } from '../support/oracle.js';
import { byStream, recordedInOrder } from '../support/recorded.js';

const LIVES = 50;
const SHOWN_MAX = 5;
const WHOSE = { account: null, livemode: true };
const PURPOSE = { run: null, reason: 'backfill', causedBy: null } as const;

/** A life with some events that never arrive, and looks at its objects. */
type Watched = Readonly<{
  life: SimulatedLife;
  asked: number;
  looks: readonly Look[];
  /** The events that arrived, in some order; complete from the time of the looks on. */
  arrived: readonly RecordedEvent[];
  missing: readonly RecordedEvent[];
}>;

type Violation = Readonly<{ seed: number; law: string; detail: string }>;

const laws: Readonly<Record<string, (watched: Watched, random: Random) => readonly string[]>> = {
  'an object read from Stripe goes to the stream of its events': ({ looks, arrived, missing }) =>
    looks.flatMap((look) => {
      const own = [...arrived, ...missing].find(
        ({ data }) => (data as { data: { object: StripeObject } }).data.object.id === look.id,
      );
      return look.source === 'absence' || own?.stream === streamOfLook(look)
        ? []
        : [`${look.name} ${look.id} goes to ${streamOfLook(look)}, its events to ${own?.stream}`];
    }),
  // O2 and O7: the looks can be up to ten seconds old.
  'the rows match the books, whatever was not delivered before the look': (watched) =>
    wrongRows(watched, [...watched.arrived, ...observed(watched)]),
  // O3.
  'the rows are still the books when what was missing arrives': (watched) =>
    wrongRows(watched, [...watched.arrived, ...observed(watched), ...watched.missing]),
  // O1 and O5.
  'the rows are the same for every order of arrival': (watched, random) => {
    const events = [...watched.arrived, ...observed(watched), ...watched.missing.slice(0, 20)];
    const [one, other] = [rowsOf(events), rowsOf(shuffled(events, random))];
    return [...one.keys()].filter((table) => !isDeepStrictEqual(one.get(table), other.get(table)));
  },
  // O4.
  'a recorded look is not recorded again': (watched) => {
    const streams = byStream([...watched.arrived, ...observed(watched)]);
    return someOf(watched).flatMap((look) => {
      const { verdict } = judge(look, inOrder(streams.get(streamOf(watched, look)) ?? []), projections);
      const isQuiet = ['same', 'immaterial', 'in_flight'].includes(verdict.kind);
      return isQuiet ? [] : [`${look.name} ${look.id}: ${JSON.stringify(verdict)}`];
    });
  },
  'without missing events nothing has drifted': (watched) => {
    const streams = byStream(
      [...watched.arrived, ...watched.missing].filter((event) => createdOf(event) <= watched.asked),
    );
    return someOf(watched).flatMap((look) => {
      const { verdict } = judge(look, inOrder(streams.get(streamOf(watched, look)) ?? []), projections);
      return ['same', 'in_flight'].includes(verdict.kind) || isStale(watched, look)
        ? []
        : [`${look.name} ${look.id}: ${JSON.stringify(verdict)}`];
    });
  },
};

const createdOf = ({ data }: RecordedEvent): number => (data as { created: number }).created;
const objectOf = ({ data }: RecordedEvent): StripeObject => (data as { data: { object: StripeObject } }).data.object;
const inOrder = (events: readonly RecordedEvent[]): readonly RecordedEvent[] =>
  events.map((event, at) => ({ ...event, revision: BigInt(at) }));
const streamOf = ({ arrived, missing }: Watched, look: Look): string =>
  [...arrived, ...missing].find((event) => objectOf(event).id === look.id)?.stream ?? '';
/** Only a few, since each is judged under every projection. */
const someOf = ({ looks }: Watched): readonly Look[] => looks.slice(-8);
/** Whether something happened between the time that the look shows and the time it was requested. */
const isStale = ({ asked, arrived }: Watched, look: Look): boolean =>
  arrived.some(
    (event) => objectOf(event).id === look.id && createdOf(event) >= look.stands && createdOf(event) <= asked,
  );

const observed = (watched: Watched): RecordedEvent[] =>
  watched.looks.map((look) =>
    asIfRecorded(observationOf(look, { stream: streamOf(watched, look), anchor: null, at: -1n }, PURPOSE, new Date(0))),
  );

function rowsOf(events: readonly RecordedEvent[]): Map<string, readonly unknown[]> {
  const rows = new Map<string, unknown[]>();
  for (const own of byStream(events).values()) {
    for (const projection of projections) {
      const facts = own.flatMap((event) => factOf(projection, readEvent(event)));
      for (const [table, some] of Object.entries(rowsOfAll(projection, foldObjects(projection, facts))))
        rows.set(table, [...(rows.get(table) ?? []), ...some]);
    }
  }
  for (const some of rows.values()) some.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return rows;
}

function wrongRows({ life }: Watched, events: readonly RecordedEvent[]): string[] {
  const rows = rowsOf(events);
  const told = lastObjects(life);
  return Object.entries(oracle).flatMap(([table, { objects, rowsOf: expectedOf }]) => {
    const found = new Map((rows.get(table) ?? []).map((row) => answerOf(row as never)).map((row) => [row['id'], row]));
    return told
      .filter(({ object }) => objects.includes(object))
      .flatMap(expectedOf)
      .flatMap((row) =>
        differences(row, found.get(row['id']) as Answer | undefined).map(
          (difference) => `${table} ${String(row['id'])}: ${difference}`,
        ),
      );
  });
}

const shuffled = <T>(items: readonly T[], random: Random): T[] =>
  items
    .map((item) => ({ item, at: random.integer(0, 2 ** 31) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

function watch(life: SimulatedLife, random: Random): Watched {
  const { events } = life;
  const [first, last] = [events[0], events.at(-1)].map((event) => event?.stripeEvent.created ?? 0) as [number, number];
  // Half of the looks fall in the second of an object's last event, and are too old to show it.
  const end = random.pick([...lastOf(events).values()]).stripeEvent.created;
  const [asked, shownAt] = random.chance(0.5)
    ? [end + STALE_S, end - 1]
    : ((at: number) => [at, at - random.integer(0, STALE_S)])(random.integer(first, last + 100));
  const stands = asked - STALE_S;
  const looks = [...lastOf(events.filter(({ stripeEvent }) => stripeEvent.created <= shownAt)).values()].map(
    ({ stripeEvent: { type, data, api_version: apiVersion } }) => {
      const { object } = data;
      const deleted = type.endsWith('.deleted') && object.object !== 'subscription';
      const item = { id: object.id, object: object.object, created: null, deleted, value: object };
      const answer = { asked, answered: asked + 1, requestId: 'req_1', apiVersion };
      return lookOf({ ...item, bytes: Buffer.from(JSON.stringify(object)) }, answer, WHOSE);
    },
  );
  const recorded = recordedInOrder(events);
  const isMissing = recorded.map((event) => createdOf(event) < stands && random.chance(0.4));
  return {
    life,
    asked,
    looks,
    arrived: shuffled(
      recorded.filter((_, at) => isMissing[at] !== true),
      random,
    ),
    missing: recorded.filter((_, at) => isMissing[at] === true),
  };
}

const lastOf = (events: readonly SimulatedEvent[]): Map<string, SimulatedEvent> =>
  new Map(events.map((event) => [event.stripeEvent.data.object.id, event]));

describe(`${LIVES} simulated lives with many undelivered events, observed once`, () => {
  const violations: Violation[] = [];
  beforeAll(() => {
    for (let seed = 1; seed <= LIVES && violations.length < SHOWN_MAX; seed += 1) {
      const random = seededRandom(seed, 'looks');
      const [life] = [...lives({ seed, subscriptions: 1, apiVersion: 'mixed', livemode: true })] as [SimulatedLife];
      const watched = watch(life, random);
      for (const [law, check] of Object.entries(laws))
        for (const detail of check(watched, random)) violations.push({ seed, law, detail });
    }
  }, 300_000);

  it.each(Object.keys(laws))('%s', (law) => {
    expect(violations.filter((violation) => violation.law === law).slice(0, SHOWN_MAX)).toEqual([]);
  });
});
