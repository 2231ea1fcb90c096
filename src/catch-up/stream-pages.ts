import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import type { Queryable } from '../read-models/database.js';
import { findEvents } from '../read-models/event-index.js';

const PAGE_EVENTS = 500;

/** The events of a stream that count, page by page, as the log has them now. */
export async function* pagesOf(store: EventStore, database: Queryable, stream: string): AsyncGenerator<RecordedEvent[]> {
  const seen = new Set<string>();
  let page: RecordedEvent[] = [];
  for await (const event of readStream(store, stream)) {
    if (event.metadata === null || seen.has(event.eventId)) continue;
    seen.add(event.eventId);
    page.push(event);
    if (page.length < PAGE_EVENTS) continue;
    yield await withoutRepeats(database, page);
    page = [];
  }
  yield await withoutRepeats(database, page);
}

/** Without events whose id stands at a lower position: among these, or in the index. */
export async function withoutRepeats(database: Queryable, events: readonly RecordedEvent[]): Promise<RecordedEvent[]> {
  const first = new Map<string, RecordedEvent>();
  for (const event of events) if (!first.has(event.eventId)) first.set(event.eventId, event);
  const indexed = await findEvents(database, [...first.keys()]);
  return [...first.values()].filter(({ eventId, position }) => (indexed.get(eventId)?.position ?? position) >= position);
}
