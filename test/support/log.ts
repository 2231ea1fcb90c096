import { connectEventStore } from '../../src/eventstore/event-store.js';
import { readStream } from '../../src/eventstore/read.js';
import type { RecordedEvent } from '../../src/eventstore/recorded-event.js';

/** All events of a stream, read over a connection of its own. */
export async function eventsOf(eventstoreUrl: string, stream: string): Promise<RecordedEvent[]> {
  const store = connectEventStore(eventstoreUrl);
  try {
    const events: RecordedEvent[] = [];
    for await (const event of readStream(store, stream)) events.push(event);
    return events;
  } finally {
    await store.close();
  }
}

/** The Stripe ids in a stream, in the order of revisions; fails unless revisions run from 0 without a gap. */
export async function stripeIdsOf(eventstoreUrl: string, stream: string): Promise<string[]> {
  const events = await eventsOf(eventstoreUrl, stream);
  events.forEach(({ revision }, at) => {
    if (revision !== BigInt(at)) throw new Error(`${stream} has revision ${revision} where ${at} was expected.`);
  });
  return events.map(({ metadata }) => String(metadata?.stripeEventId));
}
