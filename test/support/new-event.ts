import { createHash } from 'node:crypto';
import { eventIdOf } from '../../src/events/event-id.js';
import type { NewEvent } from '../../src/eventstore/append.js';
import { randomId, START } from './subscription-events.js';

const AT = '2026-01-01T00:00:00.000Z';

type Form = Readonly<{ content?: string; bytes?: number; apiVersion?: string | null }>;

/**
 * A Stripe event of a type that no projection knows. An unreadable event would park its stream in the read models of
 * everyone on the shared store. `content` distinguishes events with the same id; `bytes` pads the event.
 */
export const unknownEvent = (id: string, { content = id, bytes = 0, apiVersion = null }: Form = {}) => ({
  id,
  object: 'event',
  type: 'test.happened',
  created: START,
  api_version: apiVersion,
  livemode: false,
  data: { object: { id: 'test_1', object: 'test', content, padding: 'x'.repeat(bytes) } },
});

/** An event as intake appends it; `bytes` pads its data. */
export function newEvent(
  stream: string,
  stripeEventId = randomId('evt'),
  { content = stripeEventId, bytes = 0, apiVersion = null }: Form = {},
): NewEvent {
  const contentHash = createHash('sha256').update(content).digest('hex');
  const metadata = {
    format: 1,
    stripeEventId,
    apiVersion,
    account: null,
    livemode: false,
    endpoint: 'tests',
    receivedAt: AT,
    signedAt: AT,
    bodySha256: '',
    contentHash,
  };
  return {
    stream,
    eventId: eventIdOf(stripeEventId, apiVersion),
    type: 'test.happened',
    data: Buffer.from(JSON.stringify(unknownEvent(stripeEventId, { content, bytes, apiVersion }))),
    metadata: new Uint8Array(Buffer.from(JSON.stringify(metadata))),
    contentHash,
    contentHashFor: () => contentHash,
    apiVersion,
    account: null,
    source: 'webhook',
  };
}
