import type { Product } from './answers.js';
import { pathOf, type Ledger } from './ledger.js';

const NAMED_MAX = 20;

/** These products with their names, or null where unknown; at most NAMED_MAX. */
export function namedProducts(ledger: Ledger, ids: readonly string[]): Promise<readonly Product[]> {
  const wanted = [...new Set(ids)].slice(0, NAMED_MAX);
  const named = async (id: string): Promise<Product> =>
    (await ledger.find<Product>(`/v1/${pathOf('products', id)}`)) ?? { id, name: null };
  return Promise.all(wanted.map(named));
}

/** The name of a product, or its id where the name is unknown. */
export const nameIn =
  (products: readonly Product[]) =>
  (id: string): string =>
    products.find((one) => one.id === id)?.name ?? id;
