import { recordedEvent } from '../../fixtures/recorded-events.js';
import { customer, DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const created = (apiVersion: string) =>
  stripeEvent('customer.created', customer('cus_1'), { id: 'evt_created', apiVersion });
const whole = {
  id: 'cus_1',
  email: 'ada@example.com',
  name: 'Ada',
  currency: 'eur',
  balance_minor: 0,
  is_delinquent: false,
  default_payment_method: 'pm_1',
  discounts: [],
  test_clock: null,
  created_at: '2026-01-01T00:00:00.000Z',
  is_deleted: false,
  livemode: false,
  account: null,
  stripe_event_id: 'evt_created',
  stripe_event_type: 'customer.created',
  stripe_event_created: '2026-01-01T00:00:00.000Z',
};

export const customersScenarios: readonly Scenario[] = [
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `has the whole customer of ${apiVersion}`,
    given: [],
    when: created(apiVersion),
    then: {
      customers: [{ ...whole, api_version: apiVersion }],
      customer_names: [{ customer: 'cus_1', word: 'ada' }],
    },
  })),
  {
    title: 'reads a customer that was recorded in 2023',
    given: [],
    when: recordedEvent('hookdeck-webhook-samples/customer.created.json').stripeEvent,
    then: { customers: [{ balance_minor: 0, is_deleted: false }] },
  },
  {
    title: 'has the words of a name, in small letters, without accents, each once',
    given: [created(DAHLIA)],
    when: stripeEvent('customer.updated', customer('cus_1', { name: 'DVOŘÁK-Łoś, José José 2' }), {
      after: 5,
      previous: { name: 'Ada' },
    }),
    then: {
      customers: [{ name: 'DVOŘÁK-Łoś, José José 2' }],
      customer_names: ['dvorak', 'łos', 'jose', '2'].map((word) => ({ customer: 'cus_1', word })),
    },
  },
  {
    title: 'follows a balance',
    given: [created(DAHLIA)],
    when: stripeEvent('customer.updated', customer('cus_1', { balance: -500 }), { after: 5, previous: { balance: 0 } }),
    then: { customers: [{ balance_minor: -500 }] },
  },
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `keeps the row of a customer deleted at ${apiVersion}, and says so`,
    given: [created(apiVersion)],
    when: stripeEvent('customer.deleted', customer('cus_1'), { id: 'evt_deleted', after: 60, apiVersion }),
    then: {
      customers: [
        {
          ...whole,
          is_deleted: true,
          stripe_event_id: 'evt_deleted',
          stripe_event_type: 'customer.deleted',
          stripe_event_created: '2026-01-01T00:01:00.000Z',
        },
      ],
    },
  })),
  {
    title: 'knows a deleted customer of whom nothing else is known',
    given: [],
    when: stripeEvent('customer.deleted', { id: 'cus_1', object: 'customer', deleted: true }),
    then: { customers: [{ id: 'cus_1', is_deleted: true, email: null }] },
  },
  {
    title: 'does not revive a deleted customer',
    given: [stripeEvent('customer.deleted', customer('cus_1'))],
    when: stripeEvent('customer.updated', customer('cus_1'), { after: 60 }),
    then: 'unchanged',
  },
  {
    title: 'does not take the end of a discount for that of the customer',
    given: [created(OLD)],
    when: stripeEvent(
      'customer.discount.deleted',
      { object: 'discount', customer: 'cus_1', coupon: { id: 'half' } },
      { apiVersion: OLD, after: 60 },
    ),
    then: 'unchanged',
  },
];
