import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const code = (fields: object) => ({
  id: 'promo_1',
  object: 'promotion_code',
  code: 'SUMMER',
  active: true,
  customer: null,
  times_redeemed: 0,
  created: START,
  ...fields,
});

export const promotionCodesScenarios: readonly Scenario[] = [
  {
    title: 'has the code and its coupon, as before 2025-09-30.clover',
    given: [],
    when: stripeEvent('promotion_code.created', code({ coupon: { id: 'half', object: 'coupon' } }), {
      apiVersion: OLD,
    }),
    then: { promotion_codes: [{ id: 'promo_1', code: 'SUMMER', coupon: 'half', is_active: true }] },
  },
  {
    title: 'has the coupon of the promotion since then, and follows the end of the code',
    given: [],
    when: stripeEvent(
      'promotion_code.updated',
      code({ promotion: { type: 'coupon', coupon: 'half' }, active: false }),
      {
        apiVersion: DAHLIA,
      },
    ),
    then: { promotion_codes: [{ coupon: 'half', is_active: false }] },
  },
];
