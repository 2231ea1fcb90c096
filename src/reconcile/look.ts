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

/** Whose objects are asked for. */
export type Whose = Readonly<{ account: string | null; livemode: boolean }>;

/** What Stripe's API showed of one object, or that it has it no more; seconds are of Stripe's clock. */
export type Look = Whose &
  Readonly<{
    source: 'observation' | 'absence';
    /** Stripe's name of the object, e.g. `subscription`, and its id. */
    name: string;
    id: string;
    /** As shown; of an absence its name and id alone. */
    object: JsonObject;
    /** As answered, byte for byte. */
    bytes: Uint8Array;
    apiVersion: string | null;
    asked: number;
    answered: number;
    requestId: string | null;
    /** Where it stands in the logical order. */
    stands: number;
    /** The object goes by the clock of a test, which stands still between two advances. */
    isByClock: boolean;
  }>;

/**
 * So much older than it was asked for an object may be that Stripe shows. What was made in this time and is not in it comes after it, so
 * that no event is overruled by a look that did not know it.
 */
export const STALE_S = 10;

/** What goes by the clock of a test: its `created` may lie years ahead. Payments, refunds and disputes go by real time. */
const BY_TEST_CLOCK = new Set(['customer', 'subscription', 'subscription_schedule', 'invoice', 'quote']);

/** The test clock that an object goes by; null for real time. */
export const testClockOf = ({ name, object }: Pick<Look, 'name' | 'object'>): string | null => {
  const clock = field(object, 'test_clock');
  const id = isJsonObject(clock) ? field(clock, 'id') : clock;
  return BY_TEST_CLOCK.has(name) && typeof id === 'string' ? id : null;
};

/** An object of an answer, looked at. `clockTime`: the time of its test clock, where it goes by one. */
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
 * What was made in the future goes by a clock that the object does not name: it stands where it was made, so that each event of it comes
 * after it.
 */
function standing({ created }: Item, asked: number, clockTime: number | null): Pick<Look, 'stands' | 'isByClock'> {
  if (clockTime !== null) return { stands: clockTime, isByClock: true };
  if (created !== null && created > asked + AHEAD_S) return { stands: created, isByClock: true };
  return standingOf(asked);
}

/** Where what goes by real time stands. */
export const standingOf = (asked: number): Pick<Look, 'stands' | 'isByClock'> => ({
  stands: Math.max(0, asked - STALE_S),
  isByClock: false,
});

/** Both are Stripe's clock, so that no more than its own servers' differences is ahead of it. */
const AHEAD_S = 60;

/** Stripe has no such object any more, as the body of its answer says. */
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

/** The stream that an object belongs to; null where no stream can bear its name. An absence does not tell whose an invoice was. */
export const streamOfLook = ({ object, account, livemode }: Look): string | null =>
  streamOfObject(object, { account, livemode });

/** When the object was made, by itself; null where it does not say. */
export const createdOf = ({ object }: Pick<Look, 'object'>): number | null => {
  const created = field(object, 'created');
  return isSecond(created) ? created : null;
};

/** Why, and in which run, an object was looked at. */
export type Purpose = Readonly<{ run: string | null; reason: Reason; causedBy: string | null }>;

/** Where an observation is to stand: behind the event `anchor` of its object, in a stream that ends at `at` (-1n: there is none). */
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

/** An event as the log would have it, at a place behind all others. */
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
