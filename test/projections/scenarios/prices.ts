import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const price = (fields: object = {}) => ({
  id: 'price_1',
  object: 'price',
  active: true,
  product: 'prod_1',
  currency: 'eur',
  unit_amount: 1900,
  unit_amount_decimal: '1900',
  lookup_key: 'pro_monthly',
  recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
  created: START,
  ...fields,
});
const plan = {
  id: 'gold',
  object: 'plan',
  active: true,
  product: 'prod_1',
  currency: 'eur',
  amount: 1900,
  interval: 'month',
  interval_count: 1,
  created: START,
};
const row = { id: 'price_1', product: 'prod_1', unit_amount_minor: 1900, interval: 'month', lookup_key: 'pro_monthly' };

export const pricesScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `has the price of ${apiVersion}`,
    given: [],
    when: stripeEvent('price.created', price(), { apiVersion }),
    then: { prices: [{ ...row, is_active: true, is_deleted: false }], plans: [] },
  },
  {
    title: `has the plan of ${apiVersion}`,
    given: [],
    when: stripeEvent('plan.created', plan, { apiVersion }),
    then: { prices: [], plans: [{ id: 'gold', scope: 'own-test', unit_amount_minor: 1900, interval: 'month' }] },
  },
  {
    title: `keeps a price deleted at ${apiVersion}`,
    given: [stripeEvent('price.created', price(), { apiVersion })],
    when: stripeEvent('price.deleted', price({ active: false }), { apiVersion, after: 5 }),
    then: { prices: [{ ...row, is_active: false, is_deleted: true }] },
  },
]);
