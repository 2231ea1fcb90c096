import { recordedEvent } from '../../fixtures/recorded-events.js';
import { DAHLIA } from '../../support/stripe-objects.js';
import { START, subscriptionEvent } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

/** `subscriptions.spec.ts` has more cases for subscriptions. */
export const subscriptionsScenarios: readonly Scenario[] = [
  {
    title: 'reads a subscription that was recorded in 2023, with one period for all items',
    given: [],
    when: recordedEvent('hookdeck-webhook-samples/customer.subscription.created.json').stripeEvent,
    then: {
      subscriptions: [
        {
          id: 'sub_1MhUZrE0b6fckueSZfQ2Ytz6',
          status: 'trialing',
          customer: 'cus_NSPOMxl5eL01qM',
          period_start: '2023-03-03T09:06:59.000Z',
          api_version: '2022-11-15',
        },
      ],
    },
  },
  {
    title: 'reads the period of a subscription of 2026 from its items',
    given: [],
    when: subscriptionEvent('sub_1', { event: { api_version: DAHLIA } }),
    then: {
      subscriptions: [
        {
          id: 'sub_1',
          status: 'active',
          period_start: '2026-01-01T00:00:00.000Z',
          period_end: '2026-02-01T00:00:00.000Z',
          api_version: DAHLIA,
        },
      ],
    },
  },
  {
    title: 'follows a status through an update',
    given: [subscriptionEvent('sub_1')],
    when: subscriptionEvent('sub_1', {
      created: START + 5,
      object: { status: 'past_due' },
      previous: { status: 'active' },
    }),
    then: { subscriptions: [{ status: 'past_due' }] },
  },
];
