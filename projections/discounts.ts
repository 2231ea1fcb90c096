import type { CouponTerms, DeletionSnapshot, DiscountSnapshot } from '../src/events/normalise.js';
import { flag, id, json, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted } from './row.js';
import { couponTerms } from './shapes.js';

/** `terms` are what the coupon takes off; null from 2025-09-30.clover on, when only the coupon itself tells. */
const columns = {
  id: id(),
  customer: id().orNull(),
  subscription: id().orNull(),
  subscription_item: id().orNull(),
  invoice: id().orNull(),
  coupon: id().orNull(),
  terms: json<CouponTerms>(couponTerms).orNull(),
  promotion_code: id().orNull(),
  starts_at: time().orNull(),
  ends_at: time().orNull(),
  /** When the first event that tells of it happened. */
  known_since: time(),
  is_deleted: flag(),
};
type Row = ReturnType<typeof discountRow>;

/**
 * What does each discount take off, of what, until when, and is it still there? From 2020-08-27 on, when discounts got ids; older ones are told
 * by what they are on. Nothing revives one that was taken away.
 */
export const discounts = defineProjection({
  name: 'discounts',
  version: 3,
  tables: {
    discounts: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [
        ['subscription', 'id'],
        ['coupon', 'id'],
        ['promotion_code', 'id'],
      ],
    },
  },
  objectOf: (fact) => ('id' in fact.snapshot && fact.snapshot.id !== null ? isAbout('discount')(fact) : null),
  initial: (): Row | null => null,
  evolve: {
    discount: (row, fact) => (row?.is_deleted ? row : discountRow(row, fact, { ...fact.snapshot, isDeleted: false })),
    deletion: (row, fact) => deletedRow(row, fact),
    ...allBut('discount', 'deletion'),
  },
  rows: (row) => ({ discounts: row === null ? [] : [row] }),
});

function discountRow(
  before: { readonly known_since: string } | null,
  fact: Fact<DiscountSnapshot | DeletionSnapshot>,
  { id: name, ...told }: DiscountSnapshot & { readonly isDeleted: boolean },
) {
  const knownSince = before?.known_since ?? fact.event.created;
  return { ...rowOf(columns, { ...told, id: String(name), knownSince }), ...provenanceOf(fact) };
}

function deletedRow(row: Row | null, fact: Fact<DeletionSnapshot>): Row | null {
  const { last } = fact.snapshot;
  if (last?.kind === 'discount') return discountRow(row, fact, { ...last, isDeleted: true });
  return rowOfDeleted(row, fact);
}
