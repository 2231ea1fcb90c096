import type Stripe from 'stripe';
import { failureOf } from '../amounts.js';
import { isBasilOrLater } from '../api-version.js';
import { transactionOf } from '../bank/transactions.js';
import type { Dispute, DisputeEntry, Refund } from '../books.js';
import type { JsonObject, Shape, StripeObject } from '../json.js';
import { balanceTransactionShape } from './bank.js';
import { nulls, realTime, type View } from './view.js';

export function refundShape(view: View, refund: Refund): StripeObject {
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amountMinor,
    balance_transaction: refund.balanceTransaction,
    charge: refund.charge,
    created: realTime(view, refund.createdAt),
    currency: refund.currency,
    destination_details: { card: { reference: null, reference_status: 'pending', type: 'refund' }, type: 'card' },
    ...(refund.status === 'failed'
      ? { failure_balance_transaction: failureOf(refund), failure_reason: 'lost_or_stolen_card' }
      : {}),
    metadata: {},
    payment_intent: refund.intent,
    reason: refund.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: refund.status,
    transfer_reversal: null,
  } satisfies Omit<Shape<Stripe.Refund>, 'customer' | 'customer_account' | 'payment_method'> & StripeObject;
}

const RESPONSE_TIME_S = 9 * 24 * 3600;

export function disputeShape(view: View, dispute: Dispute): StripeObject {
  const { charge } = dispute;
  return {
    id: dispute.id,
    object: 'dispute',
    amount: charge.amountMinor,
    ...(isBasilOrLater(view.apiVersion) ? {} : { balance_transaction: dispute.entries[0]?.id ?? null }),
    balance_transactions: dispute.entries.map((entry) => entryShape(view, dispute, entry)),
    charge: charge.id,
    created: realTime(view, dispute.createdAt),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: nulls(
      'access_activity_log',
      'cancellation_rebuttal',
      'customer_email_address',
      'customer_name',
      'product_description',
      'receipt',
      'service_date',
      'uncategorized_text',
    ),
    evidence_details: {
      due_by: realTime(view, dispute.createdAt) + RESPONSE_TIME_S,
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    is_charge_refundable: dispute.status.startsWith('warning'),
    livemode: view.account.livemode,
    metadata: {},
    payment_intent: charge.intent,
    payment_method_details: { card: { brand: charge.paymentMethod.brand, network_reason_code: '10.4' }, type: 'card' },
    reason: dispute.reason,
    status: dispute.status,
  } satisfies Omit<Shape<Stripe.Dispute>, 'intended_submission_method'> & StripeObject;
}

function entryShape(view: View, dispute: Dispute, entry: DisputeEntry): JsonObject {
  const { id: charge, currency } = dispute.charge;
  const transaction = transactionOf({
    transaction: entry.id,
    kind: entry.amountMinor < 0 ? 'dispute' : 'dispute_reversal',
    source: dispute.id,
    charge,
    currency,
    amountMinor: entry.amountMinor,
    feeMinor: entry.feeMinor,
    at: realTime(view, entry.createdAt),
  });
  const { balance_type: _, ...shown } = balanceTransactionShape(transaction, 'available');
  return shown;
}
