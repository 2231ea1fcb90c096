import type { ReadEvent } from '../folding/facts.js';
import { kindsOf, type AnyProjection } from '../../projections/projection.js';
import { readEvent } from '../folding/facts.js';
import { readStream } from '../eventstore/read.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Envelope } from '../eventstore/recorded-event.js';
import type { EventReader, ReadModels } from './ports.js';

/** What the store still has of a stream: less than `all` when it was deleted or tombstoned, or when its limits hide its first events. */
export type Remains = 'all' | 'some' | 'none';

/** The events of a stream that count, from its start. `isCut`: there are more than were asked for. */
export type WholeStream = Readonly<{ events: readonly ReadEvent[]; remains: Remains; isCut: boolean; last: bigint }>;

/** Where ids stand in the log. */
export type Positions = ReadonlyMap<string, bigint>;

/** Reads streams for these projections alone: what none of them handles is not read further than its envelope. */
export function eventReader(store: EventStore, projections: readonly AnyProjection[]): EventReader {
  const kinds = kindsOf(projections);
  return {
    readStream: async function* (stream, { from, max }) {
      for await (const event of readStream(store, stream, { from, ...(max === undefined ? {} : { max }) })) yield readEvent(event, kinds);
    },
  };
}

/** Two revisions that are no further apart are read at once. */
const GAP_MAX = 8n;

/** The events at these revisions, as far as they are there. */
export async function readRevisions(reader: EventReader, stream: string, revisions: Iterable<bigint>): Promise<Map<bigint, ReadEvent>> {
  const sorted = [...new Set(revisions)].sort((a, b) => (a < b ? -1 : 1));
  const ranges: { from: bigint; to: bigint }[] = [];
  for (const revision of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && revision - last.to <= GAP_MAX) last.to = revision;
    else ranges.push({ from: revision, to: revision });
  }
  const found = new Map<bigint, ReadEvent>();
  for (const { from, to } of ranges) {
    for await (const event of reader.readStream(stream, { from, max: Number(to - from) + 1 })) if (event.revision <= to) found.set(event.revision, event);
  }
  return found;
}

export const PAGE_EVENTS = 500;
type Reading = Readonly<{
  from?: bigint;
  /** A position of the log: events beyond it are left out. */
  upTo: bigint;
  /** Events to be read at most. */
  max?: number;
  /** Where ids stand that are not in the index yet. */
  toBeIndexed?: Positions;
  /** Events that one call reads. */
  pageEvents?: number;
}>;

/**
 * Reads what counts of a stream: events of ours, each id once, where it stands first in the log. Page by page, each of which is read to
 * its end: the client would close its connection for a read that is cut short.
 */
export async function readWhole(reader: EventReader, models: Pick<ReadModels, 'findEvents'>, stream: string, { from = 0n, upTo, max = Infinity, toBeIndexed, pageEvents = PAGE_EVENTS }: Reading): Promise<WholeStream> {
  const events: ReadEvent[] = [];
  const seen = new Set<string>();
  let first: bigint | undefined;
  let last = from - 1n;
  for (let read = 0; ; ) {
    const page = await pageOf(reader, stream, { from: last + 1n, max: pageEvents });
    first ??= page[0]?.revision;
    const within = page.filter(({ position }) => position <= upTo);
    read += within.length;
    const fresh = within.filter(({ metadata, eventId }) => metadata !== null && !seen.has(eventId));
    for (const { eventId } of fresh) seen.add(eventId);
    events.push(...(await withoutRepeats(models, fresh, toBeIndexed)));
    last = within.at(-1)?.revision ?? last;
    const isEnd = page.length < pageEvents || within.length < page.length;
    if (isEnd || read > max) return { events, remains: remainsOf(first, from), isCut: read > max, last };
  }
}

const remainsOf = (first: bigint | undefined, from: bigint): Remains => (first === undefined ? 'none' : first === from ? 'all' : 'some');

async function pageOf(reader: EventReader, stream: string, range: { from: bigint; max: number }): Promise<ReadEvent[]> {
  const page: ReadEvent[] = [];
  for await (const event of reader.readStream(stream, range)) page.push(event);
  return page;
}

/** Without events whose id stands at a lower position: among these, in the index, or in what is about to be indexed. */
export async function withoutRepeats<T extends Pick<Envelope, 'eventId' | 'position'>>(models: Pick<ReadModels, 'findEvents'>, events: readonly T[], toBeIndexed: Positions = new Map()): Promise<T[]> {
  if (events.length === 0) return [];
  const first = new Map<string, T>();
  for (const event of events) if (!first.has(event.eventId)) first.set(event.eventId, event);
  const indexed = await models.findEvents([...first.keys()]);
  const isFirst = (position: bigint, known: bigint | undefined): boolean => known === undefined || known >= position;
  return [...first.values()].filter(({ eventId, position }) =>
    isFirst(position, indexed.get(eventId)?.position) && isFirst(position, toBeIndexed.get(eventId)));
}
