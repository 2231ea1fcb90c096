import type { CouponTerms, DeletionSnapshot, DiscountFacts, DiscountSnapshot } from '../src/events/normalise.js';
import { flag, id, json, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted, withId, type ById } from './row.js';
import { couponTerms } from './shapes.js';

/**
 * `terms` are what the coupon takes off; null from API version 2025-09-30.clover on, when only the coupon itself has
 * them.
 */
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
  /** When the first event that shows it happened. */
  known_since: time(),
  is_deleted: flag(),
};
type Row = ReturnType<typeof discountRow>;

/** Discounts without an id share one object of the stream: a customer may have several, at once or in succession. */
type State = ById<Row>;

/** The name of a discount: its id or, before 2020-08-27, what it applies to, its coupon and its start. */
export const nameOfDiscount = (
  { id: own, coupon, startsAt }: Pick<DiscountFacts, 'id' | 'coupon' | 'startsAt'>,
  on: string | null,
): string => own ?? `${on} ${coupon} ${startsAt}`;

/** Whether a discount has a name made by the ledger instead of an id. */
export const isNameless = (name: string): boolean => name.includes(' ');

/**
 * What does each discount take off, of what, until when, and does it still apply? Nothing revives a removed discount.
 */
export const discounts = defineProjection({
  name: 'discounts',
  version: 5,
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
  objectOf: isAbout('discount'),
  initial: (): State => ({}),
  evolve: {
    discount: (rows, fact) => withDiscount(rows, fact, { ...fact.snapshot, isDeleted: false }),
    deletion: (rows, fact) => withoutDiscount(rows, fact),
    ...allBut('discount', 'deletion'),
  },
  rows: (rows) => ({ discounts: Object.values(rows) }),
});

function withDiscount(
  rows: State,
  fact: Fact<DiscountSnapshot | DeletionSnapshot>,
  discount: DiscountSnapshot & { readonly isDeleted: boolean },
): State {
  const name = nameOfDiscount(discount, discount.subscription ?? discount.customer);
  const before = withId(rows, name);
  return before?.is_deleted && !discount.isDeleted
    ? rows
    : { ...rows, [name]: discountRow(before ?? null, fact, { ...discount, id: name }) };
}

function discountRow(
  before: { readonly known_since: string } | null,
  fact: Fact<DiscountSnapshot | DeletionSnapshot>,
  { id: name, ...discount }: DiscountSnapshot & { readonly id: string | null; readonly isDeleted: boolean },
) {
  const knownSince = before?.known_since ?? fact.event.created;
  return rowOf(columns, { ...discount, id: String(name), knownSince }, provenanceOf(fact));
}

function withoutDiscount(rows: State, fact: Fact<DeletionSnapshot>): State {
  const { last, id: name } = fact.snapshot;
  if (last?.kind === 'discount') return withDiscount(rows, fact, { ...last, isDeleted: true });
  const deleted = name === null ? null : rowOfDeleted(withId(rows, name) ?? null, fact);
  return deleted === null ? rows : { ...rows, [deleted.id]: deleted };
}
