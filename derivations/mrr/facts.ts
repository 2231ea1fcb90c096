import type { Cause } from '../journal/facts.js';

export type { Cause };

/** A tier of a graduated or volume price, up to `upTo` units; null: no limit. Amounts are decimals in minor units. */
export type Tier = Readonly<{
  upTo: number | null;
  unitAmountDecimal: string | null;
  flatAmountDecimal: string | null;
}>;

/** The price of one period. */
export type PriceTermsRow = Readonly<{
  billingScheme: string;
  unitAmountDecimal: string | null;
  /** Null if unknown: events leave tiers out. */
  tiers: readonly Tier[] | null;
  tiersMode: string | null;
  transformQuantity: Readonly<{ divideBy: number; round: string }> | null;
  usageType: string;
  interval: string | null;
  intervalCount: number | null;
}>;

/** An item of a subscription. */
export type TermsItem = Readonly<{
  /** Null before 2016, when a subscription itself had one plan. */
  id: string | null;
  price: string | null;
  product: string | null;
  quantity: number | null;
  currency: string | null;
  periodStart: string | null;
  periodEnd: string | null;
  discounts: readonly TermsDiscount[];
}> &
  PriceTermsRow;

/** The terms of a coupon. */
export type CouponRow = Readonly<{
  percentOff: string | null;
  amountOffMinor: number | null;
  currency: string | null;
  duration: string | null;
  durationInMonths: number | null;
  /** The products that it applies to; null: all. */
  products: readonly string[] | null;
}>;

/** A discount as the subscription shows it; since 2020-08-27 often only its id. */
export type TermsDiscount = Readonly<{
  id: string | null;
  coupon: string | null;
  terms: CouponRow | null;
  startsAt: string | null;
  endsAt: string | null;
}>;

/** The state of a subscription from a moment on: one row per change, in logical order. */
export type TermsRow = Readonly<{
  no: number;
  effective_at: string;
  status: string;
  currency: string | null;
  items: readonly TermsItem[];
  has_all_items: boolean;
  discounts: readonly TermsDiscount[];
  pause: Readonly<{ behavior: string; resumesAt: string | null }> | null;
  created_at: string | null;
  started_at: string | null;
  trial_start: string | null;
  cancel_at: string | null;
  cancel_at_period_end: boolean;
  canceled_at: string | null;
  ended_at: string | null;
}> &
  Cause;

/** The facts of a discount from its own events: its coupon, and when it was removed. */
export type DiscountSpanRow = Readonly<{
  id: string;
  coupon: string | null;
  terms: CouponRow | null;
  starts_at: string | null;
  ends_at: string | null;
  removed_at: string | null;
  /** Whether it is the customer's, which applies to all of its subscriptions without discounts of their own. */
  is_customers: boolean;
}>;

/** An invoice line over a whole period, of a finalised invoice: the price of an item before discounts. */
export type ItemLineRow = Readonly<{
  subscription_item: string;
  price: string | null;
  quantity: number | null;
  amount_minor: number;
  finalized_at: string;
}>;

/** All facts that decide the MRR of one subscription. */
export type SubscriptionFacts = Readonly<{
  subscription: string;
  customer: string;
  terms: readonly TermsRow[];
  /** By price: terms from events and API answers other than the subscription's. */
  prices: ReadonlyMap<string, PriceTermsRow>;
  coupons: ReadonlyMap<string, CouponRow>;
  discounts: readonly DiscountSpanRow[];
  lines: readonly ItemLineRow[];
  /** When the first invoice with a total above zero was paid. */
  firstPaidAt: string | null;
}>;
