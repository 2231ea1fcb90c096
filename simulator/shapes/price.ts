import type Stripe from 'stripe';
import { isBasilOrLater } from '../api-version.js';
import type { Price } from '../books.js';
import type { Shape, StripeObject } from '../json.js';
import type { View } from './view.js';

export function priceShape(view: View, price: Price): StripeObject {
  return {
    id: price.id,
    object: 'price',
    active: true,
    billing_scheme: price.unitAmountMinor === null ? 'tiered' : 'per_unit',
    created: price.createdAt,
    currency: price.currency,
    custom_unit_amount: null,
    livemode: view.account.livemode,
    lookup_key: null,
    metadata: {},
    nickname: null,
    product: price.product,
    recurring: {
      interval: price.interval,
      interval_count: 1,
      ...usage(view, price),
      trial_period_days: null,
      usage_type: price.usage,
    },
    tax_behavior: 'unspecified',
    tiers_mode: price.tiersMode,
    transform_quantity: null,
    type: 'recurring',
    unit_amount: price.unitAmountMinor,
    unit_amount_decimal: decimal(price.unitAmountMinor),
  } satisfies Shape<Stripe.Price> & StripeObject;
}

/** The product of some prices, from any one of them. */
export function productShape(view: View, { product, productName, createdAt }: Price): StripeObject {
  return {
    id: product,
    object: 'product',
    active: true,
    created: createdAt,
    default_price: null,
    description: null,
    images: [],
    livemode: view.account.livemode,
    marketing_features: [],
    metadata: {},
    name: productName,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: createdAt,
    url: null,
  } satisfies Shape<Stripe.Product> & StripeObject;
}

/** The price as the older plan object, which subscriptions still carry as well. */
export function planShape(view: View, price: Price): StripeObject {
  return {
    id: price.id,
    object: 'plan',
    active: true,
    ...usage(view, price),
    amount: price.unitAmountMinor,
    amount_decimal: decimal(price.unitAmountMinor),
    billing_scheme: price.unitAmountMinor === null ? 'tiered' : 'per_unit',
    created: price.createdAt,
    currency: price.currency,
    interval: price.interval,
    interval_count: 1,
    livemode: view.account.livemode,
    metadata: {},
    nickname: null,
    product: price.product,
    tiers_mode: price.tiersMode,
    transform_usage: null,
    trial_period_days: null,
    usage_type: price.usage,
  };
}

/** Amounts that can have fractions of a minor unit are also rendered as text. */
export function decimal(amountMinor: number | null): string | null {
  return amountMinor === null ? null : String(amountMinor);
}

/** Basil replaced the aggregation of usage with meters. */
function usage(
  view: View,
  { usage: by, product }: Price,
): { readonly meter: string | null } | { readonly aggregate_usage: string | null } {
  if (isBasilOrLater(view.apiVersion)) return { meter: by === 'metered' ? `mtr_test_${product.slice(5)}` : null };
  return { aggregate_usage: by === 'metered' ? 'sum' : null };
}
