import type { Cause } from '../journal/facts.js';

export type { Cause };

/** One step of a graduated or volume price: up to so many units; null: all that are more. Amounts as decimals in minor units. */
export type Tier = Readonly<{
  upTo: number | null;
  unitAmountDecimal: string | null;
  flatAmountDecimal: string | null;
}>;

/** What a price asks for one period. */
export type PriceTermsRow = Readonly<{
  billingScheme: string;
  unitAmountDecimal: string | null;
  /** Null where no event or answer showed them: events leave them out. */
  tiers: readonly Tier[] | null;
  tiersMode: string | null;
  transformQuantity: Readonly<{ divideBy: number; round: string }> | null;
  usageType: string;
  interval: string | null;
  intervalCount: number | null;
}>;

/** An item of a subscription. */
export type TermsItem = Readonly<{
  /** Null before 2016, when the subscription itself had one plan. */
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

/** What a coupon takes off. */
export type CouponRow = Readonly<{
  percentOff: string | null;
  amountOffMinor: number | null;
  currency: string | null;
  duration: string | null;
  durationInMonths: number | null;
  /** The products it is for; null: all. */
  products: readonly string[] | null;
}>;

/** A discount as the subscription shows it: from 2020-08-27 on often its id alone. */
export type TermsDiscount = Readonly<{
  id: string | null;
  coupon: string | null;
  terms: CouponRow | null;
  startsAt: string | null;
  endsAt: string | null;
}>;

/** What a subscription was from a moment on: one row for each change, in their logical order. */
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

/** What is told of a discount apart from its subscription: its coupon, and when it was taken away. */
export type DiscountSpanRow = Readonly<{
  id: string;
  coupon: string | null;
  terms: CouponRow | null;
  starts_at: string | null;
  ends_at: string | null;
  removed_at: string | null;
  /** Of the customer, for all of its subscriptions that have none of their own. */
  is_customers: boolean;
}>;

/** A line of a finalised invoice over a whole period: what an item cost, before discounts. */
export type ItemLineRow = Readonly<{
  subscription_item: string;
  price: string | null;
  quantity: number | null;
  amount_minor: number;
  finalized_at: string;
}>;

/** All that decides the MRR of one subscription. */
export type SubscriptionFacts = Readonly<{
  subscription: string;
  customer: string;
  terms: readonly TermsRow[];
  /** By price: what events and answers showed beside the subscription. */
  prices: ReadonlyMap<string, PriceTermsRow>;
  coupons: ReadonlyMap<string, CouponRow>;
  discounts: readonly DiscountSpanRow[];
  lines: readonly ItemLineRow[];
  /** When the first invoice of more than zero was paid. */
  firstPaidAt: string | null;
}>;
