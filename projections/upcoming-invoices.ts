import type { InvoiceLine, UpcomingInvoiceSnapshot } from '../src/events/normalise.js';
import { between, flag, id, json, money, text, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';
import { invoiceLine, listOf } from './shapes.js';

/** Amounts in minor units of `currency`. `id` is that of the subscription, since a preview has no id. */
const columns = {
  id: id(),
  customer: id().orNull().filtered(),
  currency: text(),
  subtotal_minor: money(),
  tax_minor: money().orNull(),
  discount_minor: money().orNull(),
  total_minor: money(),
  amount_due_minor: money(),
  starting_balance_minor: money(),
  billing_reason: text().orNull(),
  collection_method: text(),
  next_payment_attempt: time().orNull(),
  period_start: time().orNull(),
  period_end: time().orNull(),
  lines: json<readonly InvoiceLine[]>(listOf(invoiceLine)),
  has_all_lines: flag(),
  previewed_at: time().filtered(between('previewed')),
};
type Row = ReturnType<typeof previewRow>;

/**
 * What will the next invoice of each subscription ask for, by Stripe's last preview? Stripe sends a preview some days
 * before.
 */
export const upcomingInvoices = defineProjection({
  name: 'upcoming_invoices',
  version: 3,
  tables: {
    upcoming_invoices: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'previewed_at', id: 'id' },
    },
  },
  objectOf: ({ snapshot, order }) =>
    snapshot.kind === 'upcoming_invoice' && snapshot.subscription === null ? null : order.objectKey,
  initial: (): Row | null => null,
  evolve: {
    upcoming_invoice: (row, fact) => {
      const { subscription } = fact.snapshot;
      return subscription === null ? row : previewRow(fact, subscription);
    },
    ...allBut('upcoming_invoice'),
  },
  rows: (row) => ({ upcoming_invoices: row === null ? [] : [row] }),
});

const previewRow = (fact: Fact<UpcomingInvoiceSnapshot>, subscription: string) =>
  rowOf(columns, { ...fact.snapshot, id: subscription, previewedAt: fact.event.created }, provenanceOf(fact));
