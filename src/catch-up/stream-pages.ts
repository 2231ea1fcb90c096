import { kindsOf, type AnyProjection } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { Envelope } from '../eventstore/recorded-event.js';
import type { Queryable } from '../read-models/database.js';
import { findEvents } from '../read-models/event-index.js';
import { readEvent, type ReadEvent } from './facts.js';

/** What is counted by one query. */
const PAGE_EVENTS = 500;
const PAGE_BYTES = 8 * 1024 * 1024;

/** `upTo` is a position of the log, and `max` a number of events; `counted` leaves those of a page that count. */
type Reading = Readonly<{
  projection: AnyProjection;
  upTo: bigint;
  max?: number | undefined;
  counted: (page: readonly ReadEvent[]) => Promise<readonly ReadEvent[]>;
}>;

/** What the store still has of a stream: less than `all` when it was deleted or tombstoned, or when its limits hide its first events. */
export type Remains = 'all' | 'some' | 'none';

/** The events of a stream as a projection sees them, page by page; returns what the store still has of the stream. */
export async function* pagesOf(
  store: EventStore,
  stream: string,
  { projection, upTo, max, counted }: Reading,
): AsyncGenerator<readonly ReadEvent[], Remains> {
  const kinds = kindsOf([projection]);
  const seen = new Set<string>();
  let remains: Remains = 'none';
  let page: ReadEvent[] = [];
  let bytes = 0;
  for await (const event of readStream(store, stream, max === undefined ? {} : { max })) {
    if (remains === 'none') remains = event.revision === 0n ? 'all' : 'some';
    if (event.position > upTo || event.metadata === null || seen.has(event.eventId)) continue;
    seen.add(event.eventId);
    const read = readEvent(event, kinds);
    page.push(read);
    bytes += read.bytes;
    if (page.length < PAGE_EVENTS && bytes < PAGE_BYTES) continue;
    yield await counted(page);
    [page, bytes] = [[], 0];
  }
  if (page.length > 0) yield await counted(page);
  return remains;
}

/** Where ids stand in the log. */
export type Positions = ReadonlyMap<string, bigint>;

/** Without events whose id stands at a lower position: among these, in the index, or in what is about to be indexed. */
export async function withoutRepeats<T extends Pick<Envelope, 'eventId' | 'position'>>(database: Queryable, events: readonly T[], toBeIndexed: readonly Positions[] = []): Promise<T[]> {
  const first = new Map<string, T>();
  for (const event of events) if (!first.has(event.eventId)) first.set(event.eventId, event);
  const indexed = await findEvents(database, [...first.keys()]);
  const isFirst = (position: bigint, known: bigint | undefined): boolean => known === undefined || known >= position;
  return [...first.values()].filter(({ eventId, position }) =>
    isFirst(position, indexed.get(eventId)?.position) && toBeIndexed.every((positions) => isFirst(position, positions.get(eventId))));
}
