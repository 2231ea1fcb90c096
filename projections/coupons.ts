import type { CouponSnapshot, CouponTerms, DeletionSnapshot, Metadata } from '../src/events/normalise.js';
import { between, count, entry, flag, id, json, text, time, whetherDeleted } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { concernsRow, endsRow, isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted, scopeOf } from './row.js';
import { couponTerms, metadata } from './shapes.js';

/** Users choose coupon ids, which are unique in the `scope` of an account and mode. */
const columns = {
  id: id(),
  scope: id(),
  name: text().orNull(),
  terms: json<CouponTerms>(couponTerms),
  is_valid: flag().orNull().filtered({ by: 'value', name: 'valid', known: null }),
  times_redeemed: count().orNull(),
  max_redemptions: count().orNull(),
  redeem_by: time().orNull(),
  metadata: json<Metadata>(metadata).orNull().filtered(entry()),
  created_at: time().orNull().filtered(between('created')),
  is_deleted: flag().filtered(whetherDeleted()),
};
type Row = ReturnType<typeof couponRow>;

/** What does each coupon take off, and can it still be redeemed? Discounts outlive the deletion of their coupon. */
export const coupons = defineProjection({
  name: 'coupons',
  version: 5,
  tables: {
    coupons: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id', 'scope'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  objectOf: isAbout('coupon'),
  initial: (): Row | null => null,
  evolve: {
    coupon: (row, fact) => (concernsRow(row, fact.snapshot.createdAt) ? couponRow(fact, fact.snapshot) : row),
    deletion: (row, fact) => deletedRow(row, fact),
    ...allBut('coupon', 'deletion'),
  },
  rows: (row) => ({ coupons: row === null ? [] : [row] }),
});

const couponRow = (fact: Fact, coupon: CouponSnapshot, isDeleted = false) =>
  rowOf(columns, { ...coupon, scope: scopeOf(coupon), isDeleted }, provenanceOf(fact));

/** A deletion shows the whole coupon, or only its id. */
function deletedRow(row: Row | null, fact: Fact<DeletionSnapshot>): Row | null {
  if (!endsRow(row, fact)) return row;
  const { last } = fact.snapshot;
  if (last?.kind === 'coupon') return couponRow(fact, last, true);
  return rowOfDeleted(row, fact);
}
