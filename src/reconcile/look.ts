import { hash } from 'node:crypto';
import { observationIdOf } from '../events/event-id.js';
import { field, isJsonObject, type JsonObject } from '../events/json.js';
import { objectHash } from '../events/render-time.js';
import { OWN_TYPES, streamOfObject } from '../events/route.js';
import { isSecond } from '../events/stripe-event.js';
import type { NewEvent } from '../eventstore/append.js';
import type { ObservationMetadata, Reason } from '../eventstore/event-metadata.js';
import { recordedEventFrom, type RecordedEvent } from '../eventstore/recorded-event.js';
import type { Answered, Item } from '../stripe-api/answers.js';

/** The account and mode of an object; account null: the key's own. */
export type Whose = Readonly<{ account: string | null; livemode: boolean }>;

/** The state of one object as Stripe's API showed it, or that the object is gone. Seconds are of Stripe's clock. */
export type Look = Whose &
  Readonly<{
    source: 'observation' | 'absence';
    /** Stripe's name for the object, e.g. `subscription`, and its id. */
    name: string;
    id: string;
    /** The object as shown; for an absence only its name and id. */
    object: JsonObject;
    /** The response body, byte for byte. */
    bytes: Uint8Array;
    apiVersion: string | null;
    asked: number;
    answered: number;
    requestId: string | null;
    /** Its second in the logical order of events. */
    stands: number;
    /** Whether the object is on a test clock, which stands still between two advances. */
    isByClock: boolean;
  }>;

/**
 * How stale the object in Stripe's answer may be. A change made within this time sorts after the look, so that a look
 * never overrules an event that it did not reflect.
 */
export const STALE_S = 10;

/**
 * Objects that can be on a test clock: their `created` may lie years ahead. Payments, refunds and disputes use real
 * time.
 */
const BY_TEST_CLOCK = new Set(['customer', 'subscription', 'subscription_schedule', 'invoice', 'quote']);

/** The test clock that an object is on; null: real time. */
export const testClockOf = ({ name, object }: Pick<Look, 'name' | 'object'>): string | null => {
  const clock = field(object, 'test_clock');
  const id = isJsonObject(clock) ? field(clock, 'id') : clock;
  return BY_TEST_CLOCK.has(name) && typeof id === 'string' ? id : null;
};

/** The look at an object of an answer. `clockTime`: the time of its test clock, if it is on one. */
export function lookOf(item: Item, answer: Answered, whose: Whose, clockTime: number | null = null): Look {
  const { asked, answered, requestId, apiVersion } = answer;
  const { id, object: name, bytes } = item;
  return {
    ...whose,
    ...{ name, id, bytes, apiVersion, asked, answered, requestId },
    source: item.deleted ? 'absence' : 'observation',
    object: item.deleted ? gone(name, id) : (item.value as JsonObject),
    ...standing(item, asked, clockTime),
  };
}

/**
 * An object created in the future is on a test clock that it does not name. It sorts at its creation, so that each of
 * its events comes after it.
 */
function standing({ created }: Item, asked: number, clockTime: number | null): Pick<Look, 'stands' | 'isByClock'> {
  if (clockTime !== null) return { stands: clockTime, isByClock: true };
  if (created !== null && created > asked + AHEAD_S) return { stands: created, isByClock: true };
  return standingOf(asked);
}

/** The place in the logical order of an object in real time. */
export const standingOf = (asked: number): Pick<Look, 'stands' | 'isByClock'> => ({
  stands: Math.max(0, asked - STALE_S),
  isByClock: false,
});

/** Both times are Stripe's, so only the skew between its servers can put one ahead. */
const AHEAD_S = 60;

/** The look that records that Stripe no longer has an object, with the body of its answer. */
export const absenceOf = (
  { name, id, bytes }: Pick<Look, 'name' | 'id' | 'bytes'>,
  { asked, answered, requestId, apiVersion }: Answered,
  whose: Whose,
): Look => ({
  ...whose,
  ...{ name, id, bytes, apiVersion, asked, answered, requestId },
  source: 'absence',
  object: gone(name, id),
  stands: Math.max(0, asked - STALE_S),
  isByClock: false,
});

const gone = (object: string, id: string): JsonObject => ({ id, object, deleted: true });

/**
 * The stream that an object belongs to; null when its type or id belongs to none. An absence does not say which
 * customer an invoice belonged to.
 */
export const streamOfLook = ({ object, account, livemode }: Look): string | null =>
  streamOfObject(object, { account, livemode });

/** The `created` of the object; null when it has none. */
export const createdOf = ({ object }: Pick<Look, 'object'>): number | null => {
  const created = field(object, 'created');
  return isSecond(created) ? created : null;
};

/** Why, and in which run, an object was read. */
export type Purpose = Readonly<{ run: string | null; reason: Reason; causedBy: string | null }>;

/**
 * Where an observation is appended: after the object's event `anchor`, in a stream that ends at `at` (-1n: no stream).
 */
export type Ground = Readonly<{ stream: string; anchor: string | null; at: bigint }>;

/** The event that records a look. */
export function observationOf(look: Look, { stream, anchor, at }: Ground, purpose: Purpose, now: Date): NewEvent {
  const { source, name, id, bytes, apiVersion, account, livemode, asked, answered, stands, requestId } = look;
  const contentHash = objectHash(look.object);
  const metadata: ObservationMetadata = {
    format: 2,
    source,
    stripeEventId: null,
    ...{ apiVersion, account, livemode },
    created: null,
    receivedAt: now.toISOString(),
    ...{ asked, answered, stands },
    object: { name, id },
    anchor,
    requestId,
    ...purpose,
    bodySha256: hash('sha256', bytes),
    contentHash,
  };
  return {
    stream,
    eventId: observationIdOf({ account, livemode, object: name, id, contentHash, anchor }),
    type: `${OWN_TYPES}${name}.${source === 'absence' ? 'absent' : 'observed'}`,
    data: bytes,
    metadata: new Uint8Array(Buffer.from(JSON.stringify(metadata))),
    contentHash,
    contentHashFor: () => contentHash,
    ...{ apiVersion, account, source, at },
  };
}

/** The event as the log would return it, at a position after all others. */
export const asIfRecorded = ({ stream, eventId, type, data, metadata, at = -1n }: NewEvent): RecordedEvent =>
  recordedEventFrom({
    ...{ stream, eventId, type },
    revision: at + 1n,
    position: BEHIND_ALL,
    contentType: 'application/json',
    created: '0',
    data: Buffer.from(data),
    metadata: Buffer.from(metadata),
  });

const BEHIND_ALL = 2n ** 62n;
