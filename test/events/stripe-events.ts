import { field, isJsonObject, type Json, type JsonObject } from '../../src/events/json.js';
import { orderKeyOf, type OrderKey } from '../../src/events/order.js';
import { asStripeEvent, type StripeEvent } from '../../src/events/stripe-event.js';

/** A Stripe event around an object. Fields of `envelope` replace the defaults, or remove them when undefined. */
export function eventAbout(object: JsonObject | null, envelope: { readonly [key: string]: unknown } = {}): JsonObject {
  const { data, ...rest } = { data: {}, ...envelope };
  const event = {
    id: 'evt_1PgafmB7WZ01zgkW',
    object: 'event',
    type: 'test.updated',
    created: 1_700_000_000,
    api_version: '2026-09-30.endive',
    livemode: false,
    pending_webhooks: 1,
    request: { id: 'req_1', idempotency_key: null },
    ...rest,
    data: { object, ...data },
  };
  return JSON.parse(JSON.stringify(event)) as JsonObject;
}

/** An event with its order key, as in the projector. */
export type Keyed = { readonly order: OrderKey };

/** The ids of events in their order. */
export const ids = (events: readonly Keyed[]): string => events.map((event) => event.order.eventId).join(' ');

/** An event of subscription `sub_1` by default: its id, its snapshot's values, and the values before. */
export type Told = {
  readonly id: string;
  readonly type?: string;
  readonly created?: number;
  readonly apiVersion?: string;
  readonly object?: JsonObject;
  readonly now: JsonObject;
  readonly before?: JsonObject;
};

/**
 * The Stripe event for it: `previous_attributes` holds the differences between `before` and `now`, as Stripe writes
 * them.
 */
export function told({
  id,
  type = 'customer.subscription.updated',
  created = 1_700_000_000,
  apiVersion = '2020-08-27',
  object,
  now,
  before,
}: Told): Keyed {
  const snapshot = { id: 'sub_1', object: 'subscription', ...object, ...now };
  const data =
    before === undefined
      ? {}
      : {
          previous_attributes: previousAttributes(
            { id: 'sub_1', object: 'subscription', ...object, ...before },
            snapshot,
          ),
        };
  return { order: orderKeyOf(stripeEventAbout(snapshot, { id, type, created, api_version: apiVersion, data })) };
}

export function stripeEventAbout(object: JsonObject, envelope: { readonly [key: string]: unknown } = {}): StripeEvent {
  return asStripeEvent(eventAbout(object, envelope));
}

/** The previous values of what changed: nested hashes list only changed keys, arrays are whole. */
export function previousAttributes(before: JsonObject, now: JsonObject): JsonObject {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  const changed = [...names].filter((name) => JSON.stringify(field(before, name)) !== JSON.stringify(field(now, name)));
  return Object.fromEntries(changed.map((name) => [name, previousValue(field(before, name), field(now, name))]));
}

function previousValue(before: Json, now: Json): Json {
  return isJsonObject(before) && isJsonObject(now) ? previousAttributes(before, now) : before;
}
