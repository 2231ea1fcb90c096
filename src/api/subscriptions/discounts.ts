import { coupons } from '../../../projections/coupons.js';
import { scopeOf } from '../../../projections/row.js';
import { discounts } from '../../../projections/discounts.js';
import { unknownDiscount, type DiscountFacts } from '../../events/normalise.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import type { Answer, Row } from '../answer.js';
import { isoOrNull, textOrNull, timeOrNull } from '../values.js';

const DISCOUNTS = viewOf(discounts, 'discounts');

/** What discounts and coupons say of themselves, in streams of their own. */
export type DiscountRows = Readonly<{ discounts: readonly Row[]; coupons: readonly Row[] }>;

/** Subscriptions with all that is known of their discounts. */
export async function withDiscounts(connection: Queryable, found: readonly Answer[]): Promise<Answer[]> {
  if (found.length === 0) return [];
  const listed = found.flatMap((one) => listedOf(one).flatMap(({ id }) => id ?? []));
  const { rows } = await connection.query<Row>(
    `select * from ${DISCOUNTS} where id = any($1) or subscription = any($2)`,
    [listed, found.map(({ id }) => id)],
  );
  const known = { discounts: rows, coupons: await couponsOf(connection, [...found.flatMap(listedOf), ...rows]) };
  return found.map((one) => ({ ...one, discounts: discountsOf(one, known) }));
}

/** The coupons of these discounts. What a coupon takes off never changes, so that the present tells the past. */
export async function couponsOf(
  connection: Queryable,
  found: readonly Readonly<{ coupon?: unknown }>[],
): Promise<readonly Row[]> {
  const { rows } = await connection.query<Row>(`select * from ${viewOf(coupons, 'coupons')} where id = any($1)`, [
    found.map(({ coupon }) => coupon).filter((coupon) => typeof coupon === 'string'),
  ]);
  return rows;
}

/**
 * The discounts of a subscription: those that its own snapshot lists and those that came later, without those that are gone. From
 * 2020-08-27 on a snapshot often has their ids alone, and from 2025-09-30.clover on only coupons have the terms. Pure.
 */
export function discountsOf(subscription: Answer, known: DiscountRows): DiscountFacts[] {
  const listed = listedOf(subscription);
  const own = new Map(known.discounts.map((row) => [String(row['id']), row]));
  const snapshotAt = timeOf((subscription['changedBy'] as Answer | undefined)?.['created']);
  const later = known.discounts.filter(
    (row) =>
      row['subscription'] === subscription['id'] &&
      row['subscription_item'] === null &&
      timeOf(row['known_since']) > snapshotAt &&
      !listed.some(({ id }) => id === row['id']),
  );
  return [...listed, ...later.map(({ id }) => ({ ...unknownDiscount, id: String(id) }))]
    .filter(({ id }) => id === null || own.get(id)?.['is_deleted'] !== true)
    .map((discount) => withTerms(merged(discount, own.get(String(discount.id))), subscription, known.coupons));
}

const listedOf = ({ discounts: listed }: Answer): readonly DiscountFacts[] =>
  Array.isArray(listed) ? (listed as readonly DiscountFacts[]) : [];

/** What a snapshot of the subscription does not say, the discount's own events do. */
function merged(discount: DiscountFacts, row: Row | undefined): DiscountFacts {
  if (row === undefined) return discount;
  return {
    id: discount.id,
    coupon: discount.coupon ?? textOrNull(row['coupon']),
    terms: discount.terms ?? (row['terms'] as DiscountFacts['terms']),
    promotionCode: discount.promotionCode ?? textOrNull(row['promotion_code']),
    startsAt: discount.startsAt ?? isoOrNull(row['starts_at']),
    endsAt: isoOrNull(row['ends_at']) ?? discount.endsAt,
  };
}

function withTerms(discount: DiscountFacts, { account, livemode }: Answer, found: readonly Row[]): DiscountFacts {
  const scope = scopeOf({ account: textOrNull(account), livemode: livemode === true });
  const coupon = found.find((row) => row['id'] === discount.coupon && row['scope'] === scope);
  return { ...discount, terms: discount.terms ?? ((coupon?.['terms'] ?? null) as DiscountFacts['terms']) };
}

const timeOf = (time: unknown): number => timeOrNull(time)?.getTime() ?? Number.NaN;
