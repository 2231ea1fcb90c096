import { isSnapshotEvent } from './content-hash.js';
import { eventIdOf, quarantineIdOf } from './event-id.js';
import { idOf, isIdText, isPreviewInvoice, isRealId, ownerOf, subscriptionOf } from './identity.js';
import { field, isJsonObject, type Json, type JsonObject } from './json.js';
import { faultIn } from './stripe-event.js';

/**
 * The stream of an event, and the id under which it is recorded. `type` is the recorded event's type: Stripe's own, or
 * `unknown` for a body without a usable one.
 */
export type Route =
  | {
      readonly kind: 'stream';
      readonly stream: string;
      readonly eventId: string;
      readonly stripeEventId: string;
      readonly type: string;
    }
  | {
      readonly kind: 'quarantine';
      readonly stream: string;
      readonly eventId: string;
      readonly stripeEventId: string | null;
      readonly type: string;
      readonly reason: QuarantineReason;
    };

/**
 * Why a body is quarantined instead of appended to the stream of its object:
 * - `not_an_event`: it does not have the form of a Stripe event, by the rules by which projections read one;
 * - `envelope`: it is an event inside the envelope of Amazon EventBridge or Azure Event Grid;
 * - `thin_event`: a v2 event, which carries no snapshot;
 * - `reserved_type`: its type starts with the prefix of the ledger's own events;
 * - `no_object`: its object has no name that is valid in a stream name;
 * - `no_real_id`: the event, its object or the object's owner has a zero id, an abbreviated one or one that is invalid
 *   in a stream name, or the object has no id;
 * - `conflict`: its event id was recorded in the same API version with different content;
 * - `stream_deleted`: the stream of its object is tombstoned and accepts no more events.
 */
export type QuarantineReason =
  'not_an_event' | 'envelope' | 'thin_event' | 'reserved_type' | 'no_object' | 'no_real_id' | RefusedReason;
/** Why the stream of a body rejected it. */
export type RefusedReason = 'conflict' | 'stream_deleted';
type Quarantined = Extract<Route, { kind: 'quarantine' }>;

/** Objects with ids unique only per account and mode: users choose them, or Stripe counts per account. */
const namedPerAccount = new Set(['plan', 'product', 'coupon', 'promotion_code', 'capability']);
/** Objects that exist once per account: they have no id, and belong to the account's stream. */
const onePerAccount = new Set(['balance', 'balance_settings', 'tax.settings']);
/** Objects that have an id in every API version: without one they cannot be read. */
const alwaysNamed = new Set([
  'subscription',
  'invoiceitem',
  'invoice_payment',
  'charge',
  'payment_intent',
  'refund',
  'credit_note',
  'checkout.session',
  'subscription_schedule',
  'customer',
  'price',
  'plan',
  'product',
  'coupon',
]);
/** Object names that would collide with the ledger's own streams. */
const reserved = new Set(['quarantine', 'ledger', 'operations', 'access', 'outbox']);
/** The prefix of the types of the ledger's own events. */
export const OWN_TYPES = 'ledger.';

const objectName = /^[a-z][a-z0-9_.]{0,63}$/i;
const eventType = /^[a-z][!-~]{0,199}$/i;
const accountId = /^[a-z0-9_]{1,64}$/i;
/** The account of an event that names none: the one that owns the endpoint. */
const ownAccount = 'own';

/**
 * Returns the stream of an event, from the payload alone. The object's identity decides, never a field that can change,
 * so that all events about one object are in one stream. Never fails: a body without such an identity is quarantined,
 * each in its own stream.
 */
export function route(body: Json, contentHash: string): Route {
  if (!isSnapshotEvent(body)) return quarantine(body, contentHash, reasonOf(body));
  const stripeEventId = field(body, 'id');
  const type = typeOf(body);
  if (type === null || faultIn(body) !== null) return quarantine(body, contentHash, 'not_an_event');
  if (type.toLowerCase().startsWith(OWN_TYPES)) return quarantine(body, contentHash, 'reserved_type');
  if (!isRealId(stripeEventId)) return quarantine(body, contentHash, 'no_real_id');
  const stream = streamOf(body, body.data.object);
  if (stream.kind === 'none') return quarantine(body, contentHash, stream.reason);
  return {
    kind: 'stream',
    stream: stream.name,
    eventId: eventIdOf(stripeEventId, versionOf(body)),
    stripeEventId,
    type,
  };
}

