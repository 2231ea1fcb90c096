import { nameOfDiscount } from '../../projections/discounts.js';
import type { MoneyPolicy } from '../policy.js';
import { split, sumOf } from '../rounding.js';
import { secondOf, secondOrNull } from '../time.js';
import type { CouponRow, SubscriptionFacts, TermsDiscount, TermsItem, TermsRow } from './facts.js';
import { decimal, rounded, times, whole } from './fraction.js';

/** A discount completed from all known sources. `end` is exclusive. */
export type Discount = Readonly<{
  name: string;
  terms: CouponRow | null;
  start: number;
  end: number | null;
}>;

/** The discounts of a subscription as of one of its rows: by item, and of the whole subscription. */
export type Discounts = Readonly<{ ofItems: ReadonlyMap<string, readonly Discount[]>; ofAll: readonly Discount[] }>;

export const itemName = (subscription: string, item: TermsItem): string => item.id ?? subscription;

/** Returns the discounts of a row; the subscription's own replace the customer's. */
export function discountsAt(row: TermsRow, facts: SubscriptionFacts): Discounts {
  const since = secondOf(row.effective_at);
  const known = (one: TermsDiscount, item: TermsItem | undefined): Discount => completed(one, facts, since, item);
  const ofItems = row.items.map(
    (item) => [itemName(facts.subscription, item), item.discounts.map((one) => known(one, item))] as const,
  );
  const own = row.discounts.map((one) => known(one, row.items[0]));
  return { ofItems: new Map(ofItems), ofAll: own.length > 0 ? own : customers(facts, row) };
}

const customers = (facts: SubscriptionFacts, row: TermsRow): Discount[] =>
  facts.discounts
    .filter((span) => span.is_customers)
    .map((span) => {
      const stated = {
        id: span.id,
        coupon: span.coupon,
        terms: span.terms,
        startsAt: span.starts_at,
        endsAt: span.ends_at,
      };
      return completed(stated, facts, secondOf(row.effective_at), row.items[0]);
    });

/** Fills fields missing in the subscription's discount from the discount's own events, then from the coupon's. */
function completed(
  one: TermsDiscount,
  { subscription, discounts, coupons }: SubscriptionFacts,
  since: number,
  item: TermsItem | undefined,
): Discount {
  const name = nameOfDiscount(one, subscription);
  const span = discounts.find(({ id }) => id === name);
  const coupon = one.coupon ?? span?.coupon ?? null;
  const stated = coupon === null ? undefined : coupons.get(coupon);
  const shown = one.terms ?? span?.terms ?? null;
  const terms = shown === null ? (stated ?? null) : { ...shown, products: shown.products ?? stated?.products ?? null };
  const start = secondOrNull(one.startsAt ?? span?.starts_at ?? null) ?? since;
  const ends = [
    secondOrNull(one.endsAt ?? span?.ends_at ?? null),
    secondOrNull(span?.removed_at ?? null),
    // A discount of one invoice lasts for its period.
    terms?.duration === 'once' ? secondOrNull(item?.periodEnd ?? null) : null,
  ].filter((end) => end !== null);
  return { name: one.id ?? coupon ?? 'discount', terms, start, end: ends.length === 0 ? null : Math.min(...ends) };
}

/** Whether a discount counts at a moment, by the policy. One of unknown terms counts, so that the gap shows. */
export function isActive({ terms, start, end }: Discount, at: number, policy: MoneyPolicy): boolean {
  if (policy.mrrDiscounts === 'none' || at < start || (end !== null && at >= end)) return false;
  if (policy.mrrDiscounts === 'all' || terms === null) return true;
  const duration = terms.duration ?? (end === null ? 'forever' : 'repeating');
  return duration === 'forever' || (duration === 'repeating' && policy.mrrDiscounts === 'recurring');
}

/** An item to discount, with its amount for one period. */
export type Priced = Readonly<{ name: string; product: string | null; currency: string | null; amountMinor: number }>;

/**
 * The amounts after discounts: first those of items, in order, then those of the subscription. Null if a discount's
 * terms are unknown.
 */
export function discounted(
  items: readonly Priced[],
  { ofItems, ofAll }: Discounts,
  at: number,
  policy: MoneyPolicy,
): readonly (number | null)[] {
  const active = (all: readonly Discount[]): Discount[] => all.filter((one) => isActive(one, at, policy));
  let amounts: (number | null)[] = items.map((item) =>
    active(ofItems.get(item.name) ?? []).reduce<number | null>(
      (amountMinor, discount) => (amountMinor === null ? null : (less([item], [amountMinor], discount)[0] ?? null)),
      item.amountMinor,
    ),
  );
  for (const discount of active(ofAll)) amounts = less(items, amounts, discount);
  return amounts;
}

function less(items: readonly Priced[], amounts: readonly (number | null)[], { terms }: Discount): (number | null)[] {
  if (terms === null) return amounts.map(() => null);
  const isFor = (item: Priced): boolean =>
    terms.products === null || (item.product !== null && terms.products.includes(item.product));
  const { percentOff, amountOffMinor } = terms;
  if (percentOff !== null) {
    const left = { n: 100n * decimal(percentOff).d - decimal(percentOff).n, d: 100n * decimal(percentOff).d };
    return amounts.map((amount, place) =>
      amount === null || !isFor(items[place] as Priced) ? amount : rounded(times(whole(amount), left)),
    );
  }
  if (amountOffMinor === null) return amounts.map(() => null);
  const weights = amounts.map((amount, place) => {
    const item = items[place] as Priced;
    const isOfCurrency = terms.currency === null || item.currency === null || terms.currency === item.currency;
    return isFor(item) && isOfCurrency ? (amount ?? 0) : 0;
  });
  const parts = split(Math.min(amountOffMinor, sumOf(weights)), weights);
  return amounts.map((amount, place) => (amount === null ? null : amount - (parts[place] ?? 0)));
}
