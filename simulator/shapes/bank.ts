import type Stripe from 'stripe';
import type { Balance, Payout } from '../bank/bank.js';
import { feeMinor, netMinor, type BalanceTransaction } from '../bank/transactions.js';
import type { JsonObject, Shape, StripeObject } from '../json.js';
import { nulls, type View } from './view.js';

/** A balance transaction, or the dispute that moved it, as in Stripe's API. */
export function balanceTransactionShape(
  transaction: BalanceTransaction,
  status: 'pending' | 'available',
): StripeObject {
  const { id, type, category, source, description, currency } = transaction;
  return {
    id,
    object: 'balance_transaction',
    amount: transaction.amountMinor,
    available_on: transaction.availableAt,
    balance_type: 'payments',
    created: transaction.createdAt,
    currency,
    description,
    exchange_rate: transaction.exchangeRate,
    fee: feeMinor(transaction),
    fee_details: transaction.fees.map((fee) => ({
      amount: fee.amountMinor,
      application: null,
      currency,
      description: fee.description,
      type: fee.type,
    })),
    net: netMinor(transaction),
    reporting_category: category,
    source,
    status,
    type,
  } satisfies Shape<Stripe.BalanceTransaction> & StripeObject;
}

export type PayoutState = Readonly<{
  status: 'in_transit' | 'paid' | 'failed';
  reconciliation: 'in_progress' | 'completed';
}>;

export function payoutShape(view: View, payout: Payout, { status, reconciliation }: PayoutState): StripeObject {
  const hasFailed = status === 'failed';
  return {
    id: payout.id,
    object: 'payout',
    amount: payout.amountMinor,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: payout.arrivesAt,
    automatic: true,
    balance_transaction: payout.transaction,
    created: payout.createdAt,
    currency: payout.currency,
    description: 'STRIPE PAYOUT',
    destination: 'ba_simulated0000000000000001',
    failure_balance_transaction: hasFailed ? (payout.failed?.transaction ?? null) : null,
    failure_code: hasFailed ? 'account_closed' : null,
    failure_message: hasFailed ? 'The bank account has been closed.' : null,
    livemode: view.account.livemode,
    metadata: {},
    method: 'standard',
    ...nulls('original_payout', 'payout_method', 'reversed_by', 'statement_descriptor', 'trace_id'),
    reconciliation_status: reconciliation,
    source_type: 'card',
    status,
    type: 'bank_account',
  } satisfies Shape<Stripe.Payout> & StripeObject;
}

/** The account's balance, which has no id. */
export function balanceShape(view: View, { available, pending }: Balance): JsonObject {
  const amounts = (sums: ReadonlyMap<string, number>): JsonObject[] =>
    [...sums].map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }));
  return {
    object: 'balance',
    available: amounts(available),
    livemode: view.account.livemode,
    pending: amounts(pending),
  } satisfies Shape<Stripe.Balance>;
}
