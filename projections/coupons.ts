import type { CouponSnapshot, CouponTerms, DeletionSnapshot } from '../src/events/normalise.js';
import { flag, id, json, text } from './columns.js';
import { defineProjection, ignored, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

/** `owner` is the account and mode in which the id is unique: users choose the ids of coupons. */
const columns = {
  owner: id(),
  id: id(),
  name: text().orNull(),
  terms: json<CouponTerms>({ type: 'object' }),
  is_deleted: flag(),
};
type Row = ReturnType<typeof couponRow>;

/** What does each coupon take off? A deleted one keeps its row: discounts that were made of it go on. */
export const coupons = defineProjection({
  name: 'coupons',
  version: 1,
  tables: { coupons: { columns: { ...columns, ...provenanceColumns }, key: ['owner', 'id'], indexes: [['id']] } },
  objectOf: ({ snapshot, order }) =>
    snapshot.kind === 'deletion' && snapshot.object !== 'coupon' ? null : order.objectKey,
  initial: (): Row | null => null,
  evolve: {
    coupon: (row, fact) => (row?.is_deleted ? row : couponRow(fact, fact.snapshot, false)),
    deletion: (row, fact) => {
      const { last } = fact.snapshot;
      if (last?.kind === 'coupon') return couponRow(fact, last, true);
      return row === null ? null : { ...row, is_deleted: true, ...provenanceOf(fact) };
    },
    ...ignored(
      'subscription',
      'invoice',
      'upcoming_invoice',
      'invoice_item',
      'invoice_payment',
      'payment',
      'refund',
      'dispute',
      'credit_note',
      'checkout_session',
      'subscription_schedule',
      'customer',
      'discount',
      'entitlements',
      'price',
      'plan',
      'product',
      'related_object',
    ),
  },
  rows: (row) => ({ coupons: row === null ? [] : [row] }),
});

const couponRow = (fact: Fact<CouponSnapshot | DeletionSnapshot>, coupon: CouponSnapshot, isDeleted: boolean) => ({
  ...rowOf(columns, { ...coupon, owner: ownerOf(coupon), isDeleted }),
  ...provenanceOf(fact),
});

/** The account and mode of an object whose id users choose. */
export const ownerOf = ({ account, livemode }: Readonly<{ account: unknown; livemode: unknown }>): string =>
  `${typeof account === 'string' ? account : 'own'} ${livemode === true ? 'live' : 'test'}`;
