import { isDeepStrictEqual } from 'node:util';
import { differences, type ExpectedRow } from './expected-row.js';
import { projections } from '../../projections/index.js';
import type { AnyProjection, Fact, Row } from '../../projections/projection.js';
import { answerOf, type Answer } from '../../src/api/answer.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';
import type { Json } from '../../src/events/json.js';
import { kindOf } from '../../src/events/normalise.js';
import { order } from '../../src/events/order.js';
import { route } from '../../src/events/route.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { factFrom } from './facts.js';
import { expectedInvoice, lastObjects, oracle } from './oracle.js';
import { deliveries } from '../../simulator/deliveries.js';
import type { StripeObject } from '../../simulator/json.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { lives, type SimulatedEvent, type SimulatedLife } from '../../simulator/simulator.js';

/** A simulated life and the arrival of its events: repeated, out of order, some much later. */
type Lived = Readonly<{
  life: SimulatedLife;
  /** By stream, the facts in true order and in order of arrival, each once. */
  streams: readonly Readonly<{ truth: readonly Fact[]; arrived: readonly Fact[] }>[];
  /** The answers over all streams, by table, from the facts as they arrived. */
  answers: ReadonlyMap<string, readonly Answer[]>;
}>;

/** A broken law; the seed replays the life. */
export type Violation = Readonly<{ seed: number; law: string; detail: string }>;

/** The laws of every life. Each returns its violations. */
const laws: Readonly<Record<string, (lived: Lived) => readonly string[]>> = {
  'every event goes to the simulator’s stream': ({ life }) =>
    life.events
      .map(({ stripeEvent, stream }) => [stream, route(stripeEvent as unknown as Json, 'hash').stream])
      .filter(([known, routed]) => known !== routed)
      .map((pair) => pair.join(' went to ')),
  'every object comes out as it happened, without a guess': ({ streams }) =>
    streams.flatMap(({ truth, arrived }) => outOfOrder(truth, arrived)),
  'the rows are the same for every order of arrival': ({ streams }) =>
    streams
      .filter(({ truth, arrived }) => truth.some((fact, at) => fact !== arrived[at]))
      .flatMap(({ truth, arrived }) =>
        projections
          .filter((projection) => !isDeepStrictEqual(rowsAfter(projection, arrived), rowsAfter(projection, truth)))
          .map(({ name }) => `${name} after ${truth[0]?.event.stripeEventId} and what follows`),
      ),
  'the rows are the simulator’s own objects': ({ life, answers }) => {
    const told = lastObjects(life);
    return Object.entries(oracle).flatMap(([table, { objects, rowsOf }]) =>
      wrongRows(table, told.filter(({ object }) => objects.includes(object)).flatMap(rowsOf), answers.get(table) ?? []),
    );
  },
  'exactly the subscriptions that end past due are at risk, with what is still due on their failed invoices': ({
    life,
    answers,
  }) => wrongRows('churn_risk', risksOf(lastObjects(life)), answers.get('churn_risk') ?? []),
  'every object is linked to those it names': ({ life, answers }) => unlinked(life, answers.get('links') ?? []),
};

export const lawNames = Object.keys(laws);

/** Simulates the life of a seed, delivers it in some disorder, and returns the laws it broke. */
export function violationsOf(seed: number): Violation[] {
  try {
    const lived = arrive(lifeOf(seed), seededRandom(seed, 'arrival'));
    return Object.entries(laws).flatMap(([law, check]) => check(lived).map((detail) => ({ seed, law, detail })));
  } catch (error) {
    return [
      {
        seed,
        law: 'every snapshot can be read',
        detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      },
    ];
  }
}

/** The life of a seed. In some, values change back within a second; in others, every way of paying occurs. */
function lifeOf(seed: number): SimulatedLife {
  const options = { cycles: seed % 4 === 0, bank: seed % 4 === 1 };
  for (const life of lives({ seed, subscriptions: 1, apiVersion: 'mixed', ...options })) return life;
  throw new Error(`Seed ${seed} has no life.`);
}

