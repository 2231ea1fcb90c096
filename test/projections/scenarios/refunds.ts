import { recordedEvent } from '../../fixtures/recorded-events.js';
import { BASIL, charge, creditNote, DAHLIA, OLD, refund, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const created = (apiVersion: string) =>
  stripeEvent('refund.created', refund('re_1', { status: 'pending', balance_transaction: null }), {
    id: 'evt_created',
    apiVersion,
  });
const told = (type: string, after: number, fields: object = {}) =>
  stripeEvent(type, refund('re_1', { ...fields }), { id: `evt_${type}_${after}`, after });
const whole = {
  id: 're_1',
  status: 'pending',
  amount_minor: 500,
  currency: 'eur',
  customer: null,
  charge: 'ch_1',
  payment_intent: null,
  balance_transaction: null,
  failure_balance_transaction: null,
  failure_reason: null,
  reason: 'requested_by_customer',
  created_at: '2026-01-01T00:00:00.000Z',
  livemode: false,
  account: null,
  stripe_event_id: 'evt_created',
  stripe_event_type: 'refund.created',
  stripe_event_created: '2026-01-01T00:00:00.000Z',
};
const listed = (...refunds: object[]) =>
  stripeEvent(
    'charge.refunded',
    charge('ch_1', OLD, { payment_intent: 'pi_1', refunds: { object: 'list', data: refunds } }),
    { id: `evt_charge_${refunds.length}`, after: refunds.length, apiVersion: OLD },
  );

export const refundsScenarios: readonly Scenario[] = [
  ...[OLD, BASIL].map((apiVersion) => ({
    title: `has the whole refund of ${apiVersion}`,
    given: [],
    when: created(apiVersion),
    then: { refunds: [{ ...whole, api_version: apiVersion }], refund_evidence: [] },
  })),
  {
    title: 'reads a refund that was recorded in 2023',
    given: [],
    when: recordedEvent('supabase-stripe-sync-engine/refund.created.json').stripeEvent,
    then: {
      refunds: [{ id: 're_1Nispe2eZvKYlo2Cd31jOCgZ', charge: 'ch_1NirD82eZvKYlo2CIvbtLWuY', amount_minor: 1000 }],
    },
  },
  {
    title: 'counts one change once, of which two Stripe events tell',
    given: [created(BASIL), told('charge.refund.updated', 5)],
    when: told('refund.updated', 5),
    then: {
      refunds: [
        { id: 're_1', status: 'succeeded', balance_transaction: 'txn_refund', stripe_event_id: 'evt_refund.updated_5' },
      ],
    },
  },
  {
    title: 'follows a refund that fails after it has succeeded',
    given: [told('refund.updated', 5)],
    when: told('refund.failed', 9, {
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
      failure_balance_transaction: 'txn_back',
    }),
    then: {
      refunds: [
        { status: 'failed', failure_reason: 'expired_or_canceled_card', failure_balance_transaction: 'txn_back' },
      ],
    },
  },
  {
    title: 'does not let a failed refund succeed because of a stale snapshot',
    given: [told('refund.failed', 9, { status: 'failed' })],
    when: told('refund.updated', 20),
    then: 'unchanged',
  },
  {
    title: 'keeps what an old charge lists of refunds as evidence, each once',
    given: [listed(refund('re_1'))],
    when: listed(refund('re_1'), refund('re_2', { amount: 300 })),
    then: {
      refunds: [],
      refund_evidence: [
        {
          refund: 're_1',
          source: 'ch_1',
          source_object: 'charge',
          status: 'succeeded',
          amount_minor: 500,
          currency: 'eur',
          charge: 'ch_1',
          payment_intent: 'pi_1',
          invoice: null,
          balance_transaction: 'txn_refund',
          stripe_event_id: 'evt_charge_2',
        },
        { refund: 're_2', source: 'ch_1', amount_minor: 300 },
      ],
    },
  },
  {
    title: 'keeps the evidence of a charge when a newer API version no longer lists refunds',
    given: [listed(refund('re_1'))],
    when: stripeEvent(
      'charge.refunded',
      charge('ch_1', DAHLIA, { refunds: { object: 'list', data: [refund('re_2')] } }),
      { apiVersion: DAHLIA, after: 60 },
    ),
    then: { refund_evidence: [{ refund: 're_1' }, { refund: 're_2' }] },
  },
  {
    title: 'names a refund of 2013, which has no id, by the money that it moved',
    given: [],
    when: stripeEvent(
      'charge.refunded',
      {
        id: 'ch_1',
        object: 'charge',
        amount: 100,
        currency: 'usd',
        paid: true,
        amount_refunded: 40,
        refunds: [
          { amount: 40, currency: 'usd', created: 1_381_510_413, object: 'refund', balance_transaction: 'txn_1' },
        ],
      },
      { apiVersion: '2013-08-13' },
    ),
    then: { refund_evidence: [{ refund: 'txn_1', source: 'ch_1', amount_minor: 40, status: 'succeeded' }] },
  },
  {
    title: 'knows of the one refund that a credit note had before 2025-03-31.basil',
    given: [],
    when: stripeEvent('credit_note.created', creditNote('cn_1', { refund: 're_1' }), { apiVersion: OLD }),
    then: {
      refunds: [],
      refund_evidence: [
        {
          refund: 're_1',
          source: 'cn_1',
          source_object: 'credit_note',
          invoice: 'in_1',
          amount_minor: 500,
          status: null,
          charge: null,
          currency: 'eur',
        },
      ],
    },
  },
  {
    title: 'knows of the several refunds that a credit note may have since',
    given: [],
    when: stripeEvent(
      'credit_note.created',
      creditNote('cn_1', {
        refunds: [
          { refund: 're_1', amount_refunded: 300 },
          { refund: 're_2', amount_refunded: 200 },
        ],
      }),
    ),
    then: {
      refund_evidence: [
        { refund: 're_1', source: 'cn_1', amount_minor: 300 },
        { refund: 're_2', source: 'cn_1', amount_minor: 200 },
      ],
    },
  },
  {
    title:
      'knows of the share that is a refund of a mixed credit note of 2025-05-28.basil, though the refund is expanded',
    given: [],
    when: stripeEvent(
      'credit_note.created',
      creditNote('cn_1', {
        type: 'mixed',
        pre_payment_amount: 200,
        post_payment_amount: 300,
        refunds: [{ refund: refund('re_1'), amount_refunded: 300 }],
      }),
      { apiVersion: '2025-05-28.basil' },
    ),
    then: { refund_evidence: [{ refund: 're_1', source: 'cn_1', amount_minor: 300 }] },
  },
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `takes no refund from a credit note of ${apiVersion} that lowers what is due`,
    given: [told('refund.updated', 5)],
    when: stripeEvent(
      'credit_note.created',
      creditNote('cn_1', { type: 'pre_payment', refund: null, ...(apiVersion === OLD ? {} : { refunds: [] }) }),
      { apiVersion },
    ),
    then: 'unchanged' as const,
  })),
];
