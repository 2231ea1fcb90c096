import { idOf, isPreviewInvoice, ownerOf } from './identity.js';
import { field, isJsonObject, type Json, type JsonObject } from './json.js';
import { isOneWay, kindRankOf, lifecycleRankOf, stageOf } from './rank.js';
import { StateHash } from './state-hash.js';
import type { StripeEvent } from './stripe-event.js';

/**
 * What the logical order needs to know of one event; plain JSON.
 * - `created`: seconds since 1970;
 * - `kindRank`, `objectKey`: the object that the event is about;
 * - `phase`: 0 for `*.created`, 2 for `*.deleted`, 1 for all others;
 * - `lifecycleRank`: how far on in its life the snapshot shows the object; `isOneWay`: that life never goes back, or says so itself;
 * - `after`: the hash of the snapshot; `before`: that of the snapshot with `previous_attributes` put back, null without them.
 *   Both are those of `StateHash`: fields that are null count as absent.
 */
export type OrderKey = {
  readonly eventId: string;
  readonly created: number;
  readonly kindRank: number;
  readonly objectKey: string;
  readonly phase: 0 | 1 | 2;
  readonly lifecycleRank: number;
  readonly isOneWay: boolean;
  readonly apiVersion: string | null;
  readonly after: string;
  readonly before: string | null;
};

/** The order key of an event. Total on what `asStripeEvent` returns. */
export function orderKeyOf(stripeEvent: StripeEvent): OrderKey {
  const { object, previous_attributes: previous } = stripeEvent.data;
  const hash = new StateHash(object);
  return {
    eventId: stripeEvent.id,
    created: stripeEvent.created,
    kindRank: kindRankOf(object),
    objectKey: objectKeyOf(object),
    phase: stripeEvent.type.endsWith('.created') ? 0 : stripeEvent.type.endsWith('.deleted') ? 2 : 1,
    lifecycleRank: rankOf(object, previous),
    isOneWay: isOneWay(object),
    apiVersion: stripeEvent.api_version,
    after: hash.text(),
    before:
      previous === null
        ? null
        : hash.textWith(Object.entries(previous).map(([name, value]) => [name, putBack(field(object, name), value)])),
  };
}

/**
 * How far on in its life an event shows its object. One that says itself that a later stage was before, as when Stripe reopens a paid
 * invoice, comes right after that stage.
 */
function rankOf(object: JsonObject, previous: JsonObject | null): number {
  const rank = lifecycleRankOf(object);
  if (previous === null || !isOneWay(object)) return rank;
  const before = lifecycleRankOf({ ...object, ...previous });
  return stageOf(before) > stageOf(rank) ? before + AFTER : rank;
}

/** Less than what tells any two snapshots apart. */
const AFTER = 0.5;

/** The object's name and id; without an id those of its owner, and that there is none. */
function objectKeyOf(object: JsonObject): string {
  const name = String(field(object, 'object'));
  const id = idOf(object);
  if (id !== null && !isPreviewInvoice(object)) return `${name} ${id}`;
  const owner = ownerOf(object);
  return owner === null ? `${name} of the account` : `${name} of ${owner.object} ${owner.id}`;
}

/** A value as it was: nested hashes are merged, since `previous_attributes` names only what changed in them; the rest is whole. */
function putBack(now: Json, previous: Json): Json {
  if (!isJsonObject(now) || !isJsonObject(previous)) return previous;
  const changed = Object.keys(previous).map(
    (name) => [name, putBack(field(now, name), previous[name] as Json)] as const,
  );
  return { ...now, ...Object.fromEntries(changed) };
}
