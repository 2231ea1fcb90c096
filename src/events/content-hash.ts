import { hash } from 'node:crypto';
import { canonicalJson, field, isJsonObject, type Json, type JsonObject } from './json.js';

/**
 * SHA-256 (hex) of what a Stripe event says: the canonical JSON of its type, created, account, livemode and data.
 * Two deliveries of one event agree in it though `pending_webhooks` and the like differ; the same event rendered in
 * another API version does not. A body that is no snapshot event is hashed whole, so that no two of them are taken for one.
 */
export function contentHash(stripeEvent: Json): string {
  return hash('sha256', canonicalJson(isSnapshotEvent(stripeEvent) ? content(stripeEvent) : stripeEvent));
}

/** Whether a body has the form of a v1 event: it says so, and holds the snapshot of an object. */
export function isSnapshotEvent(body: Json): body is JsonObject & { readonly data: { readonly object: JsonObject } } {
  if (!isJsonObject(body) || field(body, 'object') !== 'event') return false;
  const data = field(body, 'data');
  return isJsonObject(data) && isJsonObject(field(data, 'object'));
}

function content(stripeEvent: JsonObject): JsonObject {
  return {
    type: field(stripeEvent, 'type'),
    created: field(stripeEvent, 'created'),
    account: field(stripeEvent, 'account'),
    livemode: field(stripeEvent, 'livemode'),
    data: field(stripeEvent, 'data'),
  };
}
