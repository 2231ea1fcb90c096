import type { DeletionSnapshot, PaymentMethodSnapshot } from '../src/events/normalise.js';
import { between, count, flag, id, text, time, whetherDeleted } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted } from './row.js';

/** `expires_at` is the first moment at which a card can no longer be charged: the end of its last month, in UTC. */
const columns = {
  id: id(),
  object: text(),
  type: id().filtered(),
  customer: id().orNull().filtered(),
  brand: text().orNull(),
  last4: id().orNull().filtered(),
  exp_month: count().orNull(),
  exp_year: count().orNull(),
  expires_at: time().orNull(),
  country: text().orNull(),
  wallet: text().orNull(),
  created_at: time().orNull().filtered(between('created')),
  is_deleted: flag().filtered(whetherDeleted()),
};
type Row = ReturnType<typeof methodRow>;

/**
 * What is each payment method, which customer has it, and until when is it valid? A detached one has no customer; a
 * card may be deleted. Since 2018 these are Stripe's payment methods; before that, and still, cards.
 */
export const paymentMethods = defineProjection({
  name: 'payment_methods',
  version: 3,
  tables: {
    payment_methods: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  objectOf: isAbout('payment_method', 'card'),
  initial: (): Row | null => null,
  evolve: {
    payment_method: (row, fact) => (row?.is_deleted ? row : methodRow(fact, fact.snapshot)),
    deletion: (row, fact) => deletedRow(row, fact),
    ...allBut('payment_method', 'deletion'),
  },
  rows: (row) => ({ payment_methods: row === null ? [] : [row] }),
});

const methodRow = (fact: Fact, method: PaymentMethodSnapshot, isDeleted = false) =>
  rowOf(columns, { ...method, expiresAt: endOfMonth(method), isDeleted }, provenanceOf(fact));

/** A deletion shows the whole card, or only its id. */
function deletedRow(row: Row | null, fact: Fact<DeletionSnapshot>): Row | null {
  const { last } = fact.snapshot;
  if (last?.kind === 'payment_method') return methodRow(fact, last, true);
  return rowOfDeleted(row, fact);
}

function endOfMonth({ expMonth: month, expYear: year }: PaymentMethodSnapshot): string | null {
  if (month === null || year === null || month < 1 || month > 12 || year < 1970 || year > 9998) return null;
  return new Date(Date.UTC(year, month, 1)).toISOString();
}
