import { kindsOf, type AnyProjection } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { Envelope } from '../eventstore/recorded-event.js';
import type { Queryable } from '../read-models/database.js';
import { findEvents } from '../read-models/event-index.js';
import { readEvent, type ReadEvent } from './facts.js';

const PAGE_EVENTS = 500;

type Reading = Readonly<{ projection: AnyProjection; upTo: bigint; counted: (page: readonly ReadEvent[]) => Promise<readonly ReadEvent[]> }>;

/** The events of a stream up to a position of the log as a projection sees them, page by page: those that `counted` leaves of each page. */
export async function* pagesOf(store: EventStore, stream: string, { projection, upTo, counted }: Reading): AsyncGenerator<readonly ReadEvent[]> {
  const kinds = kindsOf([projection]);
  const seen = new Set<string>();
  let page: ReadEvent[] = [];
  for await (const event of readStream(store, stream)) {
    if (event.position > upTo || event.metadata === null || seen.has(event.eventId)) continue;
    seen.add(event.eventId);
    page.push(readEvent(event, kinds));
    if (page.length < PAGE_EVENTS) continue;
    yield await counted(page);
    page = [];
  }
  yield await counted(page);
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
