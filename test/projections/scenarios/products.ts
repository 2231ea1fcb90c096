import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const product = (fields: object = {}) => ({
  id: 'prod_1',
  object: 'product',
  name: 'Pro',
  active: true,
  description: null,
  metadata: { tier: 'gold' },
  created: START,
  ...fields,
});
const row = {
  id: 'prod_1',
  scope: 'own-test',
  name: 'Pro',
  is_active: true,
  metadata: { tier: 'gold' },
  is_deleted: false,
};

export const productsScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `has the product of ${apiVersion}`,
    given: [],
    when: stripeEvent('product.created', product(), { apiVersion }),
    then: { products: [{ ...row, created_at: '2026-01-01T00:00:00.000Z' }] },
  },
  {
    title: `follows a name, and the end of the sale, at ${apiVersion}`,
    given: [stripeEvent('product.created', product(), { apiVersion })],
    when: stripeEvent('product.updated', product({ name: 'Max', active: false }), { apiVersion, after: 5 }),
    then: { products: [{ name: 'Max', is_active: false }] },
  },
  {
    title: `keeps a product deleted at ${apiVersion}, also when nothing else told of it`,
    given: [],
    when: stripeEvent('product.deleted', product({ active: false }), { apiVersion, after: 5 }),
    then: { products: [{ ...row, is_active: false, is_deleted: true }] },
  },
  {
    title: `keeps apart products of one id in live and test mode, and of connected accounts, at ${apiVersion}`,
    given: [],
    when: stripeEvent('product.created', product(), { apiVersion, livemode: true, account: 'acct_1' }),
    then: { products: [{ id: 'prod_1', scope: 'acct_1-live' }] },
  },
]);
