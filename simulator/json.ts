/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A rendered Stripe object, as in an event's `data.object`. */
export interface StripeObject extends JsonObject {
  readonly id: string;
  readonly object: string;
}

/** A Stripe event as in a webhook body. */
export interface StripeEvent {
  readonly id: string;
  readonly object: 'event';
  readonly api_version: string;
  readonly created: number;
  readonly data: { readonly object: StripeObject; readonly previous_attributes?: JsonObject };
  readonly livemode: boolean;
  readonly pending_webhooks: number;
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null };
  readonly type: string;
}

export function isHash(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keys that every rendering of `T` (a type of the `stripe` package) has. */
export type Shape<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: Json };
