import { recordedEvent } from '../../fixtures/recorded-events.js';
import { BASIL, invoice, invoicePayment, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const paid = stripeEvent(
  'invoice_payment.paid',
  invoicePayment('inpay_1', {
    status: 'paid',
    amount_paid: 1900,
    status_transitions: { paid_at: START + 9, canceled_at: null },
  }),
  { id: 'evt_paid', after: 9 },
);

const listing = (status: string) => ({
  payments: { object: 'list', data: [invoicePayment('inpay_1', { status })], has_more: false },
});

export const invoicePaymentsScenarios: readonly Scenario[] = [
  {
    title: 'ties a payment intent to an invoice',
    given: [],
    when: paid,
    then: {
      invoice_payments: [
        {
          id: 'inpay_1',
          invoice: 'in_1',
          status: 'paid',
          currency: 'eur',
          amount_requested_minor: 1900,
          amount_paid_minor: 1900,
          is_default: true,
          payment_intent: 'pi_1',
          charge: null,
          payment_record: null,
          created_at: '2026-01-01T00:00:00.000Z',
          paid_at: '2026-01-01T00:00:09.000Z',
          canceled_at: null,
          livemode: false,
          account: null,
          stripe_event_id: 'evt_paid',
          stripe_event_type: 'invoice_payment.paid',
          stripe_event_created: '2026-01-01T00:00:09.000Z',
          api_version: '2025-03-31.basil',
        },
      ],
    },
  },
  {
    title: 'reads the recorded one',
    given: [],
    when: recordedEvent('supabase-stripe-sync-engine/invoice_payment.paid.json').stripeEvent,
    then: {
      invoice_payments: [
        {
          invoice: 'in_103Q0w2eZvKYlo2C5PYwf6Wf',
          payment_intent: 'pi_103Q0w2eZvKYlo2C364X582Z',
          amount_paid_minor: 2000,
        },
      ],
    },
  },
  {
    title: 'does not take a payment back because of a stale snapshot',
    given: [paid],
    when: stripeEvent('invoice_payment.paid', invoicePayment('inpay_1'), { after: 20 }),
    then: 'unchanged',
  },
  ...[OLD, BASIL].map((apiVersion) => ({
    title: `has what an invoice lists, whichever version the event says it has (${apiVersion})`,
    given: [],
    when: stripeEvent('invoice.paid', invoice('in_1', apiVersion, listing('paid')), { apiVersion }),
    then: {
      invoice_payments: [],
      invoice_payment_evidence: [{ id: 'inpay_1', invoice: 'in_1', status: 'paid', payment_intent: 'pi_1' }],
    },
  })),
  ...['open', null].map((status) => ({
    title: `keeps what an invoice listed when it lists ${status === null ? 'none' : 'a stale one'} later`,
    given: [stripeEvent('invoice.paid', invoice('in_1', BASIL, listing('paid')), { apiVersion: BASIL })],
    when: stripeEvent('invoice.updated', invoice('in_1', BASIL, status === null ? {} : listing(status)), {
      apiVersion: BASIL,
      after: 9,
    }),
    then: 'unchanged' as const,
  })),
];
