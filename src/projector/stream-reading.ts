import { kindsOf, type AnyProjection } from '../../projections/projection.js';
import { readEvent, type ReadEvent } from '../folding/facts.js';
import { readStream } from '../eventstore/read.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Envelope } from '../eventstore/recorded-event.js';
import type { EventReader, ReadModels } from './ports.js';

/** What the store still has of a stream: less than `all` when it was deleted or tombstoned, or when its limits hide its first events. */
export type Remains = 'all' | 'some' | 'none';

/** A stream that the store has not got whole any more: it was deleted or tombstoned, or its limits hide its first events. */
export type GoneStream = Readonly<{ stream: string; remains: Exclude<Remains, 'all'> }>;

/** Where ids stand in the log. */
export type Positions = ReadonlyMap<string, bigint>;

/** Reads streams for these projections alone: what none of them handles is not read further than its envelope. */
export function eventReader(store: EventStore, projections: readonly AnyProjection[]): EventReader {
  const kinds = kindsOf(projections);
  return {
    readStream: async function* (stream, { from, max }) {
      for await (const event of readStream(store, stream, { from, ...(max === undefined ? {} : { max }) }))
        yield readEvent(event, kinds);
    },
  };
}

/** Two revisions that are no further apart are read at once. */
const GAP_MAX = 8n;

/** The events at these revisions, as far as they are there. */
export async function readRevisions(
  reader: EventReader,
  stream: string,
  revisions: Iterable<bigint>,
): Promise<Map<bigint, ReadEvent>> {
  const sorted = [...new Set(revisions)].sort((a, b) => (a < b ? -1 : 1));
  const ranges: { from: bigint; to: bigint }[] = [];
  for (const revision of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && revision - last.to <= GAP_MAX) last.to = revision;
    else ranges.push({ from: revision, to: revision });
  }
  const found = new Map<bigint, ReadEvent>();
  for (const { from, to } of ranges) {
    for await (const event of reader.readStream(stream, { from, max: Number(to - from) + 1 }))
      if (event.revision <= to) found.set(event.revision, event);
  }
  return found;
}

/** What one call reads, in events, and about how many bytes it may hold of them. */
export const PAGE_EVENTS = 500;
const PAGE_EVENTS_FIRST = 64;
const PAGE_BYTES = 16 * 1024 * 1024;

type Reading = Readonly<{
  from?: bigint;
  /** A position of the log: events beyond it are left out. */
  upTo: bigint;
  /** Where ids stand that are not in the index yet. */
  toBeIndexed?: Positions | undefined;
  /** Events that one call reads at most. */
  pageEvents?: number;
}>;

/** What a call has read: the events that count, how many there were, and the revisions of the first and the last of them. */
export type CountedPage = Readonly<{ events: readonly ReadEvent[]; read: number; first: bigint; last: bigint }>;

/**
 * What counts of a stream, page by page: events of ours, each id once, where it stands first in the log. Each page is read to its end:
 * the client would close its connection for a read that is cut short. Pages grow and shrink with what they hold.
 */
export async function* countedPages(
  reader: EventReader,
  models: Pick<ReadModels, 'findEvents'>,
  stream: string,
  { from = 0n, upTo, toBeIndexed, pageEvents = PAGE_EVENTS }: Reading,
): AsyncGenerator<CountedPage> {
  let size = Math.min(PAGE_EVENTS_FIRST, pageEvents);
  for (let next = from; ;) {
    const page = await pageOf(reader, stream, { from: next, max: size });
    const within = page.filter(({ position }) => position <= upTo);
    const [first, last] = [within[0], within.at(-1)];
    if (first === undefined || last === undefined) return;
    yield {
      events: await withoutRepeats(
        models,
        within.filter(({ metadata }) => metadata !== null),
        toBeIndexed,
      ),
      read: within.length,
      first: first.revision,
      last: last.revision,
    };
    if (page.length < size || within.length < page.length) return;
    next = last.revision + 1n;
    const bytes = within.reduce((sum, event) => sum + event.bytes, 0);
    size = bytes > PAGE_BYTES ? Math.max(1, Math.floor(size / 2)) : Math.min(2 * size, pageEvents);
  }
}

async function pageOf(reader: EventReader, stream: string, range: { from: bigint; max: number }): Promise<ReadEvent[]> {
  const page: ReadEvent[] = [];
  for await (const event of reader.readStream(stream, range)) page.push(event);
  return page;
}

/** Without events whose id stands at a lower position: among these, in the index, or in what is about to be indexed. */
export async function withoutRepeats<T extends Pick<Envelope, 'eventId' | 'position'>>(
  models: Pick<ReadModels, 'findEvents'>,
  events: readonly T[],
  toBeIndexed: Positions = new Map(),
): Promise<T[]> {
  if (events.length === 0) return [];
  const first = new Map<string, T>();
  for (const event of events) if (!first.has(event.eventId)) first.set(event.eventId, event);
  const indexed = await models.findEvents([...first.keys()]);
  const isFirst = (position: bigint, known: bigint | undefined): boolean => known === undefined || known >= position;
  return [...first.values()].filter(
    ({ eventId, position }) =>
      isFirst(position, indexed.get(eventId)?.position) && isFirst(position, toBeIndexed.get(eventId)),
  );
}
