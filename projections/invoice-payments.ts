import type { InvoicePaymentSnapshot } from '../src/events/normalise.js';
import { isStale, type Life } from './life.js';
import { defineProjection, ignored, type Fact } from './projection.js';
import { ID, provenanceColumns, provenanceOf, rowOf } from './row.js';

/** Amounts in minor units of `currency`. */
const columns = {
  id: ID,
  invoice: `${ID} not null`,
  status: `${ID} not null`,
  currency: 'text not null',
  amount_requested_minor: 'int8 not null',
  amount_paid_minor: 'int8 not null',
  is_default: 'boolean not null',
  payment_intent: ID,
  charge: ID,
  payment_record: ID,
  created_at: 'timestamptz',
  paid_at: 'timestamptz',
  canceled_at: 'timestamptz',
};
type Row = ReturnType<typeof invoicePaymentRow>;

const life: Life = [['open'], ['paid', 'canceled']];

/** Which payment paid how much of which invoice? From 2025-03-31.basil on; an invoice may have several, and a payment several invoices. */
export const invoicePayments = defineProjection({
  name: 'invoice_payments',
  version: 2,
  tables: { invoice_payments: { columns: { ...columns, ...provenanceColumns }, key: ['id'], indexes: [['invoice', 'id']] } },
  initial: (): Row | null => null,
  evolve: {
    invoice_payment: (row, fact) => (row !== null && isStale(life, row.status, fact.snapshot.status) ? row : invoicePaymentRow(fact)),
    ...ignored(
      'subscription', 'invoice', 'upcoming_invoice', 'invoice_item', 'payment', 'refund', 'dispute', 'credit_note', 'checkout_session',
      'subscription_schedule', 'customer', 'discount', 'entitlements', 'price', 'plan', 'product', 'coupon', 'deletion', 'related_object',
    ),
  },
  rows: (row) => ({ invoice_payments: row === null ? [] : [row] }),
});

const invoicePaymentRow = (fact: Fact<InvoicePaymentSnapshot>) => ({ ...rowOf(columns, fact.snapshot), ...provenanceOf(fact) });
