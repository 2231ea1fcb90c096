import {
  BASIL,
  charge,
  creditNote,
  customer,
  invoice,
  invoicePayment,
  OLD,
  paidInvoice,
  paymentIntent,
  refund,
  stripeEvent,
} from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const time = (after: number): string => new Date((START + after) * 1000).toISOString();
const transitions = (more: Record<string, number | null> = {}) => ({
  status_transitions: {
    finalized_at: START + 5,
    paid_at: null,
    voided_at: null,
    marked_uncollectible_at: null,
    ...more,
  },
});
const open = {
  status: 'open',
  starting_balance: -400,
  ending_balance: 0,
  amount_due: 1500,
  amount_remaining: 1500,
  ...transitions(),
};
const paidFields = { ...open, ...paidInvoice, starting_balance: -400, amount_due: 1500, amount_paid: 1500 };

/** A stage of the object as a row of the table. */
const stage = (object: string, name: string, after: number, amount: number, more: Record<string, unknown> = {}) => ({
  ...{ object, stage: name, ordinal: 1, at: time(after), amount_minor: amount, cumulative_minor: amount, ...more },
});

const both = (of: (apiVersion: string) => readonly Scenario[]): Scenario[] => [OLD, BASIL].flatMap(of);
const payout = (status: string) => ({
  ...{ id: 'po_1', object: 'payout', amount: 8515, currency: 'eur', status, automatic: true, created: START },
  ...{ arrival_date: START + 86_400, balance_transaction: 'txn_1' },
});
const item = {
  id: 'ii_1',
  object: 'invoiceitem',
  amount: 4000,
  currency: 'eur',
  customer: 'cus_1',
  invoice: null,
  date: START,
};

const ofInvoices = both((apiVersion) => {
  const told = (type: string, fields: Record<string, unknown>, after: number, previous?: object) =>
    stripeEvent(`invoice.${type}`, invoice('in_1', apiVersion, fields), {
      ...{ apiVersion, after, id: `evt_${type}_${after}` },
      ...(previous === undefined ? {} : { previous }),
    });
  // Before basil, a paid invoice without a charge was paid outside Stripe.
  const paid = { ...paidFields, ...(apiVersion === OLD ? { charge: 'ch_1' } : {}) };
  const finalized = told('finalized', open, 5);
  return [
    {
      title: `knows when an invoice was finalised, and what the balance paid of it, at ${apiVersion}`,
      given: [told('created', {}, 0)],
      when: finalized,
      then: {
        milestones: [
          stage('in_1', 'finalized', 5, 1900, {
            kind: 'invoice',
            customer: 'cus_1',
            invoice: 'in_1',
            stripe_event_id: 'evt_finalized_5',
          }),
          stage('in_1', 'balance', 5, 400),
        ],
      },
    },
    {
      title: `knows when it was paid, and names the first event that shows it, at ${apiVersion}`,
      given: [finalized, told('payment_succeeded', paid, 11)],
      when: told('paid', paid, 10),
      then: {
        milestones: [
          stage('in_1', 'finalized', 5, 1900),
          stage('in_1', 'balance', 5, 400),
          stage('in_1', 'paid', 9, 1500, { stripe_event_id: 'evt_paid_10' }),
        ],
      },
    },
    {
      title: `knows that it was opened again, and paid again, at ${apiVersion}`,
      given: [
        finalized,
        told('paid', paid, 10),
        told('updated', { ...open, attempt_count: 1 }, 20, { status: 'paid', amount_paid: 1500 }),
      ],
      when: told('paid', { ...paid, attempt_count: 2, ...transitions({ paid_at: START + 30 }) }, 30),
      then: {
        milestones: [
          stage('in_1', 'finalized', 5, 1900),
          stage('in_1', 'balance', 5, 400),
          stage('in_1', 'paid', 9, 1500),
          stage('in_1', 'reopened', 20, 1500, { cumulative_minor: 0 }),
          stage('in_1', 'paid', 30, 1500, { ordinal: 2 }),
        ],
      },
    },
    {
      title: `is not opened again by a stale snapshot at ${apiVersion}`,
      given: [finalized, told('paid', paid, 10)],
      when: told('sent', open, 20),
      then: 'unchanged',
    },
    {
      title: `knows when it was written off and void at ${apiVersion}`,
      given: [
        finalized,
        told(
          'marked_uncollectible',
          { ...open, status: 'uncollectible', ...transitions({ marked_uncollectible_at: START + 20 }) },
          20,
        ),
      ],
      when: told(
        'voided',
        { ...open, status: 'void', ...transitions({ marked_uncollectible_at: START + 20, voided_at: START + 30 }) },
        31,
      ),
      then: {
        milestones: [
          stage('in_1', 'finalized', 5, 1900),
          stage('in_1', 'balance', 5, 400),
          stage('in_1', 'uncollectible', 20, 0),
          stage('in_1', 'void', 30, 0),
        ],
      },
    },
  ];
});

