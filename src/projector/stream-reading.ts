import { kindsOf, type AnyProjection } from '../../projections/projection.js';
import { readEvent, type ReadEvent } from '../folding/facts.js';
import { readStream } from '../eventstore/read.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Envelope } from '../eventstore/recorded-event.js';
import type { EventReader, ReadModels } from './ports.js';

/**
 * How much of a stream the store still has: not `all` if it was deleted or tombstoned, or its limits hide the first
 * events.
 */
export type Remains = 'all' | 'some' | 'none';

/** A stream of which the store has lost events: deleted, tombstoned, or its limits hide the first ones. */
export type GoneStream = Readonly<{ stream: string; remains: Exclude<Remains, 'all'> }>;

/** The log positions of ids. */
export type Positions = ReadonlyMap<string, bigint>;

/** Reads streams for these projections. Of events that none of them handles only the envelope is read. */
export function eventReader(store: EventStore, projections: readonly AnyProjection[]): EventReader {
  const kinds = kindsOf(projections);
  return {
    readStream: async function* (stream, { from, max }) {
      for await (const event of readStream(store, stream, { from, ...(max === undefined ? {} : { max }) }))
        yield readEvent(event, kinds);
    },
  };
}

/** Revisions at most this far apart are read in one call. */
const GAP_MAX = 8n;

/** Returns the events at these revisions, without missing ones. */
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

/** The most events per call, fewer at first, and about how many bytes of them are held at once. */
export const PAGE_EVENTS = 500;
const PAGE_EVENTS_FIRST = 64;
export const PAGE_BYTES = 16 * 1024 * 1024;

type Reading = Readonly<{
  from?: bigint;
  /** The log position beyond which events are ignored. */
  upTo: bigint;
  /** The positions of ids that are not indexed yet. */
  toBeIndexed?: Positions | undefined;
  /** The most events per call. */
  pageEvents?: number;
}>;

/** A page: the events that count, the number and bytes of all events read, and the first and last revision. */
export type CountedPage = Readonly<{
  events: readonly ReadEvent[];
  read: number;
  bytes: number;
  first: bigint;
  last: bigint;
}>;

/**
 * Yields the events of a stream that count, page by page: the ledger's events, each id only at its first place in the
 * log. The size of a call adapts to the size of events; a large response is split into pages.
 */
export async function* countedPages(
  reader: EventReader,
  models: Pick<ReadModels, 'findEvents'>,
  stream: string,
  { from = 0n, upTo, toBeIndexed, pageEvents = PAGE_EVENTS }: Reading,
): AsyncGenerator<CountedPage> {
  let size = Math.min(PAGE_EVENTS_FIRST, pageEvents);
  for (let next = from; ;) {
    let [came, bytesOfCall, isOver] = [0, 0, false];
    for await (const page of piecesOf(reader.readStream(stream, { from: next, max: size }))) {
      came += page.length;
      const within = page.filter(({ position }) => position <= upTo);
      isOver ||= within.length < page.length;
      const [first, last] = [within[0], within.at(-1)];
      if (first === undefined || last === undefined) continue;
      const bytes = within.reduce((sum, event) => sum + event.bytes, 0);
      bytesOfCall += bytes;
      next = last.revision + 1n;
      yield {
        events: await withoutRepeats(
          models,
          within.filter(({ metadata }) => metadata !== null),
          toBeIndexed,
        ),
        ...{ read: within.length, bytes, first: first.revision, last: last.revision },
      };
    }
    if (came < size || isOver) return;
    size = bytesOfCall > PAGE_BYTES ? Math.max(1, Math.floor(size / 2)) : Math.min(2 * size, pageEvents);
  }
}

/**
 * Yields the events of one call in pieces of about `PAGE_BYTES`. Always reads to the end, because the client closes its
 * connection when a read is cancelled.
 */
async function* piecesOf(events: AsyncIterable<ReadEvent>): AsyncGenerator<readonly ReadEvent[]> {
  const reading = events[Symbol.asyncIterator]();
  let [piece, bytes, isRead]: [ReadEvent[], number, boolean] = [[], 0, false];
  try {
    for (let next = await reading.next(); next.done !== true; next = await reading.next()) {
      piece.push(next.value);
      bytes += next.value.bytes;
      if (bytes < PAGE_BYTES) continue;
      yield piece;
      [piece, bytes] = [[], 0];
    }
    isRead = true;
    if (piece.length > 0) yield piece;
  } finally {
    while (!isRead) isRead = (await reading.next()).done === true;
  }
}

/** Removes events whose id is at a lower position: among these, in the index, or about to be indexed. */
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
