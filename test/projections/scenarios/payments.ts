import { recordedEvent } from '../../fixtures/recorded-events.js';
import { BASIL, charge, DAHLIA, OLD, paymentIntent, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const succeeded = (apiVersion: string) =>
  stripeEvent('charge.succeeded', charge('ch_1', apiVersion, { payment_intent: 'pi_1' }), {
    id: 'evt_charge',
    apiVersion,
  });
const intent = (status: string, after: number, fields: object = {}) =>
  stripeEvent(`payment_intent.${status}`, paymentIntent('pi_1', BASIL, { status, ...fields }), {
    id: `evt_${status}_${after}`,
    after,
  });
const whole = {
  id: 'ch_1',
  object: 'charge',
  payment: 'pi_1',
  status: 'succeeded',
  customer: 'cus_1',
  currency: 'eur',
  amount_minor: 1900,
  amount_received_minor: 1900,
  amount_refunded_minor: 0,
  payment_method: 'pm_1',
  balance_transaction: 'txn_charge',
  failure_code: null,
  is_disputed: false,
  created_at: '2026-01-01T00:00:00.000Z',
  canceled_at: null,
  cancellation_reason: null,
  livemode: false,
  account: null,
  stripe_event_id: 'evt_charge',
  stripe_event_type: 'charge.succeeded',
  stripe_event_created: '2026-01-01T00:00:00.000Z',
};

export const paymentsScenarios: readonly Scenario[] = [
  ...[OLD, BASIL, DAHLIA].map((apiVersion) => ({
    title: `has the whole charge of ${apiVersion}, as a part of its intent's payment`,
    given: [],
    when: succeeded(apiVersion),
    then: { payments: [{ ...whole, api_version: apiVersion }] },
  })),
  {
    title: 'reads a refunded charge that was recorded in 2022',
    given: [],
    when: recordedEvent('supabase-stripe-sync-engine/charge.refunded.json').stripeEvent,
    then: {
      payments: [
        { id: 'ch_3Kl36gJDPojXS6LN0DCM4A8l', payment: 'pi_3Kl36gJDPojXS6LN02fQVtKR', amount_refunded_minor: 2500 },
      ],
    },
  },
  {
    title: 'makes a charge without an intent a payment of its own',
    given: [],
    when: stripeEvent('charge.succeeded', charge('ch_1', OLD), { apiVersion: OLD }),
    then: { payments: [{ id: 'ch_1', payment: 'ch_1' }] },
  },
  {
    title: 'follows an intent back to needing another method, and on to its end',
    given: [
      intent('requires_payment_method', 0),
      intent('processing', 1),
      intent('requires_payment_method', 2, { last_payment_error: { code: 'card_declined' } }),
    ],
    when: intent('succeeded', 3, { amount_received: 1900, latest_charge: 'ch_2' }),
    then: {
      payments: [
        {
          id: 'pi_1',
          payment: 'pi_1',
          status: 'succeeded',
          amount_received_minor: 1900,
          failure_code: null,
          stripe_event_id: 'evt_succeeded_3',
        },
      ],
    },
  },
  {
    title: 'says why an intent failed',
    given: [intent('processing', 1)],
    when: intent('requires_payment_method', 2, { last_payment_error: { code: 'card_declined' } }),
    then: { payments: [{ status: 'requires_payment_method', failure_code: 'card_declined' }] },
  },
  {
    title: 'does not take a payment back because of a stale snapshot',
    given: [intent('succeeded', 3)],
    when: intent('processing', 9),
    then: 'unchanged',
  },
  {
    title: 'does not revive a canceled intent',
    given: [intent('canceled', 3)],
    when: intent('requires_payment_method', 9),
    then: 'unchanged',
  },
  {
    title: 'does not make a charge pending again',
    given: [succeeded(BASIL)],
    when: stripeEvent('charge.pending', charge('ch_1', BASIL, { status: 'pending', paid: false }), { after: 5 }),
    then: 'unchanged',
  },
  {
    title: 'follows refunds of a charge, which are told as their sum',
    given: [succeeded(BASIL)],
    when: stripeEvent('charge.refunded', charge('ch_1', BASIL, { payment_intent: 'pi_1', amount_refunded: 500 }), {
      after: 5,
      previous: { amount_refunded: 0 },
    }),
    then: { payments: [{ status: 'succeeded', amount_refunded_minor: 500 }] },
  },
];
