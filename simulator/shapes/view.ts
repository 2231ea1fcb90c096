import type { Account } from '../account.js';
import type { ApiVersion } from '../api-version.js';
import type { TestClock } from '../books.js';
import type { Seconds } from '../calendar.js';
import type { JsonObject } from '../json.js';

/** The account whose objects are rendered, and the API version of the endpoint. */
export interface View {
  readonly account: Account;
  readonly apiVersion: ApiVersion;
  /** The account's own version, which determines what happens and which events there are. */
  readonly playedIn: ApiVersion;
  /** The clock of the customer's time; null: real time. */
  readonly clock: TestClock | null;
}

/**
 * The second in real time at which Stripe does what happens at `at`. Payments and their consequences run on real time
 * even under a test clock.
 */
export function realTime({ clock }: View, at: Seconds): Seconds {
  return clock === null ? at : clock.createdAt + Math.floor((at - clock.startsAt) / clock.speed);
}

/** A list inside a Stripe object. Endpoints before basil include the count. */
export function listShape(data: readonly JsonObject[], url: string, withCount: boolean): JsonObject {
  return { object: 'list', data, has_more: false, ...(withCount ? { total_count: data.length } : {}), url };
}

export const NO_ADDRESS = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
} as const;

export function nulls<K extends string>(...keys: readonly K[]): { readonly [key in K]: null } {
  return Object.fromEntries(keys.map((key) => [key, null])) as { [key in K]: null };
}
