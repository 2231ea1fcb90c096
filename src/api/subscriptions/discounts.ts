import { coupons } from '../../../projections/coupons.js';
import { scopeOf } from '../../../projections/row.js';
import { discounts, isNameless, nameOfDiscount } from '../../../projections/discounts.js';
import { unknownDiscount, type DiscountFacts } from '../../events/normalise.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import type { Answer, Row } from '../answer.js';
import { isoOrNull, textOrNull, timeOrNull } from '../values.js';

const DISCOUNTS = viewOf(discounts, 'discounts');

/** Rows of discounts and coupons, from their own streams. */
export type DiscountRows = Readonly<{ discounts: readonly Row[]; coupons: readonly Row[] }>;

/** Adds all that is known of their discounts to subscriptions and their items. */
export async function withDiscounts(connection: Queryable, found: readonly Answer[]): Promise<Answer[]> {
  if (found.length === 0) return [];
  const listed = found.flatMap(allListedBy);
  const { rows } = await connection.query<Row>(
    `select * from ${DISCOUNTS} where id = any($1) or subscription = any($2)`,
    [listed.flatMap(({ id }) => id ?? []), found.map(({ id }) => id)],
  );
  const known = { discounts: rows, coupons: await couponsOf(connection, [...listed, ...rows]) };
  return found.map((one) => withDiscountsKnown(one, known));
}

/** Returns the coupons of discounts. Terms never change while a coupon exists, so the current row serves the past. */
export async function couponsOf(
  connection: Queryable,
  found: readonly Readonly<{ coupon?: unknown }>[],
): Promise<readonly Row[]> {
  const { rows } = await connection.query<Row>(`select * from ${viewOf(coupons, 'coupons')} where id = any($1)`, [
    found.map(({ coupon }) => coupon).filter((coupon) => typeof coupon === 'string'),
  ]);
  return rows;
}

/** The discounts that a subscription and its items list. */
export const allListedBy = (subscription: Answer): readonly DiscountFacts[] =>
  [subscription, ...itemsOf(subscription)].flatMap(listedOf);

/** Completes the discounts of a subscription and its items from rows of discounts and coupons. Pure. */
export function withDiscountsKnown(subscription: Answer, known: DiscountRows): Answer {
  const own = known.discounts.filter((row) => row['subscription'] === subscription['id']);
  const on = (item: unknown): Row[] => own.filter((row) => row['subscription_item'] === item);
  return {
    ...subscription,
    items: itemsOf(subscription).map((item) => ({
      ...item,
      discounts: discountsOf(subscription, { listed: listedOf(item), own: on(item['id']) }, known),
    })),
    discounts: discountsOf(subscription, { listed: listedOf(subscription), own: on(null) }, known),
  };
}

/**
 * Returns the discounts that the subscription's snapshot lists, plus its later ones, without deleted ones. Since
 * 2020-08-27 a snapshot often has only ids, and since 2025-09-30.clover only coupons have the terms.
 */
function discountsOf(
  subscription: Answer,
  { listed, own }: Readonly<{ listed: readonly DiscountFacts[]; own: readonly Row[] }>,
  known: DiscountRows,
): DiscountFacts[] {
  const rows = new Map(known.discounts.map((row) => [String(row['id']), row]));
  const named = new Map(listed.map((one) => [nameOfDiscount(one, String(subscription['id'])), one]));
  const snapshotAt = timeOf((subscription['changedBy'] as Answer | undefined)?.['created']);
  for (const row of own) {
    const name = String(row['id']);
    if (timeOf(row['known_since']) > snapshotAt && !named.has(name))
      named.set(name, { ...unknownDiscount, id: isNameless(name) ? null : name });
  }
  return [...named]
    .filter(([name]) => rows.get(name)?.['is_deleted'] !== true)
    .map(([name, discount]) => withTerms(merged(discount, rows.get(name)), subscription, known.coupons));
}

const listedOf = ({ discounts: listed }: Answer): readonly DiscountFacts[] =>
  Array.isArray(listed) ? (listed as readonly DiscountFacts[]) : [];
const itemsOf = ({ items }: Answer): readonly Answer[] => (Array.isArray(items) ? (items as readonly Answer[]) : []);

/** Completes a discount of a snapshot from its own events. */
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
  // A coupon created after the discount only reuses the id of a former one, so its terms do not apply.
  const isOther = coupon !== undefined && timeOf(coupon['created_at']) > timeOf(discount.startsAt);
  return {
    ...discount,
    terms: discount.terms ?? ((isOther ? null : (coupon?.['terms'] ?? null)) as DiscountFacts['terms']),
  };
}

const timeOf = (time: unknown): number => timeOrNull(time)?.getTime() ?? Number.NaN;
