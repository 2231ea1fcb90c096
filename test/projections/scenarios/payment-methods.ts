import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const method = (fields: object = {}) => ({
  id: 'pm_1',
  object: 'payment_method',
  type: 'card',
  customer: 'cus_1',
  card: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2026, country: 'DE', wallet: { type: 'apple_pay' } },
  created: START,
  ...fields,
});
const card = {
  id: 'card_1',
  object: 'card',
  customer: 'cus_1',
  brand: 'Visa',
  last4: '4242',
  exp_month: 2,
  exp_year: 2027,
};

export const paymentMethodsScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `has the card of ${apiVersion}, and until when it is good`,
    given: [],
    when: stripeEvent('payment_method.attached', method(), { apiVersion }),
    then: {
      payment_methods: [
        {
          id: 'pm_1',
          type: 'card',
          customer: 'cus_1',
          brand: 'visa',
          last4: '4242',
          exp_month: 12,
          exp_year: 2026,
          expires_at: '2027-01-01T00:00:00.000Z',
          wallet: 'apple_pay',
          is_deleted: false,
        },
      ],
    },
  },
  {
    title: `has the card that a network has renewed, at ${apiVersion}`,
    given: [stripeEvent('payment_method.attached', method(), { apiVersion })],
    when: stripeEvent(
      'payment_method.automatically_updated',
      method({ card: { brand: 'visa', last4: '2222', exp_month: 1, exp_year: 2031 } }),
      { apiVersion, after: 9 },
    ),
    then: { payment_methods: [{ last4: '2222', expires_at: '2031-02-01T00:00:00.000Z' }] },
  },
  {
    title: `is nobody's once it is detached, at ${apiVersion}`,
    given: [stripeEvent('payment_method.attached', method(), { apiVersion })],
    when: stripeEvent('payment_method.detached', method({ customer: null }), {
      apiVersion,
      after: 9,
      previous: { customer: 'cus_1' },
    }),
    then: { payment_methods: [{ customer: null, last4: '4242' }] },
  },
  {
    title: `has what is known of a bank account, at ${apiVersion}`,
    given: [],
    when: stripeEvent(
      'payment_method.attached',
      method({ type: 'sepa_debit', card: null, sepa_debit: { last4: '3000', country: 'DE' } }),
      { apiVersion },
    ),
    then: { payment_methods: [{ type: 'sepa_debit', last4: '3000', brand: null, expires_at: null }] },
  },
  {
    title: `has a card from before there were payment methods, and that it is gone, at ${apiVersion}`,
    given: [stripeEvent('customer.source.created', card, { apiVersion })],
    when: stripeEvent('customer.source.deleted', card, { apiVersion, after: 9 }),
    then: {
      payment_methods: [{ id: 'card_1', last4: '4242', expires_at: '2027-03-01T00:00:00.000Z', is_deleted: true }],
    },
  },
  {
    title: `has what a card was of which only the deletion is heard, at ${apiVersion}`,
    given: [],
    when: stripeEvent('customer.source.deleted', card, { apiVersion }),
    then: { payment_methods: [{ id: 'card_1', customer: 'cus_1', last4: '4242', is_deleted: true }] },
  },
]);
