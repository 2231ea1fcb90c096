import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const session = (fields: object = {}) => ({
  id: 'cs_test_1',
  object: 'checkout.session',
  mode: 'subscription',
  status: 'complete',
  payment_status: 'unpaid',
  customer: 'cus_1',
  customer_details: { email: 'ada@example.com' },
  subscription: 'sub_1',
  client_reference_id: 'user-4711',
  metadata: { plan: 'pro' },
  currency: 'eur',
  amount_total: 1900,
  created: START,
  ...fields,
});

export const checkoutSessionsScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `has the session of ${apiVersion}, and what came of it`,
    given: [],
    when: stripeEvent('checkout.session.completed', session(), { apiVersion }),
    then: {
      checkout_sessions: [
        {
          id: 'cs_test_1',
          status: 'complete',
          payment_status: 'unpaid',
          client_reference_id: 'user-4711',
          email: 'ada@example.com',
          subscription: 'sub_1',
          metadata: { plan: 'pro' },
        },
      ],
    },
  },
  {
    title: `is paid once money that took days has come, at ${apiVersion}`,
    given: [stripeEvent('checkout.session.completed', session(), { apiVersion })],
    when: stripeEvent('checkout.session.async_payment_succeeded', session({ payment_status: 'paid' }), {
      apiVersion,
      after: 99,
    }),
    then: {
      checkout_sessions: [{ payment_status: 'paid', stripe_event_type: 'checkout.session.async_payment_succeeded' }],
    },
  },
  {
    title: `is not unpaid again because of a stale snapshot of ${apiVersion}`,
    given: [
      stripeEvent('checkout.session.async_payment_succeeded', session({ payment_status: 'paid' }), { apiVersion }),
    ],
    when: stripeEvent('checkout.session.completed', session(), { apiVersion, after: 99 }),
    then: 'unchanged' as const,
  },
]);
