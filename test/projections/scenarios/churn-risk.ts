import { BASIL, DAHLIA, invoice, OLD, paidInvoice, stripeEvent } from '../../support/stripe-objects.js';
import { START, subscriptionEvent } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const status = (to: string, after: number, fields: object = {}) =>
  subscriptionEvent('sub_1', {
    eventId: `evt_${to}`,
    created: START + after,
    object: { status: to, customer: 'cus_1', ...fields },
    previous: { status: 'active' },
  });
const failed = (
  after: number,
  {
    attempt = 1,
    id = 'in_1',
    apiVersion = BASIL,
    ...fields
  }: { attempt?: number; id?: string; apiVersion?: string; amount_remaining?: number; currency?: string } = {},
) =>
  stripeEvent(
    'invoice.payment_failed',
    invoice(id, apiVersion, {
      status: 'open',
      attempt_count: attempt,
      next_payment_attempt: START + after + 86_400,
      ...fields,
    }),
    { id: `evt_failed_${id}_${attempt}`, after, apiVersion },
  );
const settled = (to: string, after: number) =>
  stripeEvent(`invoice.${to}`, invoice('in_1', BASIL, { ...paidInvoice, status: to }), {
    id: `evt_invoice_${to}`,
    after,
  });
const openUntil = (due: number, after: number) =>
  stripeEvent(
    'invoice.finalized',
    invoice('in_2', BASIL, { status: 'open', collection_method: 'send_invoice', due_date: START + due }),
    { after },
  );

const whole = {
  id: 'sub_1',
  customer: 'cus_1',
  status: 'past_due',
  collection_method: 'charge_automatically',
  currency: 'eur',
  amount_minor: 1900,
  overdue_invoices: 1,
  past_due_since: '2026-01-01T00:00:05.000Z',
  last_failed_invoice: 'in_1',
  last_failed_at: '2026-01-01T00:00:05.000Z',
  last_failed_attempt: 1,
  next_payment_attempt: '2026-01-02T00:00:05.000Z',
  livemode: false,
  account: null,
  stripe_event_id: 'evt_failed_in_1_1',
  stripe_event_type: 'invoice.payment_failed',
  stripe_event_created: '2026-01-01T00:00:05.000Z',
};

