import { Fields } from '../fields.js';
import { field } from '../json.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** Stripe's names of objects without a read model that belong to a payment, subscription, invoice or customer. */
const names = new Set([
  'radar.early_fraud_warning',
  'review',
  'quote',
  'setup_intent',
  'mandate',
  'tax_id',
  'bank_account',
  'source',
  'customer_cash_balance_transaction',
  'billing.credit_grant',
  'billing.credit_balance_transaction',
  'test_helpers.test_clock',
]);

/** An object of which only its links are kept: a payment's review, a subscription's quote, a customer's tax id, … */
export type RelatedObjectSnapshot = Readonly<{
  kind: 'related_object';
  /** Stripe's name of the object: `review`, `quote`, … */
  object: string;
  id: string;
  subscription: string | null;
  invoice: string | null;
  charge: string | null;
  paymentIntent: string | null;
  customer: string | null;
  /** The customer until this event: a detached object no longer names one. */
  formerCustomer: string | null;
  /** The payment method of a mandate or a setup intent. */
  paymentMethod: string | null;
  /** The grant of a credit balance transaction; only the grant names the customer. */
  creditGrant: string | null;
  testClock: string | null;
  /** The current time of a test clock; null for other objects. */
  frozenAt: string | null;
}> &
  Origin;

export function isRelatedObject(name: string): boolean {
  return names.has(name);
}

export function relatedObjectSnapshot(stripeEvent: StripeEvent): RelatedObjectSnapshot {
  const name = String(field(stripeEvent.data.object, 'object'));
  const related = new Fields(stripeEvent.data.object, name);
  const former = new Fields(stripeEvent.data.previous_attributes ?? {}, 'previous_attributes');
  return {
    kind: 'related_object',
    object: name,
    id: related.id('id'),
    subscription: related.idOrNull('subscription'),
    invoice: related.idOrNull('invoice'),
    charge: related.idOrNull('charge'),
    paymentIntent: related.idOrNull('payment_intent'),
    // A tax id may belong to an account; then it has an owner beside or instead of a customer.
    customer: related.idOrNull('customer') ?? related.hashOrNull('owner')?.idOrNull('customer') ?? null,
    formerCustomer: former.idOrNull('customer'),
    paymentMethod: related.idOrNull('payment_method'),
    creditGrant: related.idOrNull('credit_grant'),
    testClock: related.idOrNull('test_clock'),
    frozenAt: related.timeOrNull('frozen_time'),
    ...originOf(stripeEvent),
  };
}
