import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const coupon = (fields: object = {}) => ({
  id: 'half',
  object: 'coupon',
  name: 'Half',
  percent_off: 50,
  amount_off: null,
  duration: 'repeating',
  duration_in_months: 3,
  valid: true,
  times_redeemed: 1,
  created: START,
  ...fields,
});
const terms = {
  percentOff: '50',
  amountOffMinor: null,
  currency: null,
  duration: 'repeating',
  durationInMonths: 3,
  products: null,
};
const row = { id: 'half', scope: 'own-test', terms };

export const couponsScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `has the coupon of ${apiVersion}`,
    given: [],
    when: stripeEvent('coupon.created', coupon(), { apiVersion }),
    then: { coupons: [{ ...row, is_valid: true, times_redeemed: 1, is_deleted: false }] },
  },
  {
    title: `keeps a coupon deleted at ${apiVersion}, and nothing revives it`,
    given: [],
    when: stripeEvent('coupon.deleted', coupon({ valid: false }), { apiVersion, after: 5 }),
    then: { coupons: [{ ...row, is_valid: false, is_deleted: true }] },
  },
]);
