import type { DeletionSnapshot, Metadata, ProductSnapshot } from '../src/events/normalise.js';
import { between, entry, flag, id, json, text, time, whetherDeleted } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { concernsRow, endsRow, isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted, scopeOf } from './row.js';
import { metadata } from './shapes.js';

/** Users choose product ids, which are unique in the `scope` of an account and mode. */
const columns = {
  id: id(),
  scope: id(),
  name: text().orNull(),
  is_active: flag().orNull().filtered({ by: 'value', name: 'active', known: null }),
  description: text().orNull(),
  default_price: id().orNull(),
  metadata: json<Metadata>(metadata).orNull().filtered(entry()),
  created_at: time().orNull().filtered(between('created')),
  is_deleted: flag().filtered(whetherDeleted()),
};
type Row = ReturnType<typeof productRow>;

/**
 * What is each product called, and is it still sold? A deleted product keeps its row, and only a new product with the
 * same id replaces it.
 */
export const products = defineProjection({
  name: 'products',
  version: 4,
  tables: {
    products: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id', 'scope'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  objectOf: isAbout('product'),
  initial: (): Row | null => null,
  evolve: {
    product: (row, fact) => (concernsRow(row, fact.snapshot.createdAt) ? productRow(fact, fact.snapshot) : row),
    deletion: (row, fact) => deletedRow(row, fact),
    ...allBut('product', 'deletion'),
  },
  rows: (row) => ({ products: row === null ? [] : [row] }),
});

const productRow = (fact: Fact, product: ProductSnapshot, isDeleted = false) =>
  rowOf(columns, { ...product, isActive: product.active, scope: scopeOf(product), isDeleted }, provenanceOf(fact));

/** A deletion shows the whole product, or only its id. */
function deletedRow(row: Row | null, fact: Fact<DeletionSnapshot>): Row | null {
  if (!endsRow(row, fact)) return row;
  const { last } = fact.snapshot;
  if (last?.kind === 'product') return productRow(fact, last, true);
  return rowOfDeleted(row, fact);
}
