import { Fields } from '../fields.js';
import { field, isJsonObject } from '../json.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** A payment method, or a card from before payment methods existed. Fields that a type does not have are null. */
export type PaymentMethodSnapshot = Readonly<{
  kind: 'payment_method';
  /** `payment_method` or `card`. */
  object: string;
  id: string;
  /** `card`, `sepa_debit`, `us_bank_account`, … */
  type: string;
  /** Null once it is detached. */
  customer: string | null;
  /** The customer until this event: a detached payment method no longer names one. */
  formerCustomer: string | null;
  brand: string | null;
  last4: string | null;
  expMonth: number | null;
  expYear: number | null;
  country: string | null;
  wallet: string | null;
  createdAt: string | null;
}> &
  Origin;

export function paymentMethodSnapshot(stripeEvent: StripeEvent): PaymentMethodSnapshot {
  const { object } = stripeEvent.data;
  const name = String(field(object, 'object'));
  const method = new Fields(object, name);
  const former = new Fields(stripeEvent.data.previous_attributes ?? {}, 'previous_attributes');
  const type = method.textOrNull('type') ?? 'card';
  // A card has these fields itself; a payment method has them under the name of its type.
  const details = name === 'card' || !isJsonObject(field(object, type)) ? method : (method.hashOrNull(type) ?? method);
  return {
    kind: 'payment_method',
    object: name,
    id: method.id('id'),
    type,
    customer: method.idOrNull('customer'),
    formerCustomer: former.idOrNull('customer'),
    brand: details.textOrNull('brand'),
    last4: details.textOrNull('last4'),
    expMonth: details.integerOrNull('exp_month'),
    expYear: details.integerOrNull('exp_year'),
    country: details.textOrNull('country'),
    wallet: details === method ? null : (details.hashOrNull('wallet')?.textOrNull('type') ?? null),
    createdAt: method.timeOrNull('created'),
    ...originOf(stripeEvent),
  };
}
