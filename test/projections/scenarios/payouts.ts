import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const payout = (type: string, fields: object, { apiVersion = DAHLIA, after = 0 } = {}) =>
  stripeEvent(
    type,
    {
      id: 'po_1',
      object: 'payout',
      amount: 12505,
      arrival_date: 1767398400,
      automatic: true,
      balance_transaction: 'txn_4',
      created: 1767225600,
      currency: 'usd',
      failure_balance_transaction: null,
      status: 'in_transit',
      ...fields,
    },
    { id: `evt_${type}`, apiVersion, after },
  );
/** A page of a payout's transactions, under the name and id with which it is recorded. */
const page = (id: string, ids: readonly string[], apiVersion: string) =>
  stripeEvent(
    'ledger.payout_transactions.observed',
    { object: 'payout_transactions', id, data: ids.map((one) => ({ id: one, object: 'balance_transaction' })) },
    { id: `evt_${id}`, apiVersion },
  );

export const payoutsScenarios: readonly Scenario[] = [
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `has the payout of ${apiVersion}`,
    given: [],
    when: payout('payout.created', {}, { apiVersion }),
    then: {
      payouts: [
        {
          id: 'po_1',
          status: 'in_transit',
          amount_minor: 12505,
          currency: 'usd',
          is_automatic: true,
          reconciliation_status: null,
          balance_transaction: 'txn_4',
          failure_balance_transaction: null,
          arrives_at: '2026-01-03T00:00:00.000Z',
          created_at: '2026-01-01T00:00:00.000Z',
        },
      ],
      payout_transactions: [],
    },
  })),
  {
    title: 'may fail after it was paid, and stays so',
    given: [payout('payout.failed', { status: 'failed', failure_balance_transaction: 'txn_5' }, { after: 60 })],
    when: payout('payout.paid', { status: 'paid', reconciliation_status: 'completed' }, { after: 30 }),
    then: 'unchanged',
  },
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `has what Stripe says went out with it (${apiVersion})`,
    given: [],
    when: page('po_1', ['txn_1', 'txn_4'], apiVersion),
    then: {
      payout_transactions: [
        { payout: 'po_1', id: 'txn_1' },
        { payout: 'po_1', id: 'txn_4' },
      ],
    },
  })),
  {
    title: 'puts further pages beside the first',
    given: [page('po_1', ['txn_1'], DAHLIA)],
    when: page('po_1:txn_1', ['txn_4'], DAHLIA),
    then: {
      payout_transactions: [
        { payout: 'po_1', id: 'txn_1' },
        { payout: 'po_1', id: 'txn_4' },
      ],
    },
  },
];
