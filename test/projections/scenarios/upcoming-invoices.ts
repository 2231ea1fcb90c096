import { DAHLIA, invoice, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const preview = (apiVersion: string, fields: Record<string, unknown> = {}) => {
  const { id: _, ...upcoming } = invoice('none', apiVersion, { next_payment_attempt: START + 604_800, ...fields }) as {
    id?: string;
    object: string;
  };
  return upcoming;
};

export const upcomingInvoicesScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `has the preview of ${apiVersion}`,
    given: [],
    when: stripeEvent('invoice.upcoming', preview(apiVersion), { apiVersion, after: 5 }),
    then: {
      upcoming_invoices: [
        {
          id: 'sub_1',
          customer: 'cus_1',
          total_minor: 1900,
          next_payment_attempt: '2026-01-08T00:00:00.000Z',
          previewed_at: '2026-01-01T00:00:05.000Z',
        },
      ],
    },
  },
  {
    title: `has the latest preview, at ${apiVersion}`,
    given: [stripeEvent('invoice.upcoming', preview(apiVersion), { apiVersion })],
    when: stripeEvent('invoice.upcoming', preview(apiVersion, { total: 3800 }), { apiVersion, after: 99 }),
    then: { upcoming_invoices: [{ total_minor: 3800 }] },
  },
  {
    title: `takes no preview of a customer alone, at ${apiVersion}`,
    given: [],
    when: stripeEvent('invoice.upcoming', preview(apiVersion, { subscription: null }), { apiVersion }),
    then: 'unchanged' as const,
  },
]);
