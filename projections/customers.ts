import type { CustomerSnapshot, DeletionSnapshot } from '../src/events/normalise.js';
import { defineProjection, ignored, type Fact } from './projection.js';
import { ID, provenanceColumns, provenanceOf, rowOf } from './row.js';

/** `balance_minor` in minor units of `currency`; negative is the customer's credit. */
const columns = {
  id: ID,
  email: 'text',
  name: 'text',
  currency: 'text',
  balance_minor: 'int8',
  is_delinquent: 'boolean',
  default_payment_method: ID,
  discounts: 'jsonb',
  test_clock: ID,
  created_at: 'timestamptz',
  is_deleted: 'boolean not null',
};
type Row = ReturnType<typeof customerRow>;

/**
 * Who is each customer, and are they still there? A deleted customer keeps a row, and nothing revives it; when no other event has
 * come, that is all the row says. Deletions of other objects, old discounts, share the stream.
 */
export const customers = defineProjection({
  name: 'customers',
  version: 3,
  tables: { customers: { columns: { ...columns, ...provenanceColumns }, key: ['id'], indexes: [['email']] } },
  initial: (): Row | null => null,
  evolve: {
    customer: (row, fact) => (row?.is_deleted === true ? row : customerRow(fact, { ...fact.snapshot, isDeleted: false })),
    deletion: (row, fact) => (fact.snapshot.object === 'customer' ? deletedRow(row, fact) : row),
    ...ignored(
      'subscription', 'invoice', 'upcoming_invoice', 'invoice_item', 'invoice_payment', 'payment', 'refund', 'dispute', 'credit_note', 'checkout_session',
      'subscription_schedule', 'discount', 'entitlements', 'price', 'plan', 'product', 'coupon', 'related_object',
    ),
  },
  rows: (row) => ({ customers: row === null ? [] : [row] }),
});

const customerRow = (fact: Fact<CustomerSnapshot | DeletionSnapshot>, fields: Parameters<typeof rowOf<typeof columns>>[1]) => ({ ...rowOf(columns, fields), ...provenanceOf(fact) });

const unknown = { email: null, name: null, currency: null, balanceMinor: null, isDelinquent: null, defaultPaymentMethod: null, discounts: null, testClock: null, createdAt: null };

function deletedRow(row: Row | null, fact: Fact<DeletionSnapshot>): Row {
  if (row === null) return customerRow(fact, { ...unknown, id: fact.snapshot.id, isDeleted: true });
  return { ...row, is_deleted: true, ...provenanceOf(fact) };
}