const ofPayments = both((apiVersion) => [
  {
    title: `knows what a charge captured in steps, at ${apiVersion}`,
    given: [
      stripeEvent('charge.captured', charge('ch_1', apiVersion, { amount_captured: 1000 }), { apiVersion, after: 1 }),
    ],
    when: stripeEvent('charge.captured', charge('ch_1', apiVersion), { apiVersion, after: 2 }),
    then: {
      milestones: [
        stage('ch_1', 'captured', 1, 1000, { kind: 'charge', payment: 'ch_1' }),
        stage('ch_1', 'captured', 2, 900, { ordinal: 2, cumulative_minor: 1900 }),
      ],
    },
  },
  {
    title: `knows what it gave back in all, and that it failed after all, at ${apiVersion}`,
    given: [stripeEvent('charge.succeeded', charge('ch_1', apiVersion), { apiVersion, after: 1 })],
    when: stripeEvent('charge.refunded', charge('ch_1', apiVersion, { amount_refunded: 500, payment_intent: 'pi_1' }), {
      apiVersion,
      after: 9,
    }),
    then: { milestones: [stage('ch_1', 'captured', 1, 1900), stage('ch_1', 'refunded', 9, 500, { payment: 'pi_1' })] },
  },
  {
    title: `knows what a payment intent received at ${apiVersion}`,
    given: [stripeEvent('payment_intent.created', paymentIntent('pi_1', apiVersion), { apiVersion })],
    when: stripeEvent(
      'payment_intent.succeeded',
      paymentIntent('pi_1', apiVersion, { status: 'succeeded', amount_received: 1900, latest_charge: 'ch_1' }),
      { apiVersion, after: 7 },
    ),
    then: {
      milestones: [stage('pi_1', 'captured', 7, 1900, { kind: 'payment_intent', payment: 'pi_1', other: 'ch_1' })],
    },
  },
  {
    title: `counts a refund once, and knows that it failed, at ${apiVersion}`,
    given: [
      stripeEvent('refund.created', refund('re_1'), { apiVersion }),
      stripeEvent('charge.refund.updated', refund('re_1'), { apiVersion, after: 1 }),
    ],
    when: stripeEvent('refund.failed', refund('re_1', { status: 'failed' }), { apiVersion, after: 9 }),
    then: {
      milestones: [
        stage('re_1', 'made', 0, 500, { kind: 'refund', payment: 'ch_1', other: 'ch_1' }),
        stage('re_1', 'failed', 9, 500),
      ],
    },
  },
  {
    title: `knows no refund that was first seen when it had failed, at ${apiVersion}`,
    given: [],
    when: stripeEvent('refund.failed', refund('re_1', { status: 'failed' }), { apiVersion, after: 9 }),
    then: 'unchanged',
  },
  {
    title: `knows when a credit note was issued, what it gave to the balance, and that it was voided, at ${apiVersion}`,
    given: [
      stripeEvent(
        'credit_note.created',
        creditNote('cn_1', { type: 'post_payment', customer_balance_transaction: 'cbtxn_1' }),
        { apiVersion },
      ),
    ],
    when: stripeEvent(
      'credit_note.voided',
      creditNote('cn_1', {
        type: 'post_payment',
        customer_balance_transaction: 'cbtxn_1',
        status: 'void',
        voided_at: START + 9,
      }),
      { apiVersion, after: 10 },
    ),
    then: {
      milestones: [
        stage('cn_1', 'issued', 0, 500, { kind: 'credit_note', invoice: 'in_1' }),
        stage('cn_1', 'credited', 0, -500),
        stage('cn_1', 'void', 9, -500),
      ],
    },
  },
  {
    title: `knows a payout on its way, arrived and come back, at ${apiVersion}`,
    given: [
      stripeEvent('payout.created', payout('in_transit'), { apiVersion }),
      stripeEvent('payout.paid', payout('paid'), { apiVersion, after: 86_500 }),
    ],
    when: stripeEvent('payout.failed', payout('failed'), { apiVersion, after: 90_000 }),
    then: {
      milestones: [
        stage('po_1', 'created', 0, 8515, { kind: 'payout' }),
        stage('po_1', 'paid', 86_400, 8515),
        stage('po_1', 'failed', 90_000, 8515),
      ],
    },
  },
  {
    title: `knows what a customer's balance was before, and each of its changes, at ${apiVersion}`,
    given: [
      stripeEvent('customer.updated', customer('cus_1', { currency: 'eur', balance: -1500 }), {
        apiVersion,
        after: 1,
        previous: { balance: -1000 },
      }),
    ],
    when: stripeEvent('customer.updated', customer('cus_1', { currency: 'eur', balance: 0 }), {
      apiVersion,
      after: 9,
      previous: { balance: -1500 },
    }),
    then: {
      milestones: [
        stage('cus_1', 'opening', 1, -1000, { kind: 'customer', customer: 'cus_1' }),
        stage('cus_1', 'balance', 1, -500, { cumulative_minor: -1500 }),
        stage('cus_1', 'balance', 9, 1500, { ordinal: 2, cumulative_minor: 0 }),
      ],
    },
  },
  {
    title: `knows an invoice item at ${apiVersion}`,
    given: [],
    when: stripeEvent('invoiceitem.created', item, { apiVersion, after: 1 }),
    then: { milestones: [stage('ii_1', 'created', 0, 4000, { kind: 'invoiceitem' })] },
  },
  {
    title: `knows that it was deleted at ${apiVersion}`,
    given: [stripeEvent('invoiceitem.created', item, { apiVersion, after: 1 })],
    when: stripeEvent(
      'invoiceitem.deleted',
      { id: 'ii_1', object: 'invoiceitem', deleted: true },
      { apiVersion, after: 9 },
    ),
    then: { milestones: [stage('ii_1', 'created', 0, 4000), stage('ii_1', 'deleted', 9, 4000)] },
  },
]);

