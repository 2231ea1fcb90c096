import { Fields, type Metadata } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { discountsOf, type DiscountFacts } from './discount.js';
import { originOf, type Origin } from './origin.js';

/** A customer. `balanceMinor` is in `currency`; negative is the customer's credit. */
export type CustomerSnapshot = Readonly<{
  kind: 'customer';
  id: string;
  email: string | null;
  name: string | null;
  currency: string | null;
  balanceMinor: number;
  /** The balance before this event, where the event says that it changed. */
  formerBalanceMinor: number | null;
  isDelinquent: boolean;
  defaultPaymentMethod: string | null;
  discounts: readonly DiscountFacts[];
  metadata: Metadata | null;
  testClock: string | null;
  createdAt: string | null;
}> &
  Origin;

/** All entitlements of a customer: any that is not listed has ended. */
export type EntitlementsSnapshot = Readonly<{
  kind: 'entitlements';
  customer: string;
  entitlements: readonly Readonly<{ id: string; feature: string; lookupKey: string }>[];
  /** False when the customer has more entitlements than the event shows. */
  hasAllEntitlements: boolean;
}> &
  Origin;

export function customerSnapshot(stripeEvent: StripeEvent): CustomerSnapshot {
  const customer = new Fields(stripeEvent.data.object, 'customer');
  const { previous_attributes: previous } = stripeEvent.data;
  return {
    kind: 'customer',
    id: customer.id('id'),
    email: customer.textOrNull('email'),
    name: customer.textOrNull('name'),
    currency: customer.textOrNull('currency'),
    // `account_balance` before 2019-10-17.
    balanceMinor: customer.integerOrNull('balance', 'account_balance') ?? 0,
    formerBalanceMinor:
      previous === null
        ? null
        : new Fields(previous, 'previous_attributes').integerOrNull('balance', 'account_balance'),
    isDelinquent: customer.flag('delinquent', false),
    defaultPaymentMethod:
      customer.hashOrNull('invoice_settings')?.idOrNull('default_payment_method') ??
      customer.idOrNull('default_source', 'default_card'),
    discounts: discountsOf(customer),
    metadata: customer.metadataOrNull(),
    testClock: customer.idOrNull('test_clock'),
    createdAt: customer.timeOrNull('created'),
    ...originOf(stripeEvent),
  };
}

export function entitlementsSnapshot(stripeEvent: StripeEvent): EntitlementsSnapshot {
  const summary = new Fields(stripeEvent.data.object, 'entitlements.active_entitlement_summary');
  return {
    kind: 'entitlements',
    customer: summary.id('customer'),
    entitlements: summary.hashes('entitlements').map((entitlement) => ({
      id: entitlement.id('id'),
      feature: entitlement.id('feature'),
      lookupKey: entitlement.text('lookup_key'),
    })),
    hasAllEntitlements: !summary.isTruncated('entitlements'),
    ...originOf(stripeEvent),
  };
}
