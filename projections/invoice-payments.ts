import type { InvoicePaymentSnapshot } from '../src/events/normalise.js';
import { lifecycleOf } from '../src/events/rank.js';
import { isStale } from './life.js';
import { flag, id, money, text, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

/** Amounts in minor units of `currency`. */
const columns = {
  id: id(),
  invoice: id(),
  status: id(),
  currency: text(),
  amount_requested_minor: money(),
  amount_paid_minor: money(),
  is_default: flag(),
  payment_intent: id().orNull(),
  charge: id().orNull(),
  payment_record: id().orNull(),
  created_at: time().orNull(),
  paid_at: time().orNull(),
  canceled_at: time().orNull(),
};
type Row = ReturnType<typeof invoicePaymentRow>;

const life = lifecycleOf('invoice_payment');

/** Which payment paid how much of which invoice? From 2025-03-31.basil on; an invoice may have several, and a payment several invoices. */
export const invoicePayments = defineProjection({
  name: 'invoice_payments',
  version: 4,
  tables: {
    invoice_payments: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [['invoice', 'id'], ['payment_record']],
    },
  },
  initial: (): Row | null => null,
  evolve: {
    invoice_payment: (row, fact) =>
      row !== null && isStale(life, row.status, fact.snapshot.status) ? row : invoicePaymentRow(fact),
    ...allBut('invoice_payment'),
  },
  rows: (row) => ({ invoice_payments: row === null ? [] : [row] }),
});

const invoicePaymentRow = (fact: Fact<InvoicePaymentSnapshot>) => ({
  ...rowOf(columns, fact.snapshot),
  ...provenanceOf(fact),
});
