import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foldWhole } from '../support/fold-whole.js';
import { differences, expectedRow } from '../support/expected-row.js';
import { projections } from '../../projections/index.js';
import { invoices } from '../../projections/invoices.js';
import type { AnyProjection, Row } from '../../projections/projection.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { answerOf } from '../../src/api/answer.js';
import type { Moment } from '../../src/as-of/moment.js';
import { pastRows } from '../../src/as-of/past-rows.js';
import { concerns, readEvent } from '../../src/folding/facts.js';
import { factsByObject, foldLateObjects, foldOntoStates, type FoldedObject } from '../../src/folding/stream-fold.js';
import type { RecordedEvent } from '../../src/eventstore/recorded-event.js';
import { byStream, recordedInOrder } from '../support/recorded.js';
import type { StripeObject } from '../../simulator/json.js';
import { lives, type SimulatedLife } from '../../simulator/simulator.js';

const life = fc
  .record({
    seed: fc.nat(),
    subscriptions: fc.constant(1),
    apiVersion: fc.constant('mixed' as const),
    several: fc.constant(false),
  })
  .map((options) => [...lives(options)][0] as SimulatedLife);
const shuffledLife = life.chain((one) =>
  fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.events], { minLength: one.events.length })),
);
const now: Moment = { trueAt: null, knownAt: null, revision: null };

type Rows = Readonly<Record<string, unknown[]>>;

/** The rows that the projector writes for one stream after each event, with one batch per event. */
function rowsWhileLive(projection: AnyProjection, events: readonly RecordedEvent[]): Rows[] {
  const read = events.map((event) => readEvent(event));
  const folding = { projection, stream: String(events[0]?.stream) };
  const objects = new Map<string, FoldedObject>();
  return read.map((event, at) => {
    const facts = factsByObject(projection, [event]);
    const folded = foldOntoStates(folding, new Map([...objects].map(([name, { state }]) => [name, state])), facts);
    const late =
      folded.kind === 'again'
        ? null
        : foldLateObjects(folding, folded.late, { again: new Map(read.map((one) => [one.revision, one])), facts });
    const changed =
      folded.kind === 'again' || late === null
        ? foldWhole(folding, read.slice(0, at + 1)).objects
        : new Map([...folded.objects, ...late]);
    for (const [name, object] of changed) objects.set(name, object);
    return Object.fromEntries(
      Object.keys(projection.tables).map((table) => [
        table,
        [...objects.values()]
          .flatMap(({ rows }) => [...(rows.get(table)?.values() ?? [])].map(withoutStream))
          .sort(byText),
      ]),
    );
  });
}

function withoutStream(text: string): unknown {
  const { stream: _, ...row } = JSON.parse(text) as Record<string, unknown>;
  return row;
}
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const inOrder = (rows: Readonly<Record<string, readonly unknown[]>>): Rows =>
  Object.fromEntries(Object.entries(rows).map(([table, own]) => [table, [...own].sort(byText)]));

const plain = (rows: unknown): unknown => JSON.parse(JSON.stringify(rows));
const lastTold = ({ events }: SimulatedLife, object: string, untilS: number): StripeObject[] => [
  ...new Map(
    events
      .filter(({ stripeEvent }) => stripeEvent.created <= untilS)
      .map(({ stripeEvent }) => stripeEvent.data.object)
      .filter((told) => told.object === object)
      .map((told) => [told.id, told]),
  ).values(),
];
const byId = (a: Row, b: Row): number => (String(a['id']) < String(b['id']) ? -1 : 1);

describe('the past, whatever the order of arrival', () => {
  it('as it was known at a position, revision or time has the rows that were live then, and at the end of all axes those of the present', async () => {
    await fc.assert(
      fc.asyncProperty(shuffledLife, fc.nat(), async ([one, arrived], any) => {
        const end = {
          trueAt: new Date(Math.max(...one.events.map(({ stripeEvent }) => stripeEvent.created)) * 1000),
          knownAt: BigInt(arrived.length),
          revision: null,
        };
        for (const [stream, events] of byStream(recordedInOrder(arrived))) {
          const all = new Map([[stream, events]]);
          const then = any % events.length;
          const { position, revision, recordedAt } = events[then] as RecordedEvent;
          for (const projection of projections.filter((candidate) =>
            events.some((event) => concerns(candidate, readEvent(event))),
          )) {
            const live = rowsWhileLive(projection, events);
            for (const moment of [{ knownAt: position }, { knownAt: recordedAt }, { revision }])
              expect(inOrder(pastRows(projection, all, { ...now, ...moment }))).toEqual(plain(live[then]));
            expect(inOrder(pastRows(projection, all, end))).toEqual(plain(live.at(-1)));
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it('as it was true at a time has what the simulator had in its books then', () => {
    fc.assert(
      fc.property(shuffledLife, fc.nat(), ([one, arrived], any) => {
        const { created } = (one.events[any % one.events.length] as SimulatedLife['events'][number]).stripeEvent;
        const streams = byStream(recordedInOrder(arrived));
        const at = { ...now, trueAt: new Date(created * 1000) };
        const [row] = pastRows(subscriptions, streams, at).subscriptions;
        const [told] = lastTold(one, 'subscription', created);
        expect(row === undefined).toBe(told === undefined);
        if (told !== undefined && row !== undefined) expect(differences(expectedRow(told), answerOf(row))).toEqual([]);
        const invoiceRows = pastRows(invoices, streams, at)
          .invoices.sort(byId)
          .map(({ id, status, amount_paid_minor: paid }) => [id, status, paid]);
        expect(invoiceRows).toEqual(
          lastTold(one, 'invoice', created)
            .sort(byId)
            .map((invoice) => [invoice.id, invoice['status'], invoice['amount_paid']]),
        );
      }),
      { numRuns: 40 },
    );
  });
});
