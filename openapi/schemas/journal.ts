import { JOURNAL } from '../../src/api/books/views.js';
import {
  asOf,
  counted,
  decimal,
  fieldsOf,
  flag,
  list,
  minor,
  object,
  oneOf,
  orNull,
  page,
  ref,
  row,
  text,
  time,
  whole,
  type Properties,
} from './words.js';
import { scope, booked, period, shownRestated, view } from './books.js';

const entryFields: Properties = {
  ...fieldsOf(JOURNAL.tables.journal_entries),
  book: text,
  isIncomplete: flag,
  postings: list(ref('Posting')),
};

export const journalSchemas: Properties = {
  Posting: {
    ...object({ name: text, currency: text, amountMinor: minor, line: orNull(text) }),
    description: 'A positive amount is a debit. The postings of an entry add up to zero in each currency.',
  },
  JournalEntry: {
    ...row(entryFields),
    description:
      'One that corrects closed months (kind `correction`) follows from the last closing, `ledger.month_closed`.',
  },
  JournalEntries: page('JournalEntry', { ...booked, ...counted, view, shownRestated }),
  JournalEntryWithBooks: row({ ...entryFields, ...booked }),
  JournalEntryWithBalances: row({
    ...entryFields,
    balances: list(object({ name: text, currency: text, balanceMinor: minor })),
  }),
  InvoiceBook: object(
    {
      invoice: text,
      data: list(ref('JournalEntryWithBalances')),
      months: list(
        object({
          ...{ month: text, line: text, part: oneOf('revenue', 'discount'), currency: text },
          ...{ revenueMinor: minor, contraMinor: minor },
        }),
      ),
      ...booked,
    },
    asOf,
  ),
  AccountBalance: object({
    ...{ name: text, startMinor: minor, debitMinor: minor, creditMinor: minor, endMinor: minor },
    correctionMinor: {
      ...minor,
      description: 'The part of debit less credit that corrects closed months.',
    },
  }),
  TrialBalance: object({
    ...scope,
    ...{ accounts: list(ref('AccountBalance')), sumMinor: minor },
    closing: orNull(object({ closedAt: time, by: text, position: decimal })),
  }),
  TrialBalances: object({
    ...{ month: orNull(text), asOf: orNull(time), view, data: list(ref('TrialBalance')) },
    ...booked,
  }),
  AccountPostings: object({
    ...{ name: text, ...scope, ...period, view, startMinor: minor, endMinor: minor },
    ...{ data: list(ref('AccountPosting')), nextCursor: orNull(text) },
    ...booked,
  }),
  AccountPosting: object({
    ...{ entry: text, no: whole, kind: text, effectiveAt: time, amountMinor: minor, balanceMinor: minor },
    ...{ line: orNull(text), object: orNull(text), invoice: orNull(text), customer: orNull(text) },
    stripeEvent: orNull(text),
  }),
};
