import type { DeletionSnapshot, PaymentMethodSnapshot } from '../src/events/normalise.js';
import { between, count, flag, id, text, time, whetherDeleted } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

/** `expires_at` is the first moment at which a card can be charged no more: the end of its last month, in UTC. */
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

/** Objects that are ways to pay: since 2018 payment methods, before that, and still, cards. */
const OBJECTS = ['payment_method', 'card'];

/** What is each way to pay, whose is it, and until when is it good? One that is detached is nobody's; a card may be deleted. */
export const paymentMethods = defineProjection({
  name: 'payment_methods',
  version: 1,
  tables: {
    payment_methods: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  objectOf: ({ snapshot, order }) =>
    snapshot.kind === 'deletion' && !OBJECTS.includes(snapshot.object) ? null : order.objectKey,
  initial: (): Row | null => null,
  evolve: {
    payment_method: (row, fact) => (row?.is_deleted ? row : methodRow(fact)),
    deletion: (row, fact) => (row === null ? null : deletedRow(row, fact)),
    ...allBut('payment_method', 'deletion'),
  },
  rows: (row) => ({ payment_methods: row === null ? [] : [row] }),
});

const methodRow = (fact: Fact<PaymentMethodSnapshot>) => ({
  ...rowOf(columns, { ...fact.snapshot, expiresAt: endOfMonth(fact.snapshot), isDeleted: false }),
  ...provenanceOf(fact),
});

const deletedRow = (row: Row, fact: Fact<DeletionSnapshot>): Row => ({
  ...row,
  is_deleted: true,
  ...provenanceOf(fact),
});

function endOfMonth({ expMonth: month, expYear: year }: PaymentMethodSnapshot): string | null {
  if (month === null || year === null || month < 1 || month > 12 || year < 1970 || year > 9998) return null;
  return new Date(Date.UTC(year, month, 1)).toISOString();
}
