import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const [now, later] = [START, START + 2_678_400];
const phase = (start: number, price: string, name = 'items') => ({
  start_date: start,
  end_date: start + 2_678_400,
  [name]: [{ price, quantity: 1 }],
});
const schedule = (fields: object = {}) => ({
  id: 'sub_sched_1',
  object: 'subscription_schedule',
  status: 'active',
  customer: 'cus_1',
  subscription: 'sub_1',
  end_behavior: 'release',
  current_phase: { start_date: now, end_date: later },
  phases: [phase(now, 'price_1'), phase(later, 'price_2')],
  created: START,
  ...fields,
});

export const subscriptionSchedulesScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `says what the subscription becomes next, at ${apiVersion}`,
    given: [],
    when: stripeEvent('subscription_schedule.updated', schedule(), { apiVersion }),
    then: {
      subscription_schedules: [
        {
          id: 'sub_sched_1',
          subscription: 'sub_1',
          status: 'active',
          next_phase: {
            startsAt: new Date(later * 1000).toISOString(),
            endsAt: new Date((later + 2_678_400) * 1000).toISOString(),
            trialEndsAt: null,
            items: [{ price: 'price_2', quantity: 1 }],
          },
        },
      ],
    },
  },
  {
    title: `has nothing to come once it is released, at ${apiVersion}`,
    given: [stripeEvent('subscription_schedule.updated', schedule(), { apiVersion })],
    when: stripeEvent(
      'subscription_schedule.released',
      schedule({ status: 'released', subscription: null, released_subscription: 'sub_1', current_phase: null }),
      { apiVersion, after: 9 },
    ),
    then: { subscription_schedules: [{ status: 'released', subscription: 'sub_1', next_phase: null }] },
  },
  {
    title: `begins with its first phase, at ${apiVersion}`,
    given: [],
    when: stripeEvent('subscription_schedule.created', schedule({ status: 'not_started', current_phase: null }), {
      apiVersion,
    }),
    then: {
      subscription_schedules: [
        {
          status: 'not_started',
          next_phase: {
            startsAt: new Date(now * 1000).toISOString(),
            endsAt: new Date(later * 1000).toISOString(),
            trialEndsAt: null,
            items: [{ price: 'price_1', quantity: 1 }],
          },
        },
      ],
    },
  },
]);
