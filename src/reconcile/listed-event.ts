import { hash } from 'node:crypto';
import { contentHashOf } from '../events/content-hash.js';
import type { Json, JsonObject } from '../events/json.js';
import { route } from '../events/route.js';
import type { NewEvent } from '../eventstore/append.js';
import type { ListedMetadata } from '../eventstore/event-metadata.js';
import type { Answered, EventItem } from '../stripe-api/answers.js';
import type { Purpose, Whose } from './look.js';

/**
 * The event to append for one that Stripe lists: its own bytes, under the id that a webhook of it would have. `whose`
 * is that of the request, since an event of a connected account need not repeat it. Null when it belongs to no stream.
 */
export function listedEvent(item: EventItem, answer: Answered, whose: Whose, purpose: Purpose): NewEvent | null {
  const text = item.bytes.toString('utf8');
  const body = item.value as JsonObject;
  const contentHash = contentHashOf(text, body);
  const routed = route(item.account === null ? { ...body, account: whose.account as Json } : body, contentHash);
  if (routed.kind === 'quarantine') return null;
  const account = item.account ?? whose.account;
  const metadata: ListedMetadata = {
    format: 2,
    source: 'events_api',
    stripeEventId: routed.stripeEventId,
    apiVersion: item.apiVersion,
    account,
    livemode: whose.livemode,
    created: item.created,
    receivedAt: new Date().toISOString(),
    requestId: answer.requestId,
    ...purpose,
    bodySha256: hash('sha256', item.bytes),
    contentHash,
  };
  return {
    stream: routed.stream,
    eventId: routed.eventId,
    type: routed.type,
    data: item.bytes,
    metadata: new Uint8Array(Buffer.from(JSON.stringify(metadata))),
    contentHash,
    contentHashFor: (other) => contentHashOf(text, body, { account: other }),
    ...{ apiVersion: item.apiVersion, account, source: 'events_api' },
  };
}
