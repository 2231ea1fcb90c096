import type { CreditNoteLine, CreditNoteSnapshot } from '../src/events/normalise.js';
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
/** What is credited of each line, with taxes and after discounts, in minor units of the note's currency. */
const lineColumns = {
  credit_note: id(),
  id: id(),
  invoice_line: id().orNull(),
  gross_minor: money(),
  tax_minor: money(),
};
type Row = ReturnType<typeof creditNoteRow>;
type State = Readonly<{ note: Row; lines: readonly ReturnType<typeof lineRow>[] }> | null;

const life = lifecycleOf('credit_note');

/** What does each credit note credit of its invoice, and how was it paid out? */
export const creditNotes = defineProjection({
  name: 'credit_notes',
  version: 4,
  tables: {
    credit_notes: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
    credit_note_lines: {
      columns: { ...lineColumns, ...provenanceColumns },
      key: ['credit_note', 'id'],
      indexes: [],
    },
  },
  initial: (): State => null,
  evolve: {
    credit_note: (state, fact) =>
      state !== null && isStale(life, state.note.status, fact.snapshot.status)
        ? state
        : { note: creditNoteRow(fact), lines: fact.snapshot.lines.map((line) => lineRow(fact, line)) },
    ...allBut('credit_note'),
  },
  rows: (state) => ({
    credit_notes: state === null ? [] : [state.note],
    credit_note_lines: state?.lines ?? [],
  }),
});

const creditNoteRow = (fact: Fact<CreditNoteSnapshot>) => rowOf(columns, fact.snapshot, provenanceOf(fact));

const lineRow = (fact: Fact<CreditNoteSnapshot>, line: CreditNoteLine) =>
  rowOf(lineColumns, { ...line, creditNote: fact.snapshot.id }, provenanceOf(fact));
