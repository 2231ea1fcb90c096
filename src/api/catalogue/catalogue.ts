import { coupons } from '../../../projections/coupons.js';
import { prices } from '../../../projections/prices.js';
import { products } from '../../../projections/products.js';
import { promotionCodes } from '../../../projections/promotion-codes.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { resourceOf, type Resource } from '../resource.js';

/** What is sold. */
export const PRODUCTS = resourceOf(products, 'products', { name: 'products', kind: 'product' });

/** What it costs: prices, and plans that no event has told of as prices. `offset 0` keeps Postgres from joining both tables before it has a page. */
export const PRICES: Resource = {
  name: 'prices',
  kind: 'price',
  table: prices.tables.prices,
  sources: [
    rowsWithStaleness(prices, 'prices'),
    `(select * from ${rowsWithStaleness(prices, 'plans')} where not exists (
      select from ${viewOf(prices, 'prices')} own where own.id = plans.id and own.scope = plans.scope offset 0)) plans`,
  ],
};

/** What is taken off. */
export const COUPONS = resourceOf(coupons, 'coupons', { name: 'coupons', kind: 'coupon' });

/** What buyers type in to have it taken off. */
export const PROMOTION_CODES = resourceOf(promotionCodes, 'promotion_codes', {
  name: 'promotion-codes',
  kind: 'promotion code',
});
