import { idOf, isPreviewInvoice, ownerOf } from './identity.js';
import { field, isJsonObject, type Json, type JsonObject } from './json.js';
import { kindOf, normalise, UnreadableSnapshot, type Snapshot } from './normalise.js';
import { isOneWay, kindRankOf, lifecycleRankOf, stageOf } from './rank.js';
import { StateHash } from './state-hash.js';
import type { StripeEvent } from './stripe-event.js';

/**
 * The state of an object after an event, and before it; null where the event does not say what changed. Hashes of `StateHash`: fields
 * that are null count as absent.
 */
export type Shown = { readonly after: string; readonly before: string | null };

/**
 * What the logical order needs to know of one event; plain JSON.
 * - `created`: seconds since 1970;
 * - `kindRank`, `objectKey`: the object that the event is about;
 * - `phase`: 0 for `*.created`, 2 for `*.deleted`, 1 for all others, and -1 for what Stripe's API showed: whatever happened in its second
 *   may have come after it;
 * - `answered`: of such a one, the second of the answer;
 * - `lifecycleRank`: how far on in its life the snapshot shows the object; `isOneWay`: that life never goes back, or says so itself;
 * - `after`, `before`: what the event shows in its API version, byte for byte;
 * - `others`: what it shows in other API versions, if it was rendered in several;
 * - `ours`: what it shows in our own snapshots, as far as every API version tells it.
 */
export type OrderKey = {
  readonly eventId: string;
  readonly created: number;
  readonly kindRank: number;
  readonly objectKey: string;
  readonly phase: -1 | 0 | 1 | 2;
  readonly answered?: number;
  readonly lifecycleRank: number;
  readonly isOneWay: boolean;
  readonly apiVersion: string | null;
  readonly others?: { readonly [apiVersion: string]: Shown };
  readonly ours: Shown;
} & Shown;

/** The order key of an event, whose snapshot may be known. Total on what `asStripeEvent` returns. */
export function orderKeyOf(stripeEvent: StripeEvent, snapshot: Snapshot | null = snapshotOf(stripeEvent)): OrderKey {
  const { object, previous_attributes: previous } = stripeEvent.data;
  const hash = new StateHash(object);
  const former =
    previous === null
      ? null
      : Object.entries(previous).map(([name, value]) => [name, putBack(field(object, name), value)] as const);
  const shown = { after: hash.text(), before: former === null ? null : hash.textWith(former) };
  return {
    eventId: stripeEvent.id,
    created: stripeEvent.created,
    kindRank: kindRankOf(object),
    objectKey: objectKeyOf(object),
    phase: phaseOf(stripeEvent),
    ...(stripeEvent.observed === undefined ? {} : { answered: stripeEvent.observed.answered }),
    lifecycleRank: rankOf(object, previous),
    isOneWay: isOneWay(object),
    apiVersion: stripeEvent.api_version,
    ...shown,
    ours: snapshot === null ? ofItsVersion(shown, stripeEvent) : oursOf(stripeEvent, snapshot, former),
  };
}

function phaseOf({ type, observed }: StripeEvent): OrderKey['phase'] {
  if (observed !== undefined) return -1;
  return type.endsWith('.created') ? 0 : type.endsWith('.deleted') ? 2 : 1;
}

/**
 * How far on in its life an event shows its object. One that says itself that a later stage was before, as when Stripe reopens a paid
 * invoice, comes right after that stage.
 */
function rankOf(object: JsonObject, previous: JsonObject | null): number {
  const rank = lifecycleRankOf(object);
  if (previous === null) return rank;
  // What was detached from its customer is never attached again.
  if (field(object, 'object') === 'payment_method' && idOf(field(previous, 'customer')) !== null) return rank + AFTER;
  if (!isOneWay(object)) return rank;
  const before = lifecycleRankOf({ ...object, ...previous });
  return stageOf(before) > stageOf(rank) ? before + AFTER : rank;
}

/** Less than what tells any two snapshots apart. */
const AFTER = 0.5;

/** Where we have no snapshot, states of two versions cannot be compared. */
const ofItsVersion = ({ after, before }: Shown, { api_version: version }: StripeEvent): Shown => ({
  after: `${after} ${version}`,
  before: before === null ? null : `${before} ${version}`,
});

/** Null of an object that has no snapshot, or whose snapshot cannot be read. */
function snapshotOf(stripeEvent: StripeEvent): Snapshot | null {
  try {
    return kindOf(stripeEvent) === 'other' ? null : normalise(stripeEvent);
  } catch (error) {
    if (error instanceof UnreadableSnapshot) return null;
    throw error;
  }
}

/** What an event shows in our snapshots. `former` are the members that `previous_attributes` put back. */
function oursOf(
  stripeEvent: StripeEvent,
  snapshot: Snapshot,
  former: readonly (readonly [name: string, value: Json])[] | null,
): Shown {
  const after = hashOfSnapshot(snapshot);
  if (former === null) return { after, before: null };
  const object = { ...stripeEvent.data.object, ...Object.fromEntries(former) };
  const before = snapshotOf({ ...stripeEvent, data: { object, previous_attributes: null } });
  return { after, before: before === null ? null : hashOfSnapshot(before) };
}

/** What not every API version tells of the same state, and what a snapshot says of the state before. */
const notInEveryVersion = new Set([
  'account',
  'amountPaidOffStripeMinor',
  'billingMode',
  'charge',
  'discounts',
  'formerBalanceMinor',
  'formerCustomer',
  'formerCountedMinor',
  'formerStatus',
  'invoice',
  'isJustCaptured',
  'isReleaseCounted',
  'isReleaseTold',
  'paidOutOfBand',
  'paymentIntent',
  'quantityDecimal',
  'refunds',
  'terms',
  'unitAmountDecimal',
]);

const hashOfSnapshot = (snapshot: Snapshot): string => StateHash.textWithout(notInEveryVersion, snapshot);

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
