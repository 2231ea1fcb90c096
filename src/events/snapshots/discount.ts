import { Fields, type Metadata } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** What a coupon takes off. `percentOff` is a decimal as text; money in minor units of `currency`. */
export type CouponTerms = Readonly<{
  percentOff: string | null;
  amountOffMinor: number | null;
  currency: string | null;
  /** `once`, `repeating` or `forever`. */
  duration: string | null;
  durationInMonths: number | null;
  /** The products that it applies to; null: all, or not shown. */
  products: readonly string[] | null;
}>;

/** A discount as shown: since 2020-08-27 often only its id, since 2025-09-30.clover without the coupon's terms. */
export type DiscountFacts = Readonly<{
  /** Null before 2020-08-27, when discounts had no id. */
  id: string | null;
  coupon: string | null;
  terms: CouponTerms | null;
  promotionCode: string | null;
  startsAt: string | null;
  endsAt: string | null;
}>;

/** A discount on a customer, or on a subscription, item or invoice of the customer. */
export type DiscountSnapshot = Readonly<{
  kind: 'discount';
  customer: string | null;
  subscription: string | null;
  subscriptionItem: string | null;
  invoice: string | null;
}> &
  DiscountFacts &
  Origin;

/** A coupon; since 2025-09-30.clover the only source of a discount's terms. */
export type CouponSnapshot = Readonly<{
  kind: 'coupon';
  id: string;
  name: string | null;
  terms: CouponTerms;
  /** Whether it may still be redeemed. */
  isValid: boolean | null;
  timesRedeemed: number | null;
  maxRedemptions: number | null;
  redeemBy: string | null;
  metadata: Metadata | null;
  createdAt: string | null;
}> &
  Origin;

export function discountSnapshot(stripeEvent: StripeEvent): DiscountSnapshot {
  const discount = new Fields(stripeEvent.data.object, 'discount');
  return {
    kind: 'discount',
    ...discountFacts(discount),
    customer: discount.idOrNull('customer'),
    subscription: discount.idOrNull('subscription'),
    subscriptionItem: discount.idOrNull('subscription_item'),
    invoice: discount.idOrNull('invoice'),
    ...originOf(stripeEvent),
  };
}

export function couponSnapshot(stripeEvent: StripeEvent): CouponSnapshot {
  const coupon = new Fields(stripeEvent.data.object, 'coupon');
  return {
    kind: 'coupon',
    id: coupon.id('id'),
    name: coupon.textOrNull('name'),
    terms: termsOf(coupon),
    isValid: coupon.has('valid') ? coupon.flag('valid', false) : null,
    timesRedeemed: coupon.integerOrNull('times_redeemed'),
    maxRedemptions: coupon.integerOrNull('max_redemptions'),
    redeemBy: coupon.timeOrNull('redeem_by'),
    metadata: coupon.metadataOrNull(),
    createdAt: coupon.timeOrNull('created'),
    ...originOf(stripeEvent),
  };
}

/** Reads `discounts` (ids or objects, since 2020) and the single `discount` of versions up to 2025-03-31.basil. */
export function discountsOf(object: Fields): DiscountFacts[] {
  const several = object.references('discounts');
  const single = object.expandedOrNull('discount');
  const known = single && discountFacts(single);
  if (several.length === 0) return known === null ? [] : [known];
  return several.map((discount) =>
    typeof discount !== 'string'
      ? discountFacts(discount)
      : known?.id === discount
        ? known
        : { ...unknownDiscount, id: discount },
  );
}

/** A discount without any known field. */
export const unknownDiscount: DiscountFacts = {
  id: null,
  coupon: null,
  terms: null,
  promotionCode: null,
  startsAt: null,
  endsAt: null,
};

/** The coupon is a field of the discount until 2025-09-30.clover, then of its `source`. */
function discountFacts(discount: Fields): DiscountFacts {
  const holder = discount.hashOrNull('source') ?? discount;
  const coupon = holder.expandedOrNull('coupon');
  return {
    id: discount.idOrNull('id'),
    coupon: holder.idOrNull('coupon'),
    terms: coupon && termsOf(coupon),
    promotionCode: discount.idOrNull('promotion_code'),
    startsAt: discount.timeOrNull('start'),
    endsAt: discount.timeOrNull('end'),
  };
}

function productsOf(coupon: Fields): readonly string[] | null {
  const appliesTo = coupon.hashOrNull('applies_to');
  return appliesTo?.has('products')
    ? appliesTo.references('products').flatMap((one) => (typeof one === 'string' ? one : (one.idOrNull('id') ?? [])))
    : null;
}

function termsOf(coupon: Fields): CouponTerms {
  return {
    percentOff: coupon.decimalOrNull('percent_off'),
    amountOffMinor: coupon.integerOrNull('amount_off'),
    currency: coupon.textOrNull('currency'),
    duration: coupon.textOrNull('duration'),
    durationInMonths: coupon.integerOrNull('duration_in_months'),
    products: productsOf(coupon),
  };
}
