import { eventIdOf } from '../../src/events/event-id.js';
import type { RecordedEvent } from '../../src/eventstore/recorded-event.js';
import type { SimulatedEvent } from '../../simulator/simulator.js';

/** Simulated events as the log stores them when they arrive in this order, one per second from the start of 2027. */
export function recordedInOrder(arrived: readonly SimulatedEvent[]): RecordedEvent[] {
  const revisions = new Map<string, bigint>();
  return arrived.map(({ stripeEvent, stream }, at) => {
    const revision = revisions.get(stream) ?? 0n;
    revisions.set(stream, revision + 1n);
    const recordedAt = new Date(Date.UTC(2027, 0, 1) + at * 1000);
    return {
      eventId: eventIdOf(stripeEvent.id, stripeEvent.api_version),
      stream,
      revision,
      position: BigInt(at),
      type: stripeEvent.type,
      recordedAt,
      data: stripeEvent,
      metadata: {
        format: 2,
        source: 'webhook',
        stripeEventId: stripeEvent.id,
        apiVersion: stripeEvent.api_version,
        account: null,
        livemode: stripeEvent.livemode,
        endpoint: 'tests',
        receivedAt: recordedAt.toISOString(),
        signedAt: recordedAt.toISOString(),
        bodySha256: '',
        contentHash: '',
      },
    };
  });
}

/** The events by stream. */
export function byStream(events: readonly RecordedEvent[]): Map<string, RecordedEvent[]> {
  const streams = new Map<string, RecordedEvent[]>();
  for (const event of events) streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
  return streams;
}
