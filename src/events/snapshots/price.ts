import { Fields, type Metadata } from '../fields.js';
import { field } from '../json.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** The amount charged, and how it recurs. Money in minor units of `currency`. */
export type PriceTerms = Readonly<{
  product: string | null;
  currency: string | null;
  interval: string | null;
  intervalCount: number | null;
  /**
   * Null when the price is tiered or has a fraction of a minor unit; then see `unitAmountDecimal`. For metered prices,
   * the price of one unit of usage.
   */
  unitAmountMinor: number | null;
  unitAmountDecimal: string | null;
  /** `licensed` or `metered`. */
  usageType: string;
  /** `per_unit` or `tiered`. */
  billingScheme: string;
  /** Null where not shown, as in events since 2020-08-27. */
  tiers: readonly Tier[] | null;
  /** `graduated` or `volume`. */
  tiersMode: string | null;
  /** Set when units are counted in packages. */
  transformQuantity: Readonly<{ divideBy: number; round: string }> | null;
}>;

/**
 * One tier of a price: up to `upTo` units, or all above the previous tier when null. Decimals as text, in minor units.
 */
export type Tier = Readonly<{
  upTo: number | null;
  unitAmountDecimal: string | null;
  flatAmountDecimal: string | null;
}>;

/** A price or a plan: they share ids and terms, but have separate events and streams. */
export type PriceSnapshot = Readonly<{
  kind: 'price' | 'plan';
  id: string;
  active: boolean;
  nickname: string | null;
  lookupKey: string | null;
  metadata: Metadata | null;
  createdAt: string | null;
}> &
  PriceTerms &
  Origin;

/** A product. */
export type ProductSnapshot = Readonly<{
  kind: 'product';
  id: string;
  active: boolean;
  name: string | null;
  description: string | null;
  defaultPrice: string | null;
  metadata: Metadata | null;
  createdAt: string | null;
}> &
  Origin;

export function priceSnapshot(stripeEvent: StripeEvent): PriceSnapshot {
  return { kind: 'price', ...priceFacts(stripeEvent, 'price') };
}

export function planSnapshot(stripeEvent: StripeEvent): PriceSnapshot {
  return { kind: 'plan', ...priceFacts(stripeEvent, 'plan') };
}

export function productSnapshot(stripeEvent: StripeEvent): ProductSnapshot {
  const product = new Fields(stripeEvent.data.object, 'product');
  return {
    kind: 'product',
    id: product.id('id'),
    active: product.flag('active', true),
    name: product.textOrNull('name'),
    description: product.textOrNull('description'),
    defaultPrice: product.idOrNull('default_price'),
    metadata: product.metadataOrNull(),
    createdAt: product.timeOrNull('created'),
    ...originOf(stripeEvent),
  };
}

function priceFacts(stripeEvent: StripeEvent, name: string): Omit<PriceSnapshot, 'kind'> {
  const price = new Fields(stripeEvent.data.object, name);
  return {
    id: price.id('id'),
    active: price.flag('active', true),
    // Plans had a `name` before products were introduced in 2018.
    nickname: price.textOrNull('nickname', 'name'),
    lookupKey: price.textOrNull('lookup_key'),
    metadata: price.metadataOrNull(),
    createdAt: price.timeOrNull('created'),
    ...termsOf(price),
    ...originOf(stripeEvent),
  };
}

/** Reads the price (since 2020) or plan of an item or line: its id, and its terms as far as shown. */
export function pricedBy(item: Fields): { readonly price: string | null } & PriceTerms {
  return {
    price: item.idOrNull('price', 'plan'),
    ...termsOf(item.expandedOrNull('price') ?? item.expandedOrNull('plan')),
  };
}

/** Prices and plans use different field names, and keep the recurrence in different places. */
function termsOf(price: Fields | null): PriceTerms {
  const recurring = price?.hashOrNull('recurring') ?? price;
  const unitAmountMinor = price?.integerOrNull('unit_amount', 'amount') ?? null;
  return {
    product: price?.idOrNull('product') ?? null,
    currency: price?.textOrNull('currency') ?? null,
    interval: recurring?.textOrNull('interval') ?? null,
    intervalCount: recurring?.integerOrNull('interval_count') ?? null,
    unitAmountMinor,
    // A whole amount is also a decimal; before 2019 there was no decimal field.
    unitAmountDecimal:
      price?.decimalOrNull('unit_amount_decimal', 'amount_decimal') ??
      (unitAmountMinor === null ? null : String(unitAmountMinor)),
    usageType: recurring?.textOrNull('usage_type') ?? 'licensed',
    billingScheme: price?.textOrNull('billing_scheme') ?? 'per_unit',
    tiers: price?.has('tiers') ? price.hashes('tiers').map(tierOf) : null,
    tiersMode: price?.textOrNull('tiers_mode') ?? null,
    transformQuantity: transformOf(price),
  };
}

/** The last tier has no upper limit: null in plans, `inf` in some versions. */
function tierOf(tier: Fields): Tier {
  const decimalOf = (decimal: string, whole: string): string | null => tier.decimalOrNull(decimal, whole);
  return {
    upTo: field(tier.object, 'up_to') === 'inf' ? null : tier.integerOrNull('up_to'),
    unitAmountDecimal: decimalOf('unit_amount_decimal', tier.has('unit_amount') ? 'unit_amount' : 'amount'),
    flatAmountDecimal: decimalOf('flat_amount_decimal', 'flat_amount'),
  };
}

/** Plans called it `transform_usage`. */
function transformOf(price: Fields | null): PriceTerms['transformQuantity'] {
  const transform = price?.hashOrNull('transform_quantity') ?? price?.hashOrNull('transform_usage') ?? null;
  return transform && { divideBy: transform.integer('divide_by'), round: transform.text('round') };
}
