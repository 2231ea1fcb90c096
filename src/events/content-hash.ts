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
 * The account to hash in place of the body's own: a platform endpoint receives a connected account's event with
 * `account`, the account's own endpoint without it.
 */
type OtherAccount = { readonly account: string | null };

/**
 * Returns the SHA-256 (hex) of a Stripe event's content: the canonical JSON of its type, created, account, livemode and
 * data. Deliveries of one event share it even if `pending_webhooks` and the like differ; the same event rendered in
 * another API version does not. A body that is not a snapshot event is hashed whole, so that two different bodies never
 * share a hash.
 */
export function contentHash(stripeEvent: Json, other?: OtherAccount): string {
  return hash('sha256', canonicalContent(stripeEvent, other));
}

/**
 * Returns the content hash of the event parsed from `text`. It equals `contentHash(stripeEvent)` unless a double cannot
 * hold a number of the text (`1e400`, integers beyond 2^53); such numbers are hashed as written.
 */
export function contentHashOf(text: string, stripeEvent: Json, other?: OtherAccount): string {
  if (!mayLoseDigits(text)) return contentHash(stripeEvent, other);
  // No text can contain its own hash, so no string of the event can be mistaken for a marked number.
  const mark = `number-${hash('sha256', text)}:`;
  const marked = JSON.parse(withNumbersAsText(text, mark)) as Json;
  return hash('sha256', canonicalContent(marked, other).replaceAll(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1'));
}

const canonicalContent = (stripeEvent: Json, other: OtherAccount | undefined): string =>
  canonicalJson(isSnapshotEvent(stripeEvent) ? { ...content(stripeEvent), ...other } : stripeEvent);

/** Whether a body has the form of a v1 event: `object` is `event`, and `data.object` holds a snapshot. */
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
