import type { InvoiceSnapshot } from '../src/events/normalise.js';
import { isStale, type Life } from './life.js';
import { defineProjection, ignored, type Fact } from './projection.js';
import { ID, provenanceColumns, provenanceOf, rowOf, withId, type ById } from './row.js';

/** Amounts in minor units of `currency`. Who paid an invoice is told by its links, in all API versions. */
const columns = {
  id: ID,
  number: ID,
  status: `${ID} not null`,
  customer: ID,
  subscription: ID,
  currency: 'text not null',
  subtotal_minor: 'int8 not null',
  tax_minor: 'int8',
  discount_minor: 'int8 not null',
  total_minor: 'int8 not null',
  amount_due_minor: 'int8 not null',
  amount_paid_minor: 'int8 not null',
  amount_remaining_minor: 'int8 not null',
  amount_overpaid_minor: 'int8 not null',
  starting_balance_minor: 'int8 not null',
  ending_balance_minor: 'int8',
  pre_payment_credit_notes_minor: 'int8 not null',
  post_payment_credit_notes_minor: 'int8 not null',
  billing_reason: 'text',
  collection_method: 'text not null',
  attempt_count: 'int8 not null',
  next_payment_attempt: 'timestamptz',
  due_date: 'timestamptz',
  period_start: 'timestamptz',
  period_end: 'timestamptz',
  created_at: 'timestamptz',
  finalized_at: 'timestamptz',
  paid_at: 'timestamptz',
  voided_at: 'timestamptz',
  marked_uncollectible_at: 'timestamptz',
  lines: 'jsonb not null',
  has_all_lines: 'boolean not null',
  test_clock: ID,
  is_deleted: 'boolean not null',
};
type Row = ReturnType<typeof invoiceRow>;

/** Finalised once, an invoice is never a draft again; written off, it may still be paid or voided; paid or void, it stays so. */
const life: Life = [['draft'], ['open'], ['uncollectible'], ['paid', 'void']];
/** Before it, `void` means closed, and what is closed could be opened again. */
const HAS_STATUS_SINCE = '2018-11-08';

/**
 * What is each invoice now: its amounts, its lines, is it paid, and when? A subscription's stream holds many invoices.
 * The status never goes back because of a stale snapshot: `draft` → `open` → `uncollectible` → `paid` or `void`, each of which
 * may be left out; nothing follows a deletion, which only drafts meet. Upcoming invoices are previews and make no row.
 */
export const invoices = defineProjection({
  name: 'invoices',
  version: 3,
  tables: { invoices: { columns: { ...columns, ...provenanceColumns }, key: ['id'], indexes: [['customer', 'id'], ['subscription', 'id'], ['status', 'id']] } },
  initial: (): ById<Row> => ({}),
  evolve: {
    invoice: (rows, fact) => {
      const { id, status } = fact.snapshot;
      const row = withId(rows, id);
      const isOutdated = row !== undefined && (row.is_deleted === true || isOutdatedInvoice({ status: row.status, apiVersion: row.api_version }, status));
      return isOutdated ? rows : { ...rows, [id]: invoiceRow(fact) };
    },
    deletion: (rows, fact) => {
      const { object, id } = fact.snapshot;
      const row = object === 'invoice' && id !== null ? withId(rows, id) : undefined;
      return row === undefined ? rows : { ...rows, [String(id)]: { ...row, is_deleted: true, ...provenanceOf(fact) } };
    },
    ...ignored(
      'subscription', 'upcoming_invoice', 'invoice_item', 'invoice_payment', 'payment', 'refund', 'dispute', 'credit_note', 'checkout_session',
      'subscription_schedule', 'customer', 'discount', 'entitlements', 'price', 'plan', 'product', 'coupon', 'related_object',
    ),
  },
  rows: (rows) => ({ invoices: Object.values(rows) }),
});

/** Whether a snapshot with the status `is` shows an invoice as it was before what is known of it. */
export function isOutdatedInvoice(known: Readonly<{ status: unknown; apiVersion: unknown }>, is: string): boolean {
  const mayReopen = known.status === 'void' && String(known.apiVersion ?? '') < HAS_STATUS_SINCE;
  return !mayReopen && isStale(life, known.status, is);
}

const invoiceRow = (fact: Fact<InvoiceSnapshot>) => ({ ...rowOf(columns, { ...fact.snapshot, isDeleted: false }), ...provenanceOf(fact) });