export const churnRiskScenarios: readonly Scenario[] = [
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `tells a failed attempt of ${apiVersion}: how much is owed, since when, and when it is tried again`,
    given: [status('past_due', 5)],
    when: failed(5, { apiVersion }),
    then: { churn_risk: [{ ...whole, api_version: apiVersion }] },
  })),
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `begins with a subscription of ${apiVersion} that is past due, before any invoice was told`,
    given: [],
    when: { ...status('past_due', 5), api_version: apiVersion },
    then: {
      churn_risk: [
        {
          status: 'past_due',
          amount_minor: 0,
          overdue_invoices: 0,
          past_due_since: '2026-01-01T00:00:05.000Z',
          last_failed_invoice: null,
          last_failed_at: null,
          next_payment_attempt: null,
          stripe_event_id: 'evt_past_due',
        },
      ],
    },
  })),
  { title: 'has no row while a subscription pays', given: [], when: failed(5), then: 'unchanged' },
  { title: 'has no row of an active one', given: [failed(5)], when: status('active', 6), then: 'unchanged' },
  {
    title: 'adds up what several invoices ask for, and tells the last failure',
    given: [status('past_due', 5), failed(5)],
    when: failed(90, { id: 'in_2', amount_remaining: 700 }),
    then: {
      churn_risk: [
        {
          amount_minor: 2600,
          overdue_invoices: 2,
          past_due_since: '2026-01-01T00:00:05.000Z',
          last_failed_invoice: 'in_2',
          last_failed_at: '2026-01-01T00:01:30.000Z',
        },
      ],
    },
  },
  {
    title: 'follows a second attempt',
    given: [status('past_due', 5), failed(5)],
    when: failed(90, { attempt: 2 }),
    then: {
      churn_risk: [
        {
          amount_minor: 1900,
          overdue_invoices: 1,
          last_failed_at: '2026-01-01T00:01:30.000Z',
          last_failed_attempt: 2,
          next_payment_attempt: '2026-01-02T00:01:30.000Z',
        },
      ],
    },
  },
  {
    title: 'goes back to the failure of what is still owed when a later invoice is paid',
    given: [status('past_due', 5), failed(5, { id: 'in_0' }), failed(60)],
    when: settled('paid', 90),
    then: {
      churn_risk: [
        {
          amount_minor: 1900,
          overdue_invoices: 1,
          last_failed_invoice: 'in_0',
          last_failed_at: '2026-01-01T00:00:05.000Z',
          stripe_event_id: 'evt_invoice_paid',
        },
      ],
    },
  },
  {
    title: 'owes nothing for an invoice that was written off',
    given: [status('past_due', 5), failed(5)],
    when: settled('uncollectible', 90),
    then: { churn_risk: [{ amount_minor: 0, overdue_invoices: 0, last_failed_invoice: null }] },
  },
  {
    title: 'keeps its age when dunning ends and the subscription is unpaid',
    given: [status('past_due', 5), failed(5)],
    when: status('unpaid', 900),
    then: {
      churn_risk: [{ status: 'unpaid', past_due_since: '2026-01-01T00:00:05.000Z', stripe_event_id: 'evt_unpaid' }],
    },
  },
  ...['active', 'canceled', 'paused'].map((to): Scenario => ({
    title: `ends when the subscription is ${to}`,
    given: [status('past_due', 5), failed(5)],
    when: status(to, 900),
    then: { churn_risk: [] },
  })),
  ...[
    { title: 'a debit of the same invoice was on its way', latest: ['in_1', 'in_1'], since: 5 },
    { title: 'no invoice is told, and the period is the same', latest: [null, null], since: 5 },
    { title: 'one invoice is not told, and the period is the same', latest: [null, 'in_1'], since: 5 },
    { title: 'another invoice fails', latest: ['in_1', 'in_2'], since: 900 },
  ].map(({ title, latest: [first, second], since }) => ({
    title: `tells when it first failed when it was active and ${title}`,
    given: [
      status('past_due', 5, { latest_invoice: first }),
      failed(5, { id: 'in_0' }),
      status('active', 60, { latest_invoice: second }),
    ],
    when: status('past_due', 900, { latest_invoice: second }),
    then: { churn_risk: [{ past_due_since: new Date((START + since) * 1000).toISOString() }] },
  })),
  {
    title: 'is past due since the first failure also once it is unpaid',
    given: [status('past_due', 5), failed(5)],
    when: status('unpaid', 900),
    then: { churn_risk: [{ status: 'unpaid', past_due_since: '2026-01-01T00:00:05.000Z' }] },
  },
  {
    title: 'begins anew with a second time past due',
    given: [status('past_due', 5), failed(5), status('active', 60), settled('paid', 60)],
    when: status('past_due', 900),
    then: { churn_risk: [{ amount_minor: 0, past_due_since: '2026-01-01T00:15:00.000Z', last_failed_at: null }] },
  },
  {
    title: 'counts an invoice that was sent once its due date is over',
    given: [status('past_due', 5), openUntil(60, 6)],
    when: status('unpaid', 60),
    then: { churn_risk: [{ amount_minor: 1900, overdue_invoices: 1, last_failed_invoice: null }] },
  },
  {
    title: 'counts no invoice before its due date',
    given: [status('past_due', 5), failed(5)],
    when: openUntil(9_000, 6),
    then: 'unchanged',
  },
  {
    title: 'counts no invoice that is about to be collected for the first time',
    given: [status('past_due', 5), failed(5)],
    when: stripeEvent('invoice.finalized', invoice('in_2', BASIL, { status: 'open' }), { after: 60 }),
    then: 'unchanged',
  },
  {
    title: 'does not ask again for a paid invoice because of a stale snapshot',
    given: [status('past_due', 5), settled('paid', 60)],
    when: failed(90),
    then: 'unchanged',
  },
  {
    title: 'does not revive a canceled subscription because of a stale snapshot',
    given: [status('canceled', 60)],
    when: status('past_due', 90),
    then: 'unchanged',
  },
];
