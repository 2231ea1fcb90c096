import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const discount = (fields: object = {}) => ({
  id: 'di_1',
  object: 'discount',
  coupon: { id: 'half', object: 'coupon', percent_off: 50, duration: 'forever' },
  customer: 'cus_1',
  subscription: 'sub_1',
  start: START,
  end: null,
  ...fields,
});

export const discountsScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `says which coupon is behind a discount, at ${apiVersion}`,
    given: [],
    when: stripeEvent('customer.discount.created', discount(), { apiVersion }),
    then: { discounts: [{ id: 'di_1', coupon: 'half', subscription: 'sub_1', is_deleted: false }] },
  },
  {
    title: `says that a discount is over, at ${apiVersion}`,
    given: [stripeEvent('customer.discount.created', discount(), { apiVersion })],
    when: stripeEvent('customer.discount.deleted', discount(), { apiVersion, after: 9 }),
    then: { discounts: [{ id: 'di_1', coupon: 'half', is_deleted: true }] },
  },
]);
