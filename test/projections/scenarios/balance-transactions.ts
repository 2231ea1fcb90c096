import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const transaction = {
  id: 'txn_1',
  object: 'balance_transaction',
  amount: 3300,
  available_on: 1767398400,
  created: 1767225600,
  currency: 'usd',
  description: null,
  exchange_rate: 1.1,
  fee: 126,
  fee_details: [
    { amount: 115, application: null, currency: 'usd', description: 'Stripe processing fees', type: 'stripe_fee' },
    { amount: 11, application: null, currency: 'usd', description: 'VAT', type: 'tax' },
  ],
  net: 3174,
  source: 'ch_1',
  status: 'pending',
  type: 'charge',
};
const observed = (fields: object, apiVersion: string, after = 0) =>
  stripeEvent(
    'ledger.balance_transaction.observed',
    { ...transaction, ...fields },
    { id: `evt_${after}`, apiVersion, after },
  );
const row = {
  id: 'txn_1',
  type: 'charge',
  reporting_category: 'charge',
  source: 'ch_1',
  amount_minor: 3300,
  fee_minor: 126,
  net_minor: 3174,
  currency: 'usd',
  exchange_rate: '1.1',
  fee_details: [
    { type: 'stripe_fee', amountMinor: 115, currency: 'usd' },
    { type: 'tax', amountMinor: 11, currency: 'usd' },
  ],
  available_on: '2026-01-03T00:00:00.000Z',
  created_at: '2026-01-01T00:00:00.000Z',
};

export const balanceTransactionsScenarios: readonly Scenario[] = [
  {
    title: 'has what moved, its fees and its rate',
    given: [],
    when: observed({ reporting_category: 'charge' }, DAHLIA),
    then: { balance_transactions: [row] },
  },
  {
    title: 'takes the type for the category that old versions do not tell',
    given: [],
    when: observed({}, OLD),
    then: { balance_transactions: [row] },
  },
];
