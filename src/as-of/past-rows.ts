import type { AnyProjection, Row, Tables } from '../../projections/projection.js';
import { factOf, readEvent, type ReadEvent } from '../folding/facts.js';
import { passedOver } from '../folding/passed-over.js';
import { foldObjects, rowsOfAll } from '../folding/fold-objects.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import { jsonForPostgres } from '../read-models/database.js';
import { isKnown, isTrue, type Moment } from './moment.js';

/** The events of some streams, all that the log has of each. */
export type Streams = ReadonlyMap<string, readonly RecordedEvent[]>;

/** An event in a stream cannot be read: neither can any moment after it. The live row is parked for the same cause. */
export class UnreadablePast extends Error {
  readonly code = 'UNREADABLE_PAST';
}

/**
 * The rows of a projection as they were at a moment: the projector's own fold over the events that count, as the live rows
 * would read when the log had ended then, and Stripe's history with it. Pure. @throws UnreadablePast
 */
export function pastRows<T extends Tables>(
  projection: AnyProjection<T>,
  streams: Streams,
  moment: Moment,
): Readonly<Record<keyof T & string, Row[]>> {
  const folded = [...streams].map(([stream, events]) => {
    const facts = factsAt(projection, events, moment);
    return orUnfoldable(stream, () => asStored(rowsOfAll(projection, foldObjects(projection, facts))));
  });
  const rowsOf = (table: string): Row[] => folded.flatMap((rows) => rows[table] ?? []);
  return Object.fromEntries(Object.keys(projection.tables).map((table) => [table, rowsOf(table)])) as Record<
    keyof T & string,
    Row[]
  >;
}

/** The rows of several projections at a moment, each with its stream, by their tables. Pure. @throws UnreadablePast */
export function pastTables(
  projections: readonly AnyProjection[],
  streams: Streams,
  moment: Moment,
): Readonly<Record<string, readonly Row[]>> {
  const all: Record<string, Row[]> = {};
  for (const [stream, events] of streams)
    for (const projection of projections)
      for (const [table, own] of Object.entries(pastRows(projection, new Map([[stream, events]]), moment)))
        (all[table] ??= []).push(...own.map((row) => ({ ...row, stream })));
  return all;
}

function factsAt(projection: AnyProjection, events: readonly RecordedEvent[], moment: Moment) {
  const then = events
    .filter((event) => isKnown(event, moment))
    .map((event) => ({ event, read: readOnce(event) }))
    .filter(({ read }) => isTrueOrUnknown(read, moment));
  const passed = new Set(
    passedOver(
      projection,
      then.map(({ read }) => read),
    ),
  );
  return then.flatMap(({ event, read }) =>
    passed.has(read) ? [] : orUnreadable(event, () => factOf(projection, read)),
  );
}

function isTrueOrUnknown({ says }: ReadEvent, moment: Moment): boolean {
  const order = says.kind === 'fact' ? says.fact.order : says.kind === 'unreadable' ? says.order : null;
  return order === null || isTrue(order.created, moment);
}

/** Several projections answer from the same events. */
const readings = new WeakMap<RecordedEvent, ReadEvent>();

function readOnce(event: RecordedEvent): ReadEvent {
  const known = readings.get(event) ?? readEvent(event);
  readings.set(event, known);
  return known;
}

/** What is read of an event. @throws UnreadablePast which names it */
export function orUnreadable<T>({ stream, revision }: RecordedEvent, reading: () => T): T {
  try {
    return reading();
  } catch (cause) {
    throw new UnreadablePast(
      `${stream}@${revision} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** What is folded of a stream. @throws UnreadablePast which names it */
function orUnfoldable<T>(stream: string, folding: () => T): T {
  try {
    return folding();
  } catch (cause) {
    throw new UnreadablePast(`${stream} cannot be folded: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** Live rows have been through Postgres, which cannot hold every text. */
const asStored = <T>(rows: T): T => JSON.parse(jsonForPostgres(rows)) as T;
