import { createHash } from 'node:crypto';
import { eventIdOf } from '../../src/events/event-id.js';
import type { NewEvent } from '../../src/eventstore/append.js';
import { randomId } from './subscription-events.js';

const AT = '2026-01-01T00:00:00.000Z';

/** An event on its way into the log, as intake makes it; `bytes` pads its data. */
export function newEvent(stream: string, stripeEventId = randomId('evt'), { content = stripeEventId, bytes = 0 } = {}): NewEvent {
  const contentHash = createHash('sha256').update(content).digest('hex');
  const metadata = {
    format: 1, stripeEventId, apiVersion: null, account: null, livemode: false, endpoint: 'tests', receivedAt: AT, signedAt: AT, bodySha256: '', contentHash,
  };
  return {
    stream,
    eventId: eventIdOf(stripeEventId),
    type: 'test.happened',
    data: Buffer.from(JSON.stringify({ content, padding: 'x'.repeat(bytes) })),
    metadata: new Uint8Array(Buffer.from(JSON.stringify(metadata))),
    contentHash,
    apiVersion: null,
  };
}
