import type { Account } from '../account.js';
import type { ApiVersion } from '../api-version.js';
import type { JsonObject } from '../json.js';

/** Whose objects are rendered, and for an endpoint of which API version. */
export interface View {
  readonly account: Account;
  readonly apiVersion: ApiVersion;
}

/** A list inside a Stripe object; endpoints before basil also say how many there are. */
export function listShape(data: readonly JsonObject[], url: string, withCount: boolean): JsonObject {
  return { object: 'list', data, has_more: false, ...(withCount ? { total_count: data.length } : {}), url };
}

export const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null } as const;

export function nulls<K extends string>(...keys: readonly K[]): { readonly [key in K]: null } {
  return Object.fromEntries(keys.map((key) => [key, null])) as { [key in K]: null };
}
