import { hash } from 'node:crypto';
import { idOf, ownerOf } from './identity.js';
import { canonicalJsonWithoutNulls, field, isJsonObject, type Json, type JsonObject } from './json.js';
import { kindRankOf, lifecycleRankOf } from './rank.js';
import type { StripeEvent } from './stripe-event.js';

/**
 * What the logical order needs to know of one event; plain JSON.
 * - `created`: seconds since 1970;
 * - `kindRank`, `objectKey`: the object that the event is about;
 * - `phase`: 0 for `*.created`, 2 for `*.deleted`, 1 for all others;
 * - `lifecycleRank`: how far on in its life the snapshot shows the object;
 * - `after`: the hash of the snapshot; `before`: that of the snapshot with `previous_attributes` put back, null without them.
 *   Both are 128 bits in hex. Fields that are null count as absent, since API versions differ in how they show what is not set.
 */
export type OrderKey = {
  readonly eventId: string;
  readonly created: number;
  readonly kindRank: number;
  readonly objectKey: string;
  readonly phase: 0 | 1 | 2;
  readonly lifecycleRank: number;
  readonly apiVersion: string | null;
  readonly after: string;
  readonly before: string | null;
};

/** The order key of an event. Total on what `asStripeEvent` returns. */
export function orderKeyOf(stripeEvent: StripeEvent): OrderKey {
  const { object, previous_attributes: previous } = stripeEvent.data;
  const texts = fieldTexts(object);
  return {
    eventId: stripeEvent.id,
    created: stripeEvent.created,
    kindRank: kindRankOf(object),
    objectKey: objectKeyOf(object),
    phase: stripeEvent.type.endsWith('.created') ? 0 : stripeEvent.type.endsWith('.deleted') ? 2 : 1,
    lifecycleRank: lifecycleRankOf(object),
    apiVersion: stripeEvent.api_version,
    after: digest(texts),
    before: previous === null ? null : digest(textsBefore(object, previous, texts)),
  };
}

/** The object's name and id; without an id those of its owner, and that there is none. */
function objectKeyOf(object: JsonObject): string {
  const name = String(field(object, 'object'));
  const id = idOf(object);
  if (id !== null) return `${name} ${id}`;
  const owner = ownerOf(object);
  return owner === null ? `${name} of the account` : `${name} of ${owner.object} ${owner.id}`;
}

/** The canonical text of each field that is set: the unchanged ones serve for `before` too. */
type Texts = ReadonlyMap<string, string>;

function fieldTexts(object: JsonObject): Texts {
  const texts = new Map<string, string>();
  for (const name of Object.keys(object)) {
    if (object[name] !== null) texts.set(name, canonicalJsonWithoutNulls(object[name] as Json));
  }
  return texts;
}

function textsBefore(object: JsonObject, previous: JsonObject, texts: Texts): Texts {
  const before = new Map(texts);
  for (const name of Object.keys(previous)) {
    const value = putBack(field(object, name), previous[name] as Json);
    if (value === null) before.delete(name);
    else before.set(name, canonicalJsonWithoutNulls(value));
  }
  return before;
}

/** A value as it was: nested hashes are merged, since `previous_attributes` names only what changed in them; the rest is whole. */
function putBack(now: Json, previous: Json): Json {
  if (!isJsonObject(now) || !isJsonObject(previous)) return previous;
  const merged = Object.keys(previous).map((name) => [name, putBack(field(now, name), previous[name] as Json)] as const);
  return Object.fromEntries([...Object.entries(now), ...merged]);
}

/** Field names are quoted by nothing here, and need not be: a digest is only compared with others of the same form. */
function digest(texts: Texts): string {
  const names = [...texts.keys()].sort();
  return hash('sha256', names.map((name) => `${JSON.stringify(name)}:${texts.get(name) as string}`).join(',')).slice(0, 32);
}