function arrive(life: SimulatedLife, random: Random): Lived {
  const facts = new Map(
    life.events
      .filter(({ stripeEvent }) => kindOf(asStripeEvent(stripeEvent)) !== 'other')
      .map((event) => [event, factFrom(event.stripeEvent)]),
  );
  const factsIn = (stream: string, events: readonly SimulatedEvent[]): Fact[] =>
    events.filter((event) => event.stream === stream).flatMap((event) => facts.get(event) ?? []);
  const arrivals = arrivalsOf(life.events, random);
  const streams = [...new Set(life.events.map(({ stream }) => stream))]
    .map((stream) => ({ truth: factsIn(stream, life.events), arrived: factsIn(stream, arrivals) }))
    .filter(({ truth }) => truth.length > 0);
  const answers = new Map<string, Answer[]>();
  for (const { arrived } of streams) {
    for (const projection of projections) {
      for (const [table, rows] of Object.entries(rowsAfter(projection, arrived)))
        answers.set(table, [...(answers.get(table) ?? []), ...rows.map(answerOf)]);
    }
  }
  return { life, streams, answers };
}

/** Each event once, at its first arrival, as the log keeps it. */
function arrivalsOf(events: readonly SimulatedEvent[], random: Random): SimulatedEvent[] {
  const reorderWindow = random.pick([0, 5, 50, events.length]);
  const arriving = deliveries(events, { seed: random.integer(0, 2 ** 31), duplicateRate: 0.3, reorderWindow });
  return [...new Set([...arriving].map(({ event }) => event))];
}

const rowsAfter = (projection: AnyProjection, facts: readonly Fact[]): Readonly<Record<string, readonly Row[]>> =>
  rowsOfAll(projection, foldObjects(projection, facts));

function outOfOrder(truth: readonly Fact[], arrived: readonly Fact[]): string[] {
  const { ordered, ambiguous } = order(arrived);
  const guesses = ambiguous.map(({ event }) => `${event.stripeEventId} (${event.type}) is ambiguous`);
  const statesOf = (facts: readonly Fact[], objectKey: string): string[] =>
    facts.filter((fact) => fact.order.objectKey === objectKey).map((fact) => fact.order.after);
  const objects = [...new Set(truth.map((fact) => fact.order.objectKey))];
  return [
    ...guesses,
    ...objects
      .filter((objectKey) => !isDeepStrictEqual(statesOf(ordered, objectKey), statesOf(truth, objectKey)))
      .map((objectKey) => `${objectKey} comes out in another order`),
  ];
}

function wrongRows(table: string, expected: readonly ExpectedRow[], answers: readonly Answer[]): string[] {
  const found = new Map(answers.map((answer) => [String(answer['id']), answer]));
  const surplus = [...found.keys()]
    .filter((id) => !expected.some((row) => row['id'] === id))
    .map((id) => `${table} has ${id}, which is not in the books`);
  return [
    ...surplus,
    ...expected.flatMap((row) =>
      differences(row, found.get(String(row['id']))).map(
        (difference) => `${table} ${String(row['id'])}: ${difference}`,
      ),
    ),
  ];
}

function risksOf(told: readonly StripeObject[]): ExpectedRow[] {
  const overdue = told.filter(
    (invoice) => invoice.object === 'invoice' && invoice['status'] === 'open' && Number(invoice['attempt_count']) > 0,
  );
  return told
    .filter(({ object, status }) => object === 'subscription' && ['past_due', 'unpaid'].includes(String(status)))
    .map(({ id, status }) => {
      const amounts = overdue
        .filter((invoice) => expectedInvoice(invoice)['subscription'] === id)
        .map((invoice) => Number(invoice['amount_remaining']));
      return {
        id,
        status,
        amountMinor: amounts.reduce((sum, amount) => sum + amount, 0),
        overdueInvoices: amounts.length,
      };
    });
}

/** The fields of Stripe's objects that reference others, with the kind of link. */
const references = {
  subscription: 'subscription',
  invoice: 'invoice',
  customer: 'customer',
  charge: 'payment',
  payment_intent: 'payment',
  test_clock: 'test_clock',
} as const;

function unlinked(life: SimulatedLife, links: readonly Answer[]): string[] {
  const made = new Set(links.map(({ object, id, targetKind, target }) => [object, id, targetKind, target].join(' ')));
  const named = life.events.flatMap(
    ({
      stripeEvent: {
        data: { object },
      },
    }) =>
      Object.entries(references).flatMap(([field, kind]) =>
        typeof object[field] === 'string' && !(object.object === 'payment_intent' && field === 'payment_intent')
          ? [`${object.object} ${object.id} ${kind} ${object[field]}`]
          : [],
      ),
  );
  return [...new Set(named)].filter((link) => !made.has(link));
}