export const milestonesScenarios: readonly Scenario[] = [
  ...ofInvoices,
  ...ofPayments,
  {
    title: 'knows when a payment was laid to an invoice, and taken off it',
    given: [
      stripeEvent(
        'invoice_payment.paid',
        invoicePayment('inpay_1', {
          status: 'paid',
          amount_paid: 1900,
          status_transitions: { paid_at: START + 9, canceled_at: null },
        }),
        { after: 9 },
      ),
    ],
    when: stripeEvent(
      'invoice_payment.detached',
      invoicePayment('inpay_1', {
        status: 'paid',
        amount_paid: 1900,
        status_transitions: { paid_at: START + 9, canceled_at: null },
      }),
      { after: 20 },
    ),
    then: {
      milestones: [
        stage('inpay_1', 'paid', 9, 1900, { kind: 'invoice_payment', invoice: 'in_1', payment: 'pi_1' }),
        stage('inpay_1', 'unapplied', 20, 1900),
      ],
    },
  },
  {
    title: 'knows what was paid outside Stripe, and too much',
    given: [],
    when: stripeEvent(
      'invoice.paid',
      invoice('in_1', BASIL, {
        ...open,
        ...paidInvoice,
        starting_balance: 0,
        amount_due: 1900,
        amount_paid_off_stripe: 1900,
        amount_overpaid: 100,
      }),
      { after: 9 },
    ),
    then: {
      milestones: [
        stage('in_1', 'finalized', 5, 1900),
        stage('in_1', 'paid', 9, 1900),
        stage('in_1', 'external', 9, 1900),
        stage('in_1', 'overpaid', 9, 100),
      ],
    },
  },
  {
    title: 'knows a transfer, a fee and what was taken back of them',
    given: [
      stripeEvent('transfer.created', {
        id: 'tr_1',
        object: 'transfer',
        amount: 1000,
        amount_reversed: 0,
        currency: 'eur',
        source_transaction: 'ch_1',
        created: START,
      }),
    ],
    when: stripeEvent(
      'transfer.reversed',
      {
        id: 'tr_1',
        object: 'transfer',
        amount: 1000,
        amount_reversed: 300,
        currency: 'eur',
        source_transaction: 'ch_1',
        created: START,
      },
      { after: 9 },
    ),
    then: {
      milestones: [
        stage('tr_1', 'created', 0, 1000, { kind: 'transfer', payment: 'ch_1' }),
        stage('tr_1', 'reversed', 9, 300),
      ],
    },
  },
];
