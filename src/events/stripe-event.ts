import { idOf, isIdText } from './identity.js';
import { field, isJsonObject, type Json, type JsonObject } from './json.js';

/**
 * The fields of a Stripe event that every API version has. Names are Stripe's own; `created` counts seconds since 1970.
 * `api_version` is null in events of 2013 and before, `account` (formerly `user_id`) in events of the own account, and
 * `previous_attributes` when the event does not say what changed.
 */
export type StripeEvent = {
  readonly id: string;
  readonly type: string;
  readonly created: number;
  readonly api_version: string | null;
  readonly livemode: boolean;
  readonly account: string | null;
  readonly data: { readonly object: JsonObject; readonly previous_attributes: JsonObject | null };
  /**
   * Set for an observation (read from Stripe's API, no event): when it was requested and answered, in seconds of
   * Stripe's clock. `created` is its position.
   */
  readonly observed?: { readonly asked: number; readonly answered: number };
};

/** A recorded event lacks a field that every fold requires, or has it in the wrong type; `field` names it. */
export class UnreadableEvent extends Error {
  readonly code = 'UNREADABLE_EVENT';

  constructor(
    readonly field: string,
    expected: string,
  ) {
    super(`The Stripe event's "${field}" is not ${expected}. Was the body of the webhook recorded as Stripe sent it?`);
    this.name = 'UnreadableEvent';
  }
}

/** The last second with a four-digit year in ISO 8601: 9999-12-31T23:59:59Z. */
const secondMax = 253_402_300_799;

/** Reads a recorded event's data as a Stripe event. Throws `UnreadableEvent`. */
export function asStripeEvent(data: unknown): StripeEvent {
  if (!isJsonObject(data)) throw new UnreadableEvent('', 'an object');
  const inner = field(data, 'data');
  if (!isJsonObject(inner)) throw new UnreadableEvent('data', 'an object');
  const object = field(inner, 'object');
  if (!isJsonObject(object)) throw new UnreadableEvent('data.object', 'an object');
  const previous = field(inner, 'previous_attributes');
  return {
    id: required(data, 'id', isString, 'a string'),
    type: required(data, 'type', isString, 'a string'),
    created: required(data, 'created', isSecond, 'a whole number of seconds'),
    api_version: required(data, 'api_version', isStringOrNull, 'a string'),
    livemode: required(data, 'livemode', isFlagOrNull, 'true or false') === true,
    account: accountOf(data),
    data: { object, previous_attributes: isJsonObject(previous) ? previous : null },
  };
}

/**
 * Returns why a body cannot be read as a Stripe event, null when it can. Intake checks it first, so that no stream
 * receives a body that `asStripeEvent` would reject or read incompletely.
 */
export function faultIn(body: Json): UnreadableEvent | null {
  try {
    const read = asStripeEvent(body);
    const event = body as JsonObject;
    const namesAccount = field(event, 'account') !== null || field(event, 'user_id') !== null;
    if (namesAccount && read.account === null) return new UnreadableEvent('account', 'an id');
    const previous = field(field(event, 'data') as JsonObject, 'previous_attributes');
    return previous !== null && read.data.previous_attributes === null
      ? new UnreadableEvent('data.previous_attributes', 'an object')
      : null;
  } catch (error) {
    if (error instanceof UnreadableEvent) return error;
    throw error;
  }
}

/** `account` on events of connected accounts, `user_id` before 2017-05-25; null when it is absent or not an id. */
function accountOf(data: JsonObject): string | null {
  const account = idOf(field(data, 'account')) ?? idOf(field(data, 'user_id'));
  return isIdText(account) ? account : null;
}

function required<T extends Json>(
  object: JsonObject,
  name: string,
  is: (value: Json) => value is T,
  expected: string,
): T {
  const value = field(object, name);
  if (!is(value)) throw new UnreadableEvent(name, expected);
  return value;
}

function isString(value: Json): value is string {
  return typeof value === 'string';
}

function isStringOrNull(value: Json): value is string | null {
  return value === null || typeof value === 'string';
}

function isFlagOrNull(value: Json): value is boolean | null {
  return value === null || typeof value === 'boolean';
}

/** Whether a value is a time, in seconds, that Stripe and a Postgres timestamp can hold. */
export function isSecond(value: Json): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= secondMax;
}
