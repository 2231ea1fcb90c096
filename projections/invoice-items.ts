import type { InvoiceItemSnapshot } from '../src/events/normalise.js';
import { flag, id, money, text, time, whetherDeleted } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted } from './row.js';

/** Amounts in minor units of `currency`. */
const columns = {
  id: id(),
  amount_minor: money(),
  currency: text(),
  customer: id().orNull(),
  invoice: id().orNull(),
  subscription: id().orNull(),
  is_proration: flag(),
  period_start: time().orNull(),
  period_end: time().orNull(),
  created_at: time().orNull(),
  test_clock: id().orNull(),
  is_deleted: flag().filtered(whetherDeleted()),
};
type Row = ReturnType<typeof itemRow>;

/** What awaits an invoice, which invoice did it become a line of, and was it deleted before that? */
export const invoiceItems = defineProjection({
  name: 'invoice_items',
  version: 2,
  tables: {
    invoice_items: { columns: { ...columns, ...provenanceColumns }, key: ['id'], indexes: [['invoice']] },
  },
  objectOf: isAbout('invoiceitem'),
  initial: (): Row | null => null,
  evolve: {
    invoice_item: (row, fact) => (row?.is_deleted ? row : itemRow(fact, fact.snapshot)),
    deletion: (row, fact) => {
      const { last } = fact.snapshot;
      return last?.kind === 'invoice_item' ? itemRow(fact, last, true) : rowOfDeleted(row, fact);
    },
    ...allBut('invoice_item', 'deletion'),
  },
  rows: (row) => ({ invoice_items: row === null ? [] : [row] }),
});

const itemRow = (fact: Fact, item: InvoiceItemSnapshot, isDeleted = false) =>
  rowOf(columns, { ...item, isDeleted }, provenanceOf(fact));
