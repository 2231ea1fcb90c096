import type Stripe from 'stripe';
import { isBasilOrLater, isCloverOrLater } from '../api-version.js';
import type { Coupon, Discount } from '../books.js';
import type { Shape, StripeObject } from '../json.js';
import type { View } from './view.js';

/** A discount; since clover it contains only the coupon's id. */
export function discountShape(view: View, discount: Discount): StripeObject {
  const common = {
    id: discount.id,
    object: 'discount',
    checkout_session: null,
    customer: discount.customer,
    end: discount.endAt,
    invoice: null,
    invoice_item: null,
    promotion_code: null,
    start: discount.startAt,
    subscription: discount.subscription,
  };
  if (!isBasilOrLater(view.apiVersion)) return { ...common, coupon: couponShape(view, discount.coupon) };
  const sinceBasil = { ...common, subscription_item: null };
  if (!isCloverOrLater(view.apiVersion)) return { ...sinceBasil, coupon: couponShape(view, discount.coupon) };
  return { ...sinceBasil, source: { coupon: discount.coupon.id, type: 'coupon' } } satisfies Omit<
    Shape<Stripe.Discount>,
    'customer_account'
  > &
    StripeObject;
}

export function couponShape(view: View, coupon: Coupon): StripeObject {
  return {
    id: coupon.id,
    object: 'coupon',
    amount_off: coupon.amountOff?.minor ?? null,
    created: coupon.createdAt,
    currency: coupon.amountOff?.currency ?? null,
    duration: coupon.duration,
    duration_in_months: coupon.months,
    livemode: view.account.livemode,
    max_redemptions: null,
    metadata: {},
    name: coupon.name,
    percent_off: coupon.percentOff,
    redeem_by: null,
    times_redeemed: 0,
    valid: true,
  } satisfies Shape<Stripe.Coupon> & StripeObject;
}
