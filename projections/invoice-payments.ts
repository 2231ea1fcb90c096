import { lifecycleOf } from '../src/events/rank.js';
import { isStale } from './life.js';
import { flag, id, money, text, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf, withId, type ById, type FieldsOf } from './row.js';

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
/** For an invoice payment, its row; for an invoice, the payments that it lists, by id. */
type State = Readonly<{ row: Row | null; listed: ById<Row> }>;

const life = lifecycleOf('invoice_payment');

/**
 * Which payment paid how much of which invoice? Stripe has invoice payments from API version 2025-03-31.basil on; an
 * invoice may have several, and a payment several invoices. `invoice_payments` has those with events of their own,
 * `invoice_payment_evidence` those that invoices list, in the few events that include the list.
 */
export const invoicePayments = defineProjection({
  name: 'invoice_payments',
  version: 8,
  tables: {
    invoice_payments: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [['invoice', 'id'], ['payment_record'], ['payment_intent'], ['charge']],
    },
    invoice_payment_evidence: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id', 'invoice'],
      indexes: [['invoice'], ['payment_record'], ['payment_intent'], ['charge']],
    },
  },
  objectOf: ({ snapshot, order }) =>
    snapshot.kind === 'invoice' && snapshot.payments.length === 0 ? null : order.objectKey,
  initial: (): State => ({ row: null, listed: {} }),
  evolve: {
    invoice_payment: ({ row, listed }, fact) => ({ row: later(row, invoicePaymentRow(fact, fact.snapshot)), listed }),
    invoice: ({ row, listed }, fact) => {
      const { id: invoice, payments } = fact.snapshot;
      const shown = payments.map((one) => {
        const fresh = invoicePaymentRow(fact, { ...one, invoice });
        return [one.id, later(withId(listed, one.id) ?? null, fresh)] as const;
      });
      return { row, listed: { ...listed, ...Object.fromEntries(shown) } };
    },
    ...allBut('invoice_payment', 'invoice'),
  },
  rows: ({ row, listed }) => ({
    invoice_payments: row === null ? [] : [row],
    invoice_payment_evidence: Object.values(listed),
  }),
});

const later = (before: Row | null, now: Row): Row =>
  before !== null && isStale(life, before.status, now.status) ? before : now;

const invoicePaymentRow = (fact: Fact, fields: FieldsOf<typeof columns>) => rowOf(columns, fields, provenanceOf(fact));
