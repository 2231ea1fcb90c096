import type { InvoiceLine, InvoiceSnapshot } from '../src/events/normalise.js';
import { isStale, type Life } from './life.js';
import { count, flag, id, json, money, text, time } from './columns.js';
import { defineProjection, ignored, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

/** Amounts in minor units of `currency`. Who paid an invoice is told by its links, in all API versions. */
const columns = {
  id: id(),
  number: id().orNull(),
  status: id(),
  customer: id().orNull(),
  subscription: id().orNull(),
  currency: text(),
  subtotal_minor: money(),
  tax_minor: money().orNull(),
  discount_minor: money(),
  total_minor: money(),
  amount_due_minor: money(),
  amount_paid_minor: money(),
  amount_remaining_minor: money(),
  amount_overpaid_minor: money(),
  starting_balance_minor: money(),
  ending_balance_minor: money().orNull(),
  pre_payment_credit_notes_minor: money(),
  post_payment_credit_notes_minor: money(),
  billing_reason: text().orNull(),
  collection_method: text(),
  attempt_count: count(),
  next_payment_attempt: time().orNull(),
  due_date: time().orNull(),
  period_start: time().orNull(),
  period_end: time().orNull(),
  created_at: time().orNull(),
  finalized_at: time().orNull(),
  paid_at: time().orNull(),
  voided_at: time().orNull(),
  marked_uncollectible_at: time().orNull(),
  lines: json<readonly InvoiceLine[]>({ type: 'array', items: { type: 'object' } }),
  has_all_lines: flag(),
  test_clock: id().orNull(),
  is_deleted: flag(),
};
type Row = ReturnType<typeof invoiceRow>;

/** Finalised once, an invoice is never a draft again; written off, it may still be paid or voided; paid or void, it stays so. */
const life: Life = [['draft'], ['open'], ['uncollectible'], ['paid', 'void']];
/** Before it, `void` means closed, and what is closed could be opened again. */
const HAS_STATUS_SINCE = '2018-11-08';

/**
 * What is each invoice now: its amounts, its lines, is it paid, and when?
 * The status never goes back because of a stale snapshot: `draft` → `open` → `uncollectible` → `paid` or `void`, each of which
 * may be left out; nothing follows a deletion, which only drafts meet. Upcoming invoices are previews and make no row.
 */
export const invoices = defineProjection({
  name: 'invoices',
  version: 4,
  tables: {
    invoices: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [
        ['customer', 'id'],
        ['subscription', 'id'],
        ['status', 'id'],
      ],
    },
  },
  // Deletions of other objects are none of its business.
  objectOf: ({ snapshot, order }) =>
    snapshot.kind === 'deletion' && snapshot.object !== 'invoice' ? null : order.objectKey,
  initial: (): Row | null => null,
  evolve: {
    invoice: (row, fact) => {
      const isOutdated =
        row !== null &&
        (row.is_deleted ||
          isOutdatedInvoice({ status: row.status, apiVersion: row.api_version }, fact.snapshot.status));
      return isOutdated ? row : invoiceRow(fact);
    },
    deletion: (row, fact) => (row === null ? null : { ...row, is_deleted: true, ...provenanceOf(fact) }),
    ...ignored(
      'subscription',
      'upcoming_invoice',
      'invoice_item',
      'invoice_payment',
      'payment',
      'refund',
      'dispute',
      'credit_note',
      'checkout_session',
      'subscription_schedule',
      'customer',
      'discount',
      'entitlements',
      'price',
      'plan',
      'product',
      'coupon',
      'related_object',
    ),
  },
  rows: (row) => ({ invoices: row === null ? [] : [row] }),
});

/** Whether a snapshot with the status `is` shows an invoice as it was before what is known of it. */
export function isOutdatedInvoice(known: Readonly<{ status: string; apiVersion: string | null }>, is: string): boolean {
  const mayReopen = known.status === 'void' && (known.apiVersion ?? '') < HAS_STATUS_SINCE;
  return !mayReopen && isStale(life, known.status, is);
}

const invoiceRow = (fact: Fact<InvoiceSnapshot>) => ({
  ...rowOf(columns, { ...fact.snapshot, isDeleted: false }),
  ...provenanceOf(fact),
});
