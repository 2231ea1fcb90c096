import { subscriptions } from '../../../projections/subscriptions.js';
import { discounts } from '../../../projections/discounts.js';
import { viewOf } from '../../read-models/schema.js';
import { resourceOf } from '../resource.js';
import { withDiscounts } from './discounts.js';

const DISCOUNTS = viewOf(discounts, 'discounts');
const OWN = viewOf(subscriptions, 'subscriptions');

/** Subscriptions. */
export const SUBSCRIPTIONS = {
  ...resourceOf(subscriptions, 'subscriptions', {
    name: 'subscriptions',
    kind: 'subscription',
    own: {
      coupon: (values, count) => hasDiscount({ column: 'coupon', field: 'coupon' }, values, count),
      promotionCode: (values, count) =>
        hasDiscount({ column: 'promotion_code', field: 'promotionCode' }, values, count),
    },
    complete: withDiscounts,
  }),
  past: { kind: 'subscription', page: 'subscriptions', hasRevisions: true },
} as const;

/**
 * SQL for subscriptions with a discount of the coupon or code: in their own snapshot, from a later event of the
 * discount, or listed by its id.
 */
const hasDiscount = (
  { column, field }: Readonly<{ column: string; field: string }>,
  values: string,
  count: number,
): string => `id in (
  select id from ${OWN} subscriptions where (${Array.from({ length: count }, (_, at) => `discounts @> jsonb_build_array(jsonb_build_object('${field}', (${values}::text[])[${at + 1}]))`).join(' or ')})
    and not exists (select from ${DISCOUNTS} gone where gone.subscription = subscriptions.id and gone.${column} = any(${values}::text[]) and gone.is_deleted and gone.stripe_event_created >= subscriptions.stripe_event_created)
  union select own.id from ${DISCOUNTS} told join ${OWN} own on own.id = told.subscription where told.${column} = any(${values}::text[]) and not told.is_deleted
    and (told.known_since > own.stripe_event_created or own.discounts @> jsonb_build_array(jsonb_build_object('id', told.id))
      or own.items @> jsonb_build_array(jsonb_build_object('discounts', jsonb_build_array(jsonb_build_object('id', told.id))))))`;