/** The API version of a body that passed `faultIn`. */
const versionOf = (body: JsonObject): string | null => field(body, 'api_version') as string | null;

/** Returns the quarantine route of a body that its stream rejected. */
export function routeRefused(body: Json, contentHash: string, reason: RefusedReason): Quarantined {
  return quarantine(body, contentHash, reason);
}

function quarantine(body: Json, contentHash: string, reason: QuarantineReason): Quarantined {
  const id = isJsonObject(body) ? field(body, 'id') : null;
  const stripeEventId = isIdText(id) ? id : null;
  const eventId = quarantineIdOf(id, contentHash);
  return {
    kind: 'quarantine',
    stream: `quarantine-${eventId}`,
    eventId,
    stripeEventId,
    type: typeOf(body) ?? 'unknown',
    reason,
  };
}

function typeOf(body: Json): string | null {
  const type = isJsonObject(body) ? field(body, 'type') : null;
  return typeof type === 'string' && eventType.test(type) ? type : null;
}

function reasonOf(body: Json): QuarantineReason {
  if (!isJsonObject(body)) return 'not_an_event';
  const object = field(body, 'object');
  if (object === 'v2.core.event') return 'thin_event';
  return isStripeEvent(field(body, 'detail')) || isStripeEvent(field(body, 'data')) ? 'envelope' : 'not_an_event';
}

function isStripeEvent(value: Json): boolean {
  const object = isJsonObject(value) ? field(value, 'object') : null;
  return object === 'event' || object === 'v2.core.event';
}

/** Returns the stream of an object that Stripe's API returned, by the rules of `route`; null when it has none. */
export function streamOfObject(
  object: JsonObject,
  whose: { account: string | null; livemode: boolean },
): string | null {
  const stream = streamOf(whose, object);
  return stream.kind === 'name' ? stream.name : null;
}

type StreamName =
  { readonly kind: 'name'; readonly name: string } | { readonly kind: 'none'; readonly reason: QuarantineReason };
const noObject: StreamName = { kind: 'none', reason: 'no_object' };
const noRealId: StreamName = { kind: 'none', reason: 'no_real_id' };

function streamOf(stripeEvent: JsonObject, object: JsonObject): StreamName {
  const name = field(object, 'object');
  if (typeof name !== 'string' || !objectName.test(name) || reserved.has(name)) return noObject;
  const id = field(object, 'id');
  if (id === null || isPreviewInvoice(object)) return ownersStream(stripeEvent, object, name);
  if (!isRealId(id)) return noRealId;
  if (isNamedPerAccount(name, id)) return streamPerAccount(stripeEvent, name, id);
  const subscription = name === 'invoice' || name === 'invoiceitem' ? subscriptionOf(object) : null;
  return subscription === null ? streamNamed(name, id) : streamNamed('subscription', subscription);
}

function ownersStream(stripeEvent: JsonObject, object: JsonObject, name: string): StreamName {
  if (onePerAccount.has(name)) return streamNamed('account', accountOf(stripeEvent));
  const owner = alwaysNamed.has(name) ? null : ownerOf(object);
  return owner === null ? noRealId : streamNamed(owner.object, owner.id);
}

function streamNamed(object: string, id: string): StreamName {
  return isRealId(id) ? { kind: 'name', name: `${object}-${id}` } : noRealId;
}

/** Account and mode contain no hyphen, so two objects never share a name. */
function streamPerAccount(stripeEvent: JsonObject, object: string, id: string): StreamName {
  const account = accountOf(stripeEvent);
  if (!accountId.test(account)) return noRealId;
  const mode = field(stripeEvent, 'livemode') === true ? 'live' : 'test';
  return { kind: 'name', name: `${object}-${account}-${mode}-${id}` };
}

/** Plans can be read as prices under their own ids, perhaps chosen by users; only `price_` ids are surely Stripe's. */
function isNamedPerAccount(object: string, id: string): boolean {
  return namedPerAccount.has(object) || (object === 'price' && !id.startsWith('price_'));
}

/** `account` on events of connected accounts, `user_id` before 2017-05-25. */
function accountOf(stripeEvent: JsonObject): string {
  return idOf(field(stripeEvent, 'account')) ?? idOf(field(stripeEvent, 'user_id')) ?? ownAccount;
}
