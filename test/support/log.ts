import { jsonEvent } from '@eventstore/db-client';
import { eventIdOf } from '../../src/events/event-id.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { readStream } from '../../src/eventstore/read.js';
import type { RecordedEvent } from '../../src/eventstore/recorded-event.js';

/** All events of a stream, read over a separate connection. */
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

/** The Stripe ids in a stream, in the order of revisions. Fails unless the revisions run from 0 without a gap. */
export async function stripeIdsOf(eventstoreUrl: string, stream: string): Promise<string[]> {
  const events = await eventsOf(eventstoreUrl, stream);
  events.forEach(({ revision }, at) => {
    if (revision !== BigInt(at)) throw new Error(`${stream} has revision ${revision} where ${at} was expected.`);
  });
  return events.map(({ metadata }) => String(metadata?.stripeEventId));
}

/** An event as intake appends it, except for the bytes of its body; for logs written without the webhook. */
export function appendedEvent(
  event: { readonly id: string; readonly type: string; readonly api_version: string | null },
  contentHash = '',
) {
  const at = '2026-01-01T00:00:00.000Z';
  const metadata = {
    format: 1,
    stripeEventId: event.id,
    apiVersion: event.api_version,
    account: null,
    livemode: false,
    endpoint: 'tests',
    receivedAt: at,
    signedAt: at,
    bodySha256: '',
    contentHash,
  };
  return jsonEvent({ id: eventIdOf(event.id, null), type: event.type, data: { ...event }, metadata });
}
