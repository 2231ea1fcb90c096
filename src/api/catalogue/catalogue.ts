import { coupons } from '../../../projections/coupons.js';
import { prices } from '../../../projections/prices.js';
import { products } from '../../../projections/products.js';
import { promotionCodes } from '../../../projections/promotion-codes.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { resourceOf, type Resource } from '../resource.js';

/** Products. */
export const PRODUCTS = resourceOf(products, 'products', { name: 'products', kind: 'product' });

/** Prices, and plans that no event has shown as prices. `offset 0` keeps Postgres from joining both tables entirely. */
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

/** Coupons. */
export const COUPONS = resourceOf(coupons, 'coupons', { name: 'coupons', kind: 'coupon' });

/** Promotion codes, which buyers enter to get a coupon's discount. */
export const PROMOTION_CODES = resourceOf(promotionCodes, 'promotion_codes', {
  name: 'promotion-codes',
  kind: 'promotion code',
});
