import { Fields } from '../fields.js';
import { subscriptionOf } from '../identity.js';
import { field } from '../json.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/**
 * An object was deleted. Its last snapshot looks like that of a living one, or is `{ id, deleted: true }` alone, so that
 * the deletion is a kind of its own. (A subscription is never deleted: its last status is `canceled`.)
 */
export type Deletion = Readonly<{
  kind: 'deletion';
  /** Stripe's name of the object: `customer`, `invoice`, `invoiceitem`, `price`, `discount`, … */
  object: string;
  /** Null for discounts before 2020-08-27, which are named by customer and subscription. */
  id: string | null;
  customer: string | null;
  subscription: string | null;
  /** What an invoice item was for. */
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
