import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { differences, type ExpectedRow } from '../support/expected-row.js';
import { projections } from '../../projections/index.js';
import { handles, type Fact } from '../../projections/projection.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';
import { kindOf } from '../../src/events/normalise.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { readStream } from '../../src/eventstore/read.js';
import { deliver, read } from '../support/delivery.js';
import { factFrom } from '../support/facts.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { lastObjects, oracle } from '../support/oracle.js';
import { query } from '../support/read-models.js';
import { deliveredSeed } from '../support/seeds.js';
import { deliveries } from '../../simulator/deliveries.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { cohorts, type SimulatedEvent } from '../../simulator/simulator.js';

const ASKED_EACH_TIME = 12;
const tables = projections.flatMap((projection) =>
  Object.keys(projection.tables).map((table) => ({ projection, table })),
);
let ledger: TestLedger;
let store: EventStore;
beforeAll(async () => {
  ledger = await startLedger();
  store = connectEventStore(ledger.eventstoreUrl);
});
afterAll(async () => {
  await store.close();
  await ledger.stop();
});

/** Rows in a comparable form: unordered, with times in one format, and without Postgres's additional stream column. */
const comparable = (rows: readonly unknown[]): string[] =>
  rows
    .map((row) =>
      JSON.stringify(row, (key, value: unknown) => {
        if (key === 'stream') return undefined;
        if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:/.test(value)) return new Date(value).toISOString();
        return typeof value === 'object' && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
          : value;
      }),
    )
    .sort();

/** The facts of each stream, read from the log itself. */
async function factsInLog(streams: Iterable<string>): Promise<Fact[][]> {
  const facts: Fact[][] = [];
  for (const stream of streams) {
    const own: Fact[] = [];
    for await (const { data } of readStream(store, stream))
      if (kindOf(asStripeEvent(data)) !== 'other') own.push(factFrom(data));
    facts.push(own);
  }
  return facts;
}

async function expectRowsToBeAFreshFold(streams: Iterable<string>): Promise<void> {
  const facts = await factsInLog(streams);
  for (const { projection, table } of tables) {
    const folded = facts
      .map((own) => own.filter(({ snapshot }) => handles(projection, snapshot.kind)))
      .filter((own) => own.length > 0)
      .flatMap((own) => rowsOfAll(projection, foldObjects(projection, own))[table] ?? []);
    const stored = await query<{ row: unknown }>(
      ledger.databaseUrl,
      `select to_jsonb(v) as row from ledger.${table} v where stream = any($1)`,
      [[...streams]],
    );
    expect({ table, rows: comparable(stored.map(({ row }) => row)) }).toEqual({ table, rows: comparable(folded) });
  }
}

describe('simulated lives, delivered in disorder over HTTP', () => {
  const streams = new Set<string>();

  /** Delivers some events, eight at a time, and waits for the read models; resolves with the position. */
  async function sendAll(part: readonly SimulatedEvent[]): Promise<string> {
    const waiting = [...part];
    let position = 0n;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
          const answer = await deliver(ledger.url, JSON.stringify(event.stripeEvent));
          expect(answer).toMatchObject({ status: 200, body: { stream: event.stream } });
          streams.add(answer.body.stream);
          if (BigInt(answer.body.position) > position) position = BigInt(answer.body.position);
        }
      }),
    );
    expect((await read(ledger.url, `/subscriptions?limit=1&minPosition=${position}&waitMs=30000`)).status).toBe(200);
    return String(position);
  }

  /** Answers about a few of the objects in these events. */
  async function answersOf(
    events: readonly SimulatedEvent[],
    random: Random,
  ): Promise<(readonly [path: string, answer: { status: number; body: Record<string, unknown> }])[]> {
    const paths = events
      .map(
        ({
          stripeEvent: {
            data: {
              object: { object, id, customer },
            },
          },
        }) =>
          ({
            invoice: `/invoices/${id}`,
            charge: `/payments/${id}`,
            payment_intent: `/payments/${id}`,
            subscription: `/subscriptions/${id}`,
            customer: `/payments?limit=200&customer=${id}`,
            credit_note: `/invoices?limit=200&customer=${String(customer)}`,
          })[object],
      )
      .filter((path) => path !== undefined);
    return Promise.all(
      Array.from({ length: ASKED_EACH_TIME }, () => random.pick(paths)).map(
        async (path) => [path, await read(ledger.url, path)] as const,
      ),
    );
  }

  it.each([1, 2].map(deliveredSeed))(
    'have, after any part of the deliveries, the rows that a fresh fold of the log has, end as the simulator’s own objects, and are answered as of each part as they were then (seed %i)',
    async (seed) => {
      const random = seededRandom(seed, 'parts');
      const [cohort] = [...cohorts({ seed, subscriptions: 3, apiVersion: 'mixed' })];
      const arriving = [
        ...deliveries(cohort?.events ?? [], { seed, duplicateRate: 0.2, reorderWindow: random.pick([10, 100]) }),
      ].map(({ event }) => event);
      const seen: { position: string; answers: Awaited<ReturnType<typeof answersOf>> }[] = [];
      while (arriving.length > 0) {
        const position = await sendAll(arriving.splice(0, random.integer(1, 120)));
        await expectRowsToBeAFreshFold(streams);
        seen.push({ position, answers: await answersOf(cohort?.events ?? [], random) });
      }
      for (const { position, answers } of seen) {
        for (const [path, { status, body }] of answers) {
          const then = await read(ledger.url, `${path}${path.includes('?') ? '&' : '?'}knownAt=${position}`);
          expect({ path, position, status: then.status, body: then.body }).toEqual({
            path,
            position,
            status,
            body:
              status === 200
                ? { ...body, asOf: expect.objectContaining({ knownAt: position }) }
                : expect.objectContaining({ code: 'not_known_then' }),
          });
        }
      }
      const told = (cohort?.lives ?? []).flatMap(lastObjects);
      const expectAnswers = async (
        table: 'subscriptions' | 'invoices' | 'payments' | 'customers',
        answerIn: (body: Record<string, unknown>, expected: ExpectedRow) => unknown,
      ): Promise<void> => {
        const { objects, rowsOf } = oracle[table] as (typeof oracle)[string];
        for (const expected of told.filter(({ object }) => objects.includes(object)).flatMap(rowsOf)) {
          const { body } = await read(ledger.url, `/${table}/${String(expected['id'])}`);
          expect(differences(expected, answerIn(body, expected))).toEqual([]);
        }
      };
      await expectAnswers('subscriptions', (body) => body);
      await expectAnswers('invoices', (body) => body);
      await expectAnswers('customers', (body) => body['customer']);
      await expectAnswers('payments', (body, { id, isDisputed }) => {
        const member = [body['paymentIntent'], ...(body['charges'] as unknown[])].find(
          (one) => (one as { id?: unknown } | null)?.id === id,
        ) as Record<string, unknown>;
        // A charge is disputed while a dispute names it, even if its own last event does not say so yet.
        const isNamed = (body['disputes'] as { charge: unknown }[]).some(({ charge }) => charge === id);
        return isNamed && member['isDisputed'] === true ? { ...member, isDisputed } : member;
      });
    },
    120_000,
  );
});
