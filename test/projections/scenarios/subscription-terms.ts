import { DAHLIA, OLD } from '../../support/stripe-objects.js';
import { START, subscriptionEvent } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const A_MONTH = 2_678_400;
const price = (fields: Record<string, unknown> = {}) => ({
  ...{
    id: 'price_1',
    object: 'price',
    product: 'prod_1',
    currency: 'eur',
    unit_amount: 1900,
    unit_amount_decimal: '1900',
  },
  ...{
    recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
    billing_scheme: 'per_unit',
    ...fields,
  },
});
const items = (quantity: number, start = START, of = price()) => ({
  items: {
    object: 'list',
    has_more: false,
    data: [
      {
        ...{ id: 'si_1', object: 'subscription_item', quantity, price: of },
        ...{ current_period_start: start, current_period_end: start + A_MONTH },
      },
    ],
  },
});
const told = (apiVersion: string, at: number, object: Record<string, unknown>, id?: string) =>
  subscriptionEvent('sub_1', {
    ...(id === undefined ? {} : { eventId: id }),
    created: START + at,
    object,
    event: { api_version: apiVersion },
  });

export const subscriptionTermsScenarios: readonly Scenario[] = [
  ...[OLD, DAHLIA].flatMap((apiVersion): Scenario[] => [
    {
      title: `has a row for each change of what is to be paid at ${apiVersion}`,
      given: [told(apiVersion, 0, items(2), 'evt_1')],
      when: told(apiVersion, 60, items(3), 'evt_2'),
      then: {
        subscription_terms: [
          { subscription: 'sub_1', no: 1, effective_at: '2026-01-01T00:00:00.000Z', stripe_event_id: 'evt_1' },
          { subscription: 'sub_1', no: 2, effective_at: '2026-01-01T00:01:00.000Z', stripe_event_id: 'evt_2' },
        ],
      },
    },
    {
      title: `has none for a renewal at ${apiVersion}`,
      given: [told(apiVersion, 0, items(2))],
      when: told(apiVersion, A_MONTH, items(2, START + A_MONTH)),
      then: 'unchanged',
    },
    {
      title: `is not revived by a stale snapshot at ${apiVersion}`,
      given: [told(apiVersion, 0, { ...items(2), status: 'canceled', ended_at: START })],
      when: told(apiVersion, 60, items(2)),
      then: 'unchanged',
    },
  ]),
  {
    title: 'has what packages, tiers and discounts of items tell, as far as the event shows them',
    given: [],
    when: told(DAHLIA, 0, {
      items: {
        object: 'list',
        has_more: false,
        data: [
          {
            ...{ id: 'si_1', object: 'subscription_item', quantity: 8, discounts: ['di_1'] },
            price: price({
              ...{ billing_scheme: 'tiered', unit_amount: null, unit_amount_decimal: null, tiers_mode: 'graduated' },
              transform_quantity: { divide_by: 10, round: 'up' },
              tiers: [
                {
                  up_to: 5,
                  unit_amount: 1000,
                  unit_amount_decimal: '1000',
                  flat_amount: null,
                  flat_amount_decimal: null,
                },
                {
                  up_to: null,
                  unit_amount: 800,
                  unit_amount_decimal: '800',
                  flat_amount: 1000,
                  flat_amount_decimal: '1000',
                },
              ],
            }),
          },
        ],
      },
    }),
    then: {
      subscription_terms: [
        {
          items: [
            {
              ...{ id: 'si_1', price: 'price_1', product: 'prod_1', quantity: 8, currency: 'eur', interval: 'month' },
              ...{ intervalCount: 1, unitAmountMinor: null, unitAmountDecimal: null, usageType: 'licensed' },
              ...{ billingScheme: 'tiered', tiersMode: 'graduated', transformQuantity: { divideBy: 10, round: 'up' } },
              tiers: [
                { upTo: 5, unitAmountDecimal: '1000', flatAmountDecimal: null },
                { upTo: null, unitAmountDecimal: '800', flatAmountDecimal: '1000' },
              ],
              ...{ periodStart: null, periodEnd: null },
              discounts: [{ id: 'di_1', coupon: null, terms: null, promotionCode: null, startsAt: null, endsAt: null }],
            },
          ],
        },
      ],
    },
  },
];
