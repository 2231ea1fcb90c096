import { hash } from 'node:crypto';
import {
  canonicalJson,
  field,
  isJsonObject,
  mayLoseDigits,
  withNumbersAsText,
  type Json,
  type JsonObject,
} from './json.js';

/**
 * An account to be put in the place of the one that a body names, or lacks: the endpoint of a platform gets it with the event of a
 * connected account, and that account's own endpoint does not.
 */
type OtherAccount = { readonly account: string | null };

/**
 * SHA-256 (hex) of what a Stripe event says: the canonical JSON of its type, created, account, livemode and data.
 * Two deliveries of one event agree in it though `pending_webhooks` and the like differ; the same event rendered in
 * another API version does not. A body that is no snapshot event is hashed whole, so that no two of them are taken for one.
 */
export function contentHash(stripeEvent: Json, other?: OtherAccount): string {
  return hash('sha256', canonicalContent(stripeEvent, other));
}

/**
 * The content hash of the event that `text` was parsed to. It is `contentHash(stripeEvent)` unless a number of the text
 * is not the one that JavaScript made of it (`1e400`, integers beyond 2^53): such numbers count as they are written.
 */
export function contentHashOf(text: string, stripeEvent: Json, other?: OtherAccount): string {
  if (!mayLoseDigits(text)) return contentHash(stripeEvent, other);
  // No text can hold its own hash, so no string of the event is taken for a marked number.
  const mark = `number-${hash('sha256', text)}:`;
  const marked = JSON.parse(withNumbersAsText(text, mark)) as Json;
  return hash('sha256', canonicalContent(marked, other).replaceAll(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1'));
}

const canonicalContent = (stripeEvent: Json, other: OtherAccount | undefined): string =>
  canonicalJson(isSnapshotEvent(stripeEvent) ? { ...content(stripeEvent), ...other } : stripeEvent);

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
