import type { Account } from '../account.js';
import type { ApiVersion } from '../api-version.js';
import type { TestClock } from '../books.js';
import type { Seconds } from '../calendar.js';
import type { JsonObject } from '../json.js';

/** Whose objects are rendered, and for an endpoint of which API version. */
export interface View {
  readonly account: Account;
  readonly apiVersion: ApiVersion;
  /** The version that the account itself has: what happens, and of what there are events, goes by it. */
  readonly playedIn: ApiVersion;
  /** What the customer's time runs by; null: real time. */
  readonly clock: TestClock | null;
}

/** The second in which Stripe does what happens at `at`: payments, and what follows from them, go by real time also under a test clock. */
export function realTime({ clock }: View, at: Seconds): Seconds {
  return clock === null ? at : clock.createdAt + Math.floor((at - clock.startsAt) / clock.speed);
}

/** A list inside a Stripe object; endpoints before basil also say how many there are. */
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
