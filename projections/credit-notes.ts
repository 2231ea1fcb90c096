import type { CreditNoteSnapshot } from '../src/events/normalise.js';
import { lifecycleOf, statusesOf } from '../src/events/rank.js';
import { between, id, json, money, oneOf, text, time } from './columns.js';
import { isStale } from './life.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';
import { listOf, refundOfCreditNote } from './shapes.js';

/** Amounts in minor units of `currency`. */
const columns = {
  id: id(),
  number: id().orNull().filtered(),
  status: id().filtered(oneOf(statusesOf('credit_note'))),
  type: text(),
  reason: text().orNull(),
  invoice: id().filtered(),
  customer: id().orNull().filtered(),
  currency: text(),
  amount_minor: money(),
  subtotal_minor: money(),
  total_minor: money(),
  tax_minor: money().orNull(),
  pre_payment_amount_minor: money(),
  post_payment_amount_minor: money(),
  out_of_band_amount_minor: money(),
  customer_balance_transaction: id().orNull(),
  refunds: json<CreditNoteSnapshot['refunds']>(listOf(refundOfCreditNote)),
  created_at: time().orNull().filtered(between('created')),
  voided_at: time().orNull(),
};
type Row = ReturnType<typeof creditNoteRow>;

const life = lifecycleOf('credit_note');

/** What does each credit note take back of its invoice, and how was it given back? */
export const creditNotes = defineProjection({
  name: 'credit_notes',
  version: 2,
  tables: {
    credit_notes: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  initial: (): Row | null => null,
  evolve: {
    credit_note: (row, fact) =>
      row !== null && isStale(life, row.status, fact.snapshot.status) ? row : creditNoteRow(fact),
    ...allBut('credit_note'),
  },
  rows: (row) => ({ credit_notes: row === null ? [] : [row] }),
});

const creditNoteRow = (fact: Fact<CreditNoteSnapshot>) => ({
  ...rowOf(columns, fact.snapshot),
  ...provenanceOf(fact),
});
