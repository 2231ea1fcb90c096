import { recordedEvent } from '../../fixtures/recorded-events.js';
import { BASIL, DAHLIA, invoice, OLD, paidInvoice, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const draft = (apiVersion: string) =>
  stripeEvent('invoice.created', invoice('in_1', apiVersion), { id: 'evt_draft', apiVersion });
const paid = (apiVersion: string, after = 9) =>
  stripeEvent('invoice.paid', invoice('in_1', apiVersion, paidInvoice), { id: 'evt_paid', after, apiVersion });
const withStatus = (status: string, after: number, apiVersion = BASIL) =>
  stripeEvent('invoice.updated', invoice('in_1', apiVersion, { status }), { id: `evt_${status}`, after, apiVersion });

const line = {
  id: 'il_1',
  invoiceItem: null,
  amountMinor: 1900,
  currency: 'eur',
  quantity: 1,
  quantityDecimal: null,
  description: '1 × Monthly',
  price: 'price_1',
  product: 'prod_1',
  unitAmountDecimal: '1900',
  periodStart: '2026-01-01T00:00:00.000Z',
  periodEnd: '2026-02-01T00:00:00.000Z',
  discounts: [],
  isProration: false,
  subscription: 'sub_1',
  subscriptionItem: 'si_1',
  taxMinor: null,
  taxInclusiveMinor: null,
  creditMinor: 0,
  discountMinor: 0,
};

const whole = {
  id: 'in_1',
  number: null,
  status: 'draft',
  customer: 'cus_1',
  subscription: 'sub_1',
  currency: 'eur',
  subtotal_minor: 1597,
  tax_minor: 303,
  discount_minor: 0,
  shipping_minor: 0,
  shipping_tax_minor: 0,
  total_minor: 1900,
  amount_due_minor: 1900,
  amount_paid_minor: 0,
  amount_remaining_minor: 1900,
  amount_overpaid_minor: 0,
  starting_balance_minor: 0,
  ending_balance_minor: null,
  pre_payment_credit_notes_minor: 0,
  post_payment_credit_notes_minor: 0,
  billing_reason: 'subscription_cycle',
  collection_method: 'charge_automatically',
  attempt_count: 0,
  next_payment_attempt: null,
  due_date: null,
  period_start: '2026-01-01T00:00:00.000Z',
  period_end: '2026-02-01T00:00:00.000Z',
  created_at: '2026-01-01T00:00:00.000Z',
  finalized_at: null,
  paid_at: null,
  voided_at: null,
  marked_uncollectible_at: null,
  lines: [line],
  has_all_lines: true,
  test_clock: null,
  is_deleted: false,
  livemode: false,
  account: null,
  stripe_event_id: 'evt_draft',
  stripe_event_type: 'invoice.created',
  stripe_event_created: '2026-01-01T00:00:00.000Z',
};

export const invoicesScenarios: readonly Scenario[] = [
  {
    title: 'has the whole snapshot of an invoice of 2020, and the event that told it',
    given: [],
    when: draft(OLD),
    then: { invoices: [{ ...whole, api_version: OLD }] },
  },
  {
    title: 'has the same row of the same invoice at 2025-03-31.basil',
    given: [],
    when: draft(BASIL),
    then: { invoices: [{ ...whole, api_version: BASIL }] },
  },
  ...[OLD, BASIL, DAHLIA].map((apiVersion) => ({
    title: `follows an invoice of ${apiVersion} until it is paid`,
    given: [draft(apiVersion), withStatus('open', 5, apiVersion)],
    when: paid(apiVersion),
    then: {
      invoices: [
        {
          status: 'paid',
          number: 'N-1',
          amount_paid_minor: 1900,
          amount_remaining_minor: 0,
          attempt_count: 1,
          ending_balance_minor: 0,
          finalized_at: '2026-01-01T00:00:05.000Z',
          paid_at: '2026-01-01T00:00:09.000Z',
          stripe_event_id: 'evt_paid',
        },
      ],
    },
  })),
  {
    title: 'reads an invoice that was recorded in 2023, paid with a trial at zero',
    given: [],
    when: recordedEvent('hookdeck-webhook-samples/invoice.paid.json').stripeEvent,
    then: {
      invoices: [
        {
          subscription: 'sub_1MhUT5E0b6fckueSYAo1LoiF',
          status: 'paid',
          total_minor: 0,
          billing_reason: 'subscription_create',
          paid_at: '2023-03-03T08:59:59.000Z',
        },
      ],
    },
  },
  {
    title: 'holds every invoice of a subscription',
    given: [draft(BASIL), paid(BASIL)],
    when: stripeEvent('invoice.created', invoice('in_2', BASIL), { after: 60 }),
    then: {
      invoices: [
        { id: 'in_1', status: 'paid' },
        { id: 'in_2', status: 'draft' },
      ],
    },
  },
  {
    title: 'begins with whichever event there is',
    given: [],
    when: withStatus('open', 5),
    then: { invoices: [{ status: 'open' }] },
  },
  {
    title: 'passes on a status that nobody knows yet',
    given: [withStatus('open', 5)],
    when: withStatus('in_arbitration', 6),
    then: { invoices: [{ status: 'in_arbitration' }] },
  },
  {
    title: 'follows a payment of what was written off',
    given: [withStatus('uncollectible', 5)],
    when: paid(BASIL),
    then: { invoices: [{ status: 'paid' }] },
  },
  {
    title: 'follows a credit note on a paid invoice',
    given: [paid(BASIL)],
    when: stripeEvent(
      'invoice.updated',
      invoice('in_1', BASIL, { ...paidInvoice, post_payment_credit_notes_amount: 500 }),
      { after: 20 },
    ),
    then: { invoices: [{ status: 'paid', post_payment_credit_notes_minor: 500 }] },
  },
  ...['draft', 'open', 'uncollectible'].map((stale): Scenario => ({
    title: `does not make a paid invoice ${stale} because of a stale snapshot`,
    given: [paid(BASIL)],
    when: withStatus(stale, 30),
    then: 'unchanged',
  })),
  ...['draft', 'open', 'uncollectible'].map((stale): Scenario => ({
    title: `does not make a void invoice ${stale} because of a stale snapshot`,
    given: [withStatus('void', 9)],
    when: withStatus(stale, 30),
    then: 'unchanged',
  })),
  {
    title: 'does not make an open invoice a draft again',
    given: [withStatus('open', 9)],
    when: withStatus('draft', 30),
    then: 'unchanged',
  },
  {
    title: 'does not open again what was written off',
    given: [withStatus('uncollectible', 9)],
    when: withStatus('open', 30),
    then: 'unchanged',
  },
  {
    title: 'opens a closed invoice again in versions before 2018-11-08, where closing was not final',
    given: [stripeEvent('invoice.updated', closed(true), { apiVersion: '2017-06-05' })],
    when: stripeEvent('invoice.updated', closed(false), { apiVersion: '2017-06-05', after: 60 }),
    then: { invoices: [{ status: 'open' }] },
  },
  {
    title: 'counts what was paid outside Stripe as paid, as new versions do',
    given: [draft(OLD)],
    when: stripeEvent(
      'invoice.paid',
      invoice('in_1', OLD, {
        status: 'paid',
        paid: true,
        paid_out_of_band: true,
        amount_paid: 0,
        amount_remaining: 1900,
      }),
      { after: 9, apiVersion: OLD },
    ),
    then: {
      invoices: [{ status: 'paid', amount_due_minor: 1900, amount_paid_minor: 1900, amount_remaining_minor: 0 }],
    },
  },
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `keeps the row of a draft that was deleted at ${apiVersion}, and says so`,
    given: [draft(apiVersion)],
    when: stripeEvent('invoice.deleted', invoice('in_1', apiVersion), { id: 'evt_deleted', after: 60, apiVersion }),
    then: {
      invoices: [
        {
          ...whole,
          is_deleted: true,
          stripe_event_id: 'evt_deleted',
          stripe_event_type: 'invoice.deleted',
          stripe_event_created: '2026-01-01T00:01:00.000Z',
        },
      ],
    },
  })),
  {
    title: 'does not revive a deleted draft',
    given: [
      draft(BASIL),
      stripeEvent('invoice.deleted', { id: 'in_1', object: 'invoice', deleted: true }, { after: 60 }),
    ],
    when: withStatus('open', 90),
    then: 'unchanged',
  },
  {
    title: 'leaves an invoice alone when an invoice item of its subscription is deleted',
    given: [draft(BASIL)],
    when: stripeEvent('invoiceitem.deleted', { id: 'in_1', object: 'invoiceitem' }, { after: 60 }),
    then: 'unchanged',
  },
  ...[
    ['its event says so', { previous: { status: 'paid', amount_paid: 1900 } }, 1],
    ['another attempt to collect it says so', {}, 2],
  ].map(([title, envelope, attempts]) => ({
    title: `opens a paid invoice again when ${String(title)}`,
    given: [paid(BASIL)],
    when: stripeEvent('invoice.updated', invoice('in_1', BASIL, { status: 'open', attempt_count: attempts }), {
      id: 'evt_reopened',
      after: 60,
      ...(envelope as object),
    }),
    then: { invoices: [{ status: 'open', stripe_event_id: 'evt_reopened' }] },
  })),
  {
    title: 'opens it in the second in which it was paid, too',
    given: [paid(BASIL)],
    when: stripeEvent('invoice.updated', invoice('in_1', BASIL, { status: 'open', attempt_count: 1 }), {
      id: 'evt_reopened',
      after: 9,
      previous: { status: 'paid' },
    }),
    then: { invoices: [{ status: 'open', stripe_event_id: 'evt_reopened' }] },
  },
];

function closed(isClosed: boolean) {
  return {
    id: 'in_1',
    object: 'invoice',
    currency: 'usd',
    subtotal: 100,
    total: 100,
    amount_due: 100,
    paid: false,
    forgiven: false,
    closed: isClosed,
    attempted: true,
  };
}
