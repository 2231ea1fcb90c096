import { evolve, type AnyProjection, type Fact } from '../../projections/projection.js';
import { order } from '../../src/events/order.js';
import type { ReadEvent } from '../../src/folding/facts.js';
import { rowTexts } from '../../src/folding/row-texts.js';
import { eventsOf } from '../../src/folding/fold.js';
import { Unreadable } from '../../src/folding/passed-over.js';
import { factsByObject } from '../../src/folding/stream-fold.js';
import type { SimulatedLog } from './log.js';

/**
 * The truth according to the log, from a fold without batches, states or ports: rows of each table by key, with their
 * stream.
 */
export type Truth = Readonly<{
  rows: ReadonlyMap<string, ReadonlyMap<string, Readonly<{ stream: string; text: string }>>>;
  /** Streams that must be parked, with the cause. */
  parked: ReadonlyMap<string, string>;
  /** Streams whose rows are not determined: one that cannot be folded, and those that claim the same rows. */
  unsure: ReadonlySet<string>;
}>;

type StreamTruth =
  | Readonly<{
      kind: 'rows';
      rows: readonly Readonly<{ table: string; key: string; text: string }>[];
      /** The content of an unreadable event; the rows are those of all other events. */
      unread: string | null;
    }>
  | Readonly<{ kind: 'fault'; cause: string }>;

/**
 * The events of a stream that count: written by the ledger, visible, and each id at its first place in the whole log.
 */
export function countedEvents(log: SimulatedLog, stream: string, upTo: bigint): ReadEvent[] {
  return log
    .eventsOf(stream)
    .filter(
      (event) => event.metadata !== null && event.position <= upTo && log.firsts.get(event.eventId) === event.position,
    );
}

/** The rows and parked streams that a projection must have for a log. */
export function truthOf(
  projection: AnyProjection,
  log: SimulatedLog,
  { upTo, rejectedMark }: { upTo: bigint; rejectedMark: string },
): Truth {
  const rows = new Map<string, Map<string, { stream: string; text: string }>>(
    Object.keys(projection.tables).map((name) => [name, new Map()]),
  );
  const parked = new Map<string, string>();
  const unsure = new Set<string>();
  // Ordered by name, so that a shared row belongs to the stream with the last name.
  for (const stream of [...log.streams].sort()) {
    const truth = streamTruth(projection, stream, countedEvents(log, stream, upTo), rejectedMark);
    if (truth.kind === 'fault') {
      parked.set(stream, truth.cause);
      unsure.add(stream);
      continue;
    }
    if (truth.unread !== null) parked.set(stream, truth.unread);
    for (const { table, key, text } of truth.rows) {
      const other = rows.get(table)?.get(key);
      if (other !== undefined) parked.set(other.stream, `${stream} has the row ${key} of ${table}`);
      rows.get(table)?.set(key, { stream, text });
    }
  }
  for (const stream of sharing(projection, log, unsure)) unsure.add(stream);
  return { rows, parked, unsure };
}

function streamTruth(
  projection: AnyProjection,
  stream: string,
  events: readonly ReadEvent[],
  rejectedMark: string,
): StreamTruth {
  const rows: { table: string; key: string; text: string }[] = [];
  const keys = new Set<string>();
  try {
    for (const facts of factsByObject(projection, events).values()) {
      for (const [table, own] of rowTexts(
        projection,
        stream,
        currentOf(
          projection,
          facts.map(({ fact }) => fact),
        ),
      )) {
        for (const [key, text] of own) {
          if (text.includes(rejectedMark)) return { kind: 'fault', cause: `the row ${key} of ${table} is rejected` };
          if (keys.has(`${table} ${key}`))
            return { kind: 'fault', cause: `two objects have the row ${key} of ${table}` };
          keys.add(`${table} ${key}`);
          rows.push({ table, key, text });
        }
      }
    }
  } catch (error) {
    return { kind: 'fault', cause: String(error) };
  }
  const unread = new Unreadable(projection).take(events).first;
  return { kind: 'rows', rows, unread: unread && String(unread.error) };
}

const currentOf = (projection: AnyProjection, facts: readonly Fact[]): unknown =>
  order(eventsOf(facts)).ordered.reduce(
    (state: unknown, fact) => evolve(projection, state, fact),
    projection.initial(),
  );

/** Streams that may claim the same rows as one of these: at some time both mentioned one object or claimed one row. */
function sharing(projection: AnyProjection, log: SimulatedLog, unsure: ReadonlySet<string>): Set<string> {
  const found = new Set(unsure);
  if (found.size === 0) return found;
  const said = new Map([...log.streams].map((stream) => [stream, thingsSaid(projection, log.everyEventOf(stream))]));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    const things = new Set([...found].flatMap((stream) => [...(said.get(stream) ?? [])]));
    for (const [stream, own] of said) if ([...own].some((thing) => things.has(thing))) found.add(stream);
  }
  return found;
}

function thingsSaid(projection: AnyProjection, events: readonly ReadEvent[]): Set<string> {
  const things = new Set<string>();
  for (const { content } of events) {
    if (content.kind !== 'fact') continue;
    things.add(content.fact.order.objectKey);
    const name =
      content.fact.snapshot.kind === 'coupon' && projection.name === 'notes' ? content.fact.snapshot.name : null;
    const { key } = (name === null ? {} : JSON.parse(name)) as { key?: string };
    if (key !== undefined) things.add(`row ${key}`);
  }
  return things;
}
