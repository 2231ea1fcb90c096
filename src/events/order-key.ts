import { idOf, isPreviewInvoice, ownerOf } from './identity.js';
import { field, isJsonObject, type Json, type JsonObject } from './json.js';
import { kindOf, normalise, UnreadableSnapshot, type Snapshot } from './normalise.js';
import { isOneWay, kindRankOf, lifecycleRankOf, stageOf } from './rank.js';
import { StateHash } from './state-hash.js';
import type { StripeEvent } from './stripe-event.js';

/**
 * The state of an object after an event, and before it (null where the event does not say what changed), as a
 * `StateHash`: null fields count as absent.
 */
export type Shown = { readonly after: string; readonly before: string | null };

/**
 * The fields of an event that the logical order depends on; plain JSON.
 * - `created`: seconds since 1970;
 * - `kindRank`, `objectKey`: the object that the event is about;
 * - `phase`: 0 for `*.created`, 2 for `*.deleted`, -1 for observations of Stripe's API, 1 for all others. Observations
 *   come first because any event of their second may have followed them;
 * - `answered`: for an observation, the second in which Stripe's API answered;
 * - `lifecycleRank`: how far the object is in its life cycle; `isOneWay`: the life cycle never goes back, or the event
 *   itself says that it did;
 * - `after`, `before`: the state that the event shows in its API version, byte for byte;
 * - `others`: the states that it shows in other API versions, if it was rendered in several;
 * - `ours`: the state in our own snapshots, limited to what every API version shows.
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

/**
 * Returns the order key of an event; pass the snapshot where it is known. Never throws on what `asStripeEvent` returns.
 */
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
 * The lifecycle rank of an event. An event whose `previous_attributes` show a later stage (Stripe reopens a paid
 * invoice, for example) sorts right after that stage.
 */
function rankOf(object: JsonObject, previous: JsonObject | null): number {
  const rank = lifecycleRankOf(object);
  if (previous === null) return rank;
  // A detached payment method is never attached again.
  if (field(object, 'object') === 'payment_method' && idOf(field(previous, 'customer')) !== null) return rank + AFTER;
  if (!isOneWay(object)) return rank;
  const before = lifecycleRankOf({ ...object, ...previous });
  return stageOf(before) > stageOf(rank) ? before + AFTER : rank;
}

/** Smaller than the difference between any two lifecycle ranks. */
const AFTER = 0.5;

/** Without a snapshot of ours, states of two API versions cannot be compared, so the version is part of the state. */
const ofItsVersion = ({ after, before }: Shown, { api_version: version }: StripeEvent): Shown => ({
  after: `${after} ${version}`,
  before: before === null ? null : `${before} ${version}`,
});

/** Null when the object has no snapshot or it cannot be read. */
function snapshotOf(stripeEvent: StripeEvent): Snapshot | null {
  try {
    return kindOf(stripeEvent) === 'other' ? null : normalise(stripeEvent);
  } catch (error) {
    if (error instanceof UnreadableSnapshot) return null;
    throw error;
  }
}

/** The states that an event shows in our snapshots. `former`: members with their values from `previous_attributes`. */
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

/** Fields that not every API version shows for the same state, and fields that describe the state before the event. */
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
  'isReleaseKnown',
  'paidOutOfBand',
  'paymentIntent',
  'quantityDecimal',
  'refunds',
  'terms',
  'unitAmountDecimal',
]);

const hashOfSnapshot = (snapshot: Snapshot): string => StateHash.textWithout(notInEveryVersion, snapshot);

/** The object's name and id; without an id, the name with the owner's name and id. */
function objectKeyOf(object: JsonObject): string {
  const name = String(field(object, 'object'));
  const id = idOf(object);
  if (id !== null && !isPreviewInvoice(object)) return `${name} ${id}`;
  const owner = ownerOf(object);
  return owner === null ? `${name} of the account` : `${name} of ${owner.object} ${owner.id}`;
}

/**
 * Puts a previous value back. Nested hashes are merged, because `previous_attributes` names only what changed in them;
 * other values are replaced.
 */
function putBack(now: Json, previous: Json): Json {
  if (!isJsonObject(now) || !isJsonObject(previous)) return previous;
  const changed = Object.keys(previous).map(
    (name) => [name, putBack(field(now, name), previous[name] as Json)] as const,
  );
  return { ...now, ...Object.fromEntries(changed) };
}
