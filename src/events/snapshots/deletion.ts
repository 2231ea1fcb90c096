import { Fields } from '../fields.js';
import { subscriptionOf } from '../identity.js';
import { field } from '../json.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/**
 * A deleted object. Its last snapshot looks like that of a living object, or is `{ id, deleted: true }` alone, so a
 * deletion is a kind of its own. (A subscription is never deleted: its last status is `canceled`.)
 */
export type Deletion = Readonly<{
  kind: 'deletion';
  /** Stripe's name of the object: `customer`, `invoice`, `invoiceitem`, `price`, `discount`, … */
  object: string;
  /** Null for discounts before 2020-08-27, which customer and subscription identify. */
  id: string | null;
  customer: string | null;
  subscription: string | null;
  /** The invoice that an invoice item belonged to. */
  invoice: string | null;
}> &
  Origin;

export function deletionSnapshot(stripeEvent: StripeEvent): Deletion {
  const { object } = stripeEvent.data;
  const fields = new Fields(object, String(field(object, 'object')));
  return {
    kind: 'deletion',
    object: fields.text('object'),
    id: fields.idOrNull('id'),
    customer: fields.idOrNull('customer') ?? fields.hashOrNull('owner')?.idOrNull('customer') ?? null,
    subscription: subscriptionOf(object),
    invoice: fields.idOrNull('invoice'),
    ...originOf(stripeEvent),
  };
}
