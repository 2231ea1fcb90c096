import type { Metadata, PromotionCodeSnapshot } from '../src/events/normalise.js';
import { between, count, entry, flag, id, inAnyCase, json, text, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf, scopeOf } from './row.js';
import { metadata } from './shapes.js';

/** Stripe's own limit is 500 characters. */
const CODE_BYTES_MAX = 2_000;

const columns = {
  id: id(),
  scope: id(),
  code: text({ bytesMax: CODE_BYTES_MAX }).orNull().filtered(inAnyCase()),
  coupon: id().orNull().filtered(),
  customer: id().orNull().filtered(),
  is_active: flag().filtered({ by: 'value', name: 'active', known: null }),
  times_redeemed: count().orNull(),
  max_redemptions: count().orNull(),
  expires_at: time().orNull(),
  metadata: json<Metadata>(metadata).orNull().filtered(entry()),
  created_at: time().orNull().filtered(between('created')),
};
type Row = ReturnType<typeof codeRow>;

/**
 * Which coupon does each promotion code give, to whom, and can it still be used? Stripe never deletes promotion codes.
 */
export const promotionCodes = defineProjection({
  name: 'promotion_codes',
  version: 3,
  tables: {
    promotion_codes: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id', 'scope'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  initial: (): Row | null => null,
  evolve: { promotion_code: (_, fact) => codeRow(fact), ...allBut('promotion_code') },
  rows: (row) => ({ promotion_codes: row === null ? [] : [row] }),
});

const codeRow = (fact: Fact<PromotionCodeSnapshot>) =>
  rowOf(
    columns,
    { ...fact.snapshot, isActive: fact.snapshot.active, scope: scopeOf(fact.snapshot) },
    provenanceOf(fact),
  );
