import type { StripeObject } from '../../simulator/json.js';

/** What the read API must return for a subscription: the fields that the simulator determines. */
export interface ExpectedRow {
  readonly [field: string]: unknown;
}

interface StripeItem {
  readonly id: string;
  /** Metered items have none. */
  readonly quantity?: number;
  readonly current_period_start?: number;
  readonly current_period_end?: number;
  readonly price: {
    readonly id: string;
    readonly product: string;
    readonly currency: string;
    readonly unit_amount: number | null;
    readonly recurring: { readonly interval: string; readonly interval_count: number };
  };
}

interface StripeSubscription {
  readonly id: string;
  readonly customer: string;
  readonly status: string;
  readonly currency: string;
  readonly items: { readonly data: readonly StripeItem[] };
  readonly pause_collection: { readonly behavior: string; readonly resumes_at: number | null } | null;
  readonly current_period_start?: number;
  readonly current_period_end?: number;
  readonly trial_start: number | null;
  readonly trial_end: number | null;
  readonly start_date: number;
  readonly cancel_at: number | null;
  readonly cancel_at_period_end: boolean;
  readonly canceled_at: number | null;
  readonly ended_at: number | null;
  readonly collection_method: string;
  readonly latest_invoice: string | null;
  readonly livemode: boolean;
  readonly test_clock: string | null;
}

/**
 * The expected row of a Stripe subscription in any rendered API version, computed independently of the service's code.
 */
export function expectedRow(stripeSubscription: StripeObject): ExpectedRow {
  const subscription = stripeSubscription as unknown as StripeSubscription;
  const { pause_collection: pause } = subscription;
  const items = [...subscription.items.data].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    id: subscription.id,
    customer: subscription.customer,
    status: subscription.status,
    currency: subscription.currency,
    items: items.map(expectedItem),
    periodStart: time(
      subscription.current_period_start ?? Math.min(...items.map((item) => item.current_period_start ?? NaN)),
    ),
    periodEnd: time(
      subscription.current_period_end ?? Math.max(...items.map((item) => item.current_period_end ?? NaN)),
    ),
    trialStart: time(subscription.trial_start),
    trialEnd: time(subscription.trial_end),
    startedAt: time(subscription.start_date),
    cancelAt: time(subscription.cancel_at),
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    canceledAt: time(subscription.canceled_at),
    endedAt: time(subscription.ended_at),
    pauseCollection: pause && { behavior: pause.behavior, resumesAt: time(pause.resumes_at) },
    collectionMethod: subscription.collection_method,
    latestInvoice: subscription.latest_invoice,
    livemode: subscription.livemode,
    testClock: subscription.test_clock,
  };
}

function expectedItem(item: StripeItem): ExpectedRow {
  const { price } = item;
  return {
    id: item.id,
    price: price.id,
    product: price.product,
    quantity: item.quantity ?? null,
    interval: price.recurring.interval,
    intervalCount: price.recurring.interval_count,
    unitAmountMinor: price.unit_amount,
    currency: price.currency,
  };
}

function time(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}

/** The differences of an answer from the expectation, one line each. Unexpected fields are ignored. */
export function differences(expected: unknown, actual: unknown, path = ''): string[] {
  if (Array.isArray(expected)) {
    const list = Array.isArray(actual)
      ? [...actual].sort((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1))
      : [];
    if (list.length !== expected.length) return [`${path} has ${list.length} entries, not ${expected.length}`];
    return expected.flatMap((each, index) => differences(each, list[index], `${path}[${index}]`));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null)
      return [`${path} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`];
    const fields = actual as Record<string, unknown>;
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(value, fields[key], path === '' ? key : `${path}.${key}`),
    );
  }
  return same(expected, actual) ? [] : [`${path} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`];
}

/** Times may be written with or without milliseconds, and amounts as numbers or digits. */
function same(expected: unknown, actual: unknown): boolean {
  if (expected === actual) return true;
  if (typeof expected === 'number') return String(expected) === actual;
  return (
    typeof expected === 'string' &&
    typeof actual === 'string' &&
    /^\d{4}-\d\d-\d\dT/.test(expected) &&
    Date.parse(expected) === Date.parse(actual)
  );
}
