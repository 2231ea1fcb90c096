import { Fields, type Metadata } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** A Checkout Session: links the buyer's actions to the objects they created. Minor units of `currency`. */
export type CheckoutSessionSnapshot = Readonly<{
  kind: 'checkout_session';
  id: string;
  /** `payment`, `setup` or `subscription`; null before 2019-05. */
  mode: string | null;
  status: string | null;
  paymentStatus: string | null;
  customer: string | null;
  /** As the buyer entered it, else the customer's. */
  email: string | null;
  subscription: string | null;
  invoice: string | null;
  paymentIntent: string | null;
  setupIntent: string | null;
  paymentLink: string | null;
  clientReferenceId: string | null;
  metadata: Metadata | null;
  currency: string | null;
  amountSubtotalMinor: number | null;
  amountTotalMinor: number | null;
  createdAt: string | null;
  expiresAt: string | null;
}> &
  Origin;

export function checkoutSessionSnapshot(stripeEvent: StripeEvent): CheckoutSessionSnapshot {
  const session = new Fields(stripeEvent.data.object, 'checkout.session');
  return {
    kind: 'checkout_session',
    id: session.id('id'),
    mode: session.textOrNull('mode'),
    status: session.textOrNull('status'),
    paymentStatus: session.textOrNull('payment_status'),
    customer: session.idOrNull('customer'),
    email: session.hashOrNull('customer_details')?.textOrNull('email') ?? session.textOrNull('customer_email'),
    subscription: session.idOrNull('subscription'),
    invoice: session.idOrNull('invoice'),
    paymentIntent: session.idOrNull('payment_intent'),
    setupIntent: session.idOrNull('setup_intent'),
    paymentLink: session.idOrNull('payment_link'),
    clientReferenceId: session.textOrNull('client_reference_id'),
    metadata: session.metadataOrNull(),
    currency: session.textOrNull('currency'),
    amountSubtotalMinor: session.integerOrNull('amount_subtotal'),
    amountTotalMinor: session.integerOrNull('amount_total'),
    createdAt: session.timeOrNull('created'),
    expiresAt: session.timeOrNull('expires_at'),
    ...originOf(stripeEvent),
  };
}
