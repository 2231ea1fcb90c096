import type { CustomerSnapshot, DeletionSnapshot, DiscountFacts, Metadata } from '../src/events/normalise.js';
import { between, entry, flag, id, inAnyCase, json, money, text, time, whetherDeleted } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted, type FieldsOf } from './row.js';
import { discount, listOf, metadata } from './shapes.js';
import { wordsOf } from './words.js';

/** Stripe's own limit is 512 characters. The column needs a limit because customers are searched by it. */
const EMAIL_BYTES_MAX = 2_000;

/** `balance_minor` is in minor units of `currency`; a negative balance is the customer's credit. */
const columns = {
  id: id(),
  email: text({ bytesMax: EMAIL_BYTES_MAX }).orNull().filtered(inAnyCase()),
  name: text().orNull(),
  currency: text().orNull(),
  balance_minor: money().orNull(),
  is_delinquent: flag().orNull(),
  default_payment_method: id().orNull(),
  discounts: json<readonly DiscountFacts[]>(listOf(discount)).orNull(),
  metadata: json<Metadata>(metadata).orNull().filtered(entry()),
  test_clock: id().orNull(),
  created_at: time().orNull().filtered(between('created')),
  is_deleted: flag().filtered(whetherDeleted()),
};
/** The words of a customer's name, for searching. */
const nameColumns = { customer: id(), word: id() };
type Row = ReturnType<typeof customerRow>;

/**
 * Who is each customer, and do they still exist? A deleted customer keeps a row with its last state, and nothing
 * revives it. Deletions of other objects in the stream, such as old discounts, are ignored.
 */
export const customers = defineProjection({
  name: 'customers',
  version: 9,
  tables: {
    customers: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
    customer_names: { columns: nameColumns, key: ['customer', 'word'], indexes: [['word']] },
  },
  objectOf: isAbout('customer'),
  initial: (): Row | null => null,
  evolve: {
    customer: (row, fact) => (row?.is_deleted ? row : customerRow(fact, { ...fact.snapshot, isDeleted: false })),
    deletion: (row, fact) => (fact.snapshot.id === null ? row : deletedRow(row, fact, fact.snapshot.id)),
    ...allBut('customer', 'deletion'),
  },
  rows: (row) => ({
    customers: row === null ? [] : [row],
    customer_names: row === null ? [] : wordsOf(row.name ?? '').map((word) => ({ customer: row.id, word })),
  }),
});

const customerRow = (fact: Fact<CustomerSnapshot | DeletionSnapshot>, fields: FieldsOf<typeof columns>) =>
  rowOf(columns, fields, provenanceOf(fact));

const unknown = {
  email: null,
  name: null,
  currency: null,
  balanceMinor: null,
  isDelinquent: null,
  defaultPaymentMethod: null,
  discounts: null,
  metadata: null,
  testClock: null,
  createdAt: null,
};

/** A deletion shows the whole customer, or only its id. */
function deletedRow(row: Row | null, fact: Fact<DeletionSnapshot>, id: string): Row {
  const { last } = fact.snapshot;
  if (last?.kind === 'customer') return customerRow(fact, { ...last, isDeleted: true });
  return rowOfDeleted(row, fact) ?? customerRow(fact, { ...unknown, id, isDeleted: true });
}
