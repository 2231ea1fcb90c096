import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const item = (apiVersion: string, fields: Record<string, unknown> = {}) => ({
  ...{
    id: 'ii_1',
    object: 'invoiceitem',
    amount: 4000,
    currency: 'eur',
    customer: 'cus_1',
    invoice: null,
    date: START,
  },
  ...{ period: { start: START, end: START + 864_000 }, proration: true },
  ...(apiVersion === OLD
    ? { subscription: 'sub_1' }
    : { parent: { type: 'subscription_details', subscription_details: { subscription: 'sub_1' } } }),
  ...fields,
});

export const invoiceItemsScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion): Scenario[] => [
  {
    title: `has what waits for an invoice at ${apiVersion}`,
    given: [],
    when: stripeEvent('invoiceitem.created', item(apiVersion), { apiVersion }),
    then: {
      invoice_items: [
        {
          ...{
            id: 'ii_1',
            amount_minor: 4000,
            currency: 'eur',
            customer: 'cus_1',
            invoice: null,
            subscription: 'sub_1',
          },
          ...{ period_start: '2026-01-01T00:00:00.000Z', period_end: '2026-01-11T00:00:00.000Z', is_deleted: false },
        },
      ],
    },
  },
  {
    title: `names the invoice that bills it at ${apiVersion}`,
    given: [stripeEvent('invoiceitem.created', item(apiVersion), { apiVersion })],
    when: stripeEvent('invoiceitem.updated', item(apiVersion, { invoice: 'in_1' }), { apiVersion, after: 9 }),
    then: { invoice_items: [{ id: 'ii_1', invoice: 'in_1' }] },
  },
  {
    title: `keeps what was deleted at ${apiVersion}, and nothing revives it`,
    given: [stripeEvent('invoiceitem.created', item(apiVersion), { apiVersion })],
    when: stripeEvent(
      'invoiceitem.deleted',
      { id: 'ii_1', object: 'invoiceitem', deleted: true },
      { apiVersion, after: 9 },
    ),
    then: { invoice_items: [{ id: 'ii_1', amount_minor: 4000, is_deleted: true }] },
  },
]);
