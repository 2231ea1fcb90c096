import { randomBytes } from 'node:crypto';

/** Unix seconds at which the tests' lives begin: 2026-01-01T00:00:00Z. */
export const START = 1_767_225_600;

export const randomId = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;

type Overrides = Readonly<{
  eventId?: string;
  type?: string;
  created?: number;
  object?: Record<string, unknown>;
  previous?: Record<string, unknown>;
  event?: Record<string, unknown>;
}>;

/** A small Stripe event about a subscription in API version 2025-03-31.basil. */
export function subscriptionEvent(subscription: string, overrides: Overrides = {}) {
  const {
    eventId = randomId('evt'),
    type = 'customer.subscription.updated',
    created = START,
    previous,
    object,
    event,
  } = overrides;
  return {
    id: eventId,
    object: 'event',
    api_version: '2025-03-31.basil',
    created,
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    data: {
      object: { ...subscriptionObject(subscription), ...object },
      ...(previous === undefined ? {} : { previous_attributes: previous }),
    },
    ...event,
  };
}

/** A subscription as Stripe renders it, with one monthly item. */
export const subscriptionObject = (id: string) => ({
  id,
  object: 'subscription',
  customer: `cus_of_${id}`,
  status: 'active',
  currency: 'eur',
  created: START,
  start_date: START,
  cancel_at: null,
  cancel_at_period_end: false,
  canceled_at: null,
  collection_method: 'charge_automatically',
  ended_at: null,
  livemode: false,
  metadata: {},
  pause_collection: null,
  trial_start: null,
  trial_end: null,
  items: {
    object: 'list',
    has_more: false,
    data: [
      {
        id: `si_of_${id}`,
        object: 'subscription_item',
        current_period_start: START,
        current_period_end: START + 2_678_400,
        price: {
          id: 'price_monthly',
          object: 'price',
          currency: 'eur',
          product: 'prod_one',
          unit_amount: 1900,
          unit_amount_decimal: '1900',
          type: 'recurring',
          recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
        },
        quantity: 1,
        subscription: id,
      },
    ],
  },
});
