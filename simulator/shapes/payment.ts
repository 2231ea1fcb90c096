import type Stripe from 'stripe';
import { isBasilOrLater } from '../api-version.js';
import { amountRefundedMinor } from '../amounts.js';
import type { Charge, Customer, Intent, PaymentMethod } from '../books.js';
import type { JsonObject, Shape, StripeObject } from '../json.js';
import { refundShape } from './money-back.js';
import { listShape, NO_ADDRESS, nulls, realTime, type View } from './view.js';

/** Fields of the `stripe` package's types that are newer than the versions rendered here. */
type NewerFields =
  | 'allowed_payment_method_types'
  | 'customer_account'
  | 'excluded_payment_method_types'
  | 'managed_payments'
  | 'payment_record';

const DECLINE_MESSAGES = {
  insufficient_funds: 'Your card has insufficient funds.',
  do_not_honor: 'Your card was declined.',
  expired_card: 'Your card has expired.',
} as const;

export function chargeShape(view: View, charge: Charge): StripeObject {
  const isPending = charge.isPending === true;
  const paid = charge.declineCode === null && !isPending;
  return {
    id: charge.id,
    object: 'charge',
    amount: charge.amountMinor,
    amount_captured: paid ? charge.amountMinor : 0,
    amount_refunded: amountRefundedMinor(charge),
    ...nulls('application', 'application_fee', 'application_fee_amount'),
    balance_transaction: charge.balanceTransaction,
    billing_details: billingDetails(charge.customer),
    calculated_statement_descriptor: 'NIMBUS SOFTWARE',
    captured: paid || isPending,
    created: realTime(view, charge.createdAt),
    currency: charge.currency,
    customer: charge.customer.id,
    description: charge.description,
    ...nulls('destination', 'dispute'),
    disputed: false,
    failure_balance_transaction: null,
    failure_code: charge.declineCode === null ? null : 'card_declined',
    failure_message: charge.declineCode === null ? null : DECLINE_MESSAGES[charge.declineCode],
    fraud_details: {},
    ...(isBasilOrLater(view.apiVersion) ? {} : { invoice: charge.invoice }),
    livemode: view.account.livemode,
    metadata: {},
    ...nulls('on_behalf_of', 'order'),
    outcome: outcome(view, charge),
    paid,
    payment_intent: charge.intent,
    payment_method: charge.paymentMethod.id,
    payment_method_details: { card: chargedCard(view, charge), type: 'card' },
    ...nulls('receipt_email', 'receipt_number'),
    receipt_url: paid ? `https://pay.stripe.com/receipts/invoices/${view.account.id}/${charge.id}?s=ap` : null,
    refunded: paid && amountRefundedMinor(charge) === charge.amountMinor,
    ...(isBasilOrLater(view.apiVersion)
      ? {}
      : {
          refunds: listShape(
            charge.refunds.map((refund) => refundShape(view, refund)),
            `/v1/charges/${charge.id}/refunds`,
            true,
          ),
        }),
    ...nulls('review', 'shipping', 'source', 'source_transfer', 'statement_descriptor', 'statement_descriptor_suffix'),
    status: isPending ? 'pending' : paid ? 'succeeded' : 'failed',
    ...nulls('transfer_data', 'transfer_group'),
  } satisfies Shape<Stripe.Charge> & StripeObject;
}

function outcome(view: View, charge: Charge): JsonObject {
  const declined = charge.declineCode !== null;
  return {
    ...(isBasilOrLater(view.apiVersion) ? nulls('advice_code', 'network_advice_code', 'network_decline_code') : {}),
    network_status: declined ? 'declined_by_network' : 'approved_by_network',
    reason: charge.declineCode,
    risk_level: 'normal',
    risk_score: charge.riskScore,
    seller_message: declined ? `The bank returned the decline code \`${charge.declineCode}\`.` : 'Payment complete.',
    type: declined ? 'issuer_declined' : 'authorized',
  };
}

function chargedCard(view: View, charge: Charge): JsonObject {
  const card = charge.paymentMethod;
  return {
    ...(isBasilOrLater(view.apiVersion) ? { amount_authorized: charge.amountMinor, authorization_code: null } : {}),
    brand: card.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: null },
    country: 'US',
    exp_month: card.expiresMonth,
    exp_year: card.expiresYear,
    fingerprint: card.fingerprint,
    funding: 'credit',
    installments: null,
    last4: card.last4,
    mandate: null,
    network: card.brand,
    three_d_secure: null,
    wallet: null,
  };
}

export function paymentIntentShape(view: View, intent: Intent): StripeObject {
  const charges = intent.latestCharge === null ? [] : [chargeShape(view, intent.latestCharge)];
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amountMinor,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: intent.status === 'succeeded' ? intent.amountMinor : 0,
    ...nulls(
      'application',
      'application_fee_amount',
      'automatic_payment_methods',
      'canceled_at',
      'cancellation_reason',
    ),
    capture_method: 'automatic',
    ...(view.apiVersion === '2020-08-27'
      ? { charges: listShape(charges, `/v1/charges?payment_intent=${intent.id}`, true) }
      : {}),
    client_secret: `${intent.id}_secret_${intent.secret}`,
    confirmation_method: 'automatic',
    created: realTime(view, intent.createdAt),
    currency: intent.currency,
    customer: intent.customer.id,
    description: intent.description,
    ...(isBasilOrLater(view.apiVersion) ? {} : { invoice: intent.invoice }),
    last_payment_error: lastPaymentError(intent),
    latest_charge: intent.latestCharge?.id ?? null,
    livemode: view.account.livemode,
    metadata: {},
    ...nulls(
      'next_action',
      'on_behalf_of',
      'payment_method_configuration_details',
      'processing',
      'receipt_email',
      'review',
    ),
    payment_method: intent.status === 'succeeded' ? intent.paymentMethod.id : null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    setup_future_usage: 'off_session',
    ...nulls(
      'shipping',
      'source',
      'statement_descriptor',
      'statement_descriptor_suffix',
      'transfer_data',
      'transfer_group',
    ),
    status: intent.status,
  } satisfies Omit<Shape<Stripe.PaymentIntent>, NewerFields> & StripeObject;
}

function lastPaymentError(intent: Intent): JsonObject | null {
  const charge = intent.latestCharge;
  if (charge === null || charge.declineCode === null) return null;
  return {
    charge: charge.id,
    code: 'card_declined',
    decline_code: charge.declineCode,
    doc_url: 'https://stripe.com/docs/error-codes/card-declined',
    message: DECLINE_MESSAGES[charge.declineCode],
    type: 'card_error',
  };
}

export function paymentMethodShape(view: View, method: PaymentMethod, customer: Customer): StripeObject {
  return {
    id: method.id,
    object: 'payment_method',
    billing_details: billingDetails(customer),
    card: {
      brand: method.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      exp_month: method.expiresMonth,
      exp_year: method.expiresYear,
      fingerprint: method.fingerprint,
      funding: 'credit',
      generated_from: null,
      last4: method.last4,
      networks: { available: [method.brand], preferred: null },
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: realTime(view, method.createdAt),
    customer: customer.id,
    livemode: view.account.livemode,
    metadata: {},
    type: 'card',
  };
}

function billingDetails(customer: Customer): JsonObject {
  return {
    address: { ...NO_ADDRESS, country: customer.country },
    email: customer.email,
    name: customer.name,
    phone: null,
  };
}
