import type { AnyProjection, Row, Tables } from '../../projections/projection.js';
import { factOf, readEvent, type ReadEvent } from '../folding/facts.js';
import { passedOver } from '../folding/passed-over.js';
import { foldObjects, rowsOfAll } from '../folding/fold-objects.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import { jsonForPostgres } from '../read-models/database.js';
import { isKnown, isTrue, type Moment } from './moment.js';

/** All events of some streams, by stream name. */
export type Streams = ReadonlyMap<string, readonly RecordedEvent[]>;

/** An event of a stream cannot be read, so no moment after it can be. The live row is parked for the same cause. */
export class UnreadablePast extends Error {
  readonly code = 'UNREADABLE_PAST';
}

/**
 * Returns the rows of a projection at a moment: the projector's own fold over the included events, so the rows equal
 * the live ones of a log that ended then. Pure. @throws UnreadablePast
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

/**
 * Returns the rows of several projections at a moment, by table, each row with its stream. Pure. @throws UnreadablePast
 */
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

function isTrueOrUnknown({ content }: ReadEvent, moment: Moment): boolean {
  const order = content.kind === 'fact' ? content.fact.order : content.kind === 'unreadable' ? content.order : null;
  return order === null || isTrue(order.created, moment);
}

/** Caches what was read of each event: several projections fold the same events. */
const readings = new WeakMap<RecordedEvent, ReadEvent>();

function readOnce(event: RecordedEvent): ReadEvent {
  const known = readings.get(event) ?? readEvent(event);
  readings.set(event, known);
  return known;
}

/** Returns the result of `reading` an event. @throws UnreadablePast, with its stream and revision */
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

/** Returns the result of `folding` a stream. @throws UnreadablePast, with its name */
function orUnfoldable<T>(stream: string, folding: () => T): T {
  try {
    return folding();
  } catch (cause) {
    throw new UnreadablePast(`${stream} cannot be folded: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** Replaces text that Postgres cannot store, as in live rows. */
const asStored = <T>(rows: T): T => JSON.parse(jsonForPostgres(rows)) as T;
