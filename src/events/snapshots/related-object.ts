import { Fields } from '../fields.js';
import { field } from '../json.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** Stripe's names of objects that no read model shows, and that belong to a payment, a subscription, an invoice or a customer. */
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

/** An object of which we only say what it belongs to: a review of a payment, a quote that became a subscription, a customer's tax id, … */
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
  /** Whose it was until this event: what is taken away names nobody any more. */
  formerCustomer: string | null;
  /** What a mandate, or a setup intent, is about. */
  paymentMethod: string | null;
  /** What a movement of a customer's credit belongs to; only the grant names the customer. */
  creditGrant: string | null;
  testClock: string | null;
  /** How late it is on a test clock; null of all else. */
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
    // A tax id may belong to an account, and then has an owner beside or instead of a customer.
    customer: related.idOrNull('customer') ?? related.hashOrNull('owner')?.idOrNull('customer') ?? null,
    formerCustomer: former.idOrNull('customer'),
    paymentMethod: related.idOrNull('payment_method'),
    creditGrant: related.idOrNull('credit_grant'),
    testClock: related.idOrNull('test_clock'),
    frozenAt: related.timeOrNull('frozen_time'),
    ...originOf(stripeEvent),
  };
}
