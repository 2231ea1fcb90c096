import type { RecordedEvent } from '../eventstore/recorded-event.js';
import type { Queryable } from '../read-models/database.js';
import { findEvents } from '../read-models/event-index.js';

/** Without events whose id stands at a lower position: among these, or in the index. */
export async function withoutRepeats(database: Queryable, events: readonly RecordedEvent[]): Promise<RecordedEvent[]> {
  const first = new Map<string, RecordedEvent>();
  for (const event of events) if (!first.has(event.eventId)) first.set(event.eventId, event);
  const indexed = await findEvents(database, [...first.keys()]);
  return [...first.values()].filter(({ eventId, position }) => (indexed.get(eventId)?.position ?? position) >= position);
}
