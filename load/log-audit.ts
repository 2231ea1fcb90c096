import { FORWARDS, START } from '@eventstore/db-client';
import { officialClient } from '../src/eventstore/client.js';
import type { StripeEvent } from '../simulator/json.js';
import type { Findings } from './findings.js';
import type { SentEvent, SentEvents } from './sent-events.js';
import { contentHash } from './storm-events.js';

/**
 * Reads the whole log with the official client and compares it with what was sent. Returns the number of events read.
 */
export async function auditLog(eventstoreUrl: string, sent: SentEvents, findings: Findings): Promise<number> {
  const client = officialClient(eventstoreUrl);
  const copies = new Map<string, number>();
  let read = 0;
  try {
    for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
      if (event === undefined || event.type.startsWith('$')) continue;
      read += 1;
      const stripeEvent = event.data as unknown as Partial<StripeEvent> | null;
      const expected = typeof stripeEvent?.id === 'string' ? sent.byId.get(stripeEvent.id) : undefined;
      if (expected === undefined) continue;
      const id = (stripeEvent as StripeEvent).id;
      copies.set(id, (copies.get(id) ?? 0) + 1);
      auditEvent(
        { id, expected, stream: event.streamId, type: event.type, stored: stripeEvent as StripeEvent },
        findings,
      );
    }
  } finally {
    await client.dispose();
  }
  for (const [id, event] of sent.byId) auditCopies(id, event, copies.get(id) ?? 0, findings);
  return read;
}

interface StoredEvent {
  readonly id: string;
  readonly expected: SentEvent;
  readonly stream: string;
  readonly type: string;
  readonly stored: StripeEvent;
}

function auditEvent({ id, expected, stream, type, stored }: StoredEvent, findings: Findings): void {
  const label = `${id} (${expected.type})`;
  if (expected.stream !== undefined && stream !== expected.stream)
    findings.add('in another stream', `${label} is in ${stream}, not ${expected.stream}`);
  if (type !== expected.type) findings.add('of another type', `${label} is stored as ${type}`);
  if (contentHash(stored) !== expected.hash) findings.add('not stored as it was delivered', label);
}

function auditCopies(id: string, event: SentEvent, copies: number, findings: Findings): void {
  const label = `${id} (${event.type}) of ${event.stream ?? 'an unknown stream'}`;
  if (copies > 1) findings.add('in the log more than once', `${label}: ${copies} times`);
  if (copies === 0 && event.acknowledged) findings.add('acknowledged but not in the log', label);
  if (copies === 0 && !event.acknowledged) findings.add('never acknowledged', label);
}
