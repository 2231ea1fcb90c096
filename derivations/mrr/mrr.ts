import { between, count, flag, id, json, money, oneOf, text, time } from '../../projections/columns.js';
import type { Row } from '../../projections/projection.js';
import { provenanceColumns } from '../../projections/row.js';
import { defineDerivation } from '../derivation.js';
import type { MoneyPolicy } from '../policy.js';
import { calendarOf, dayName } from '../revenue/calendar.js';
import { secondOf, timeOf } from '../time.js';
import type { Cause, CouponRow, DiscountSpanRow, ItemLineRow, PriceTermsRow, TermsRow } from './facts.js';
import { customerMrr, type MovementKind } from './movements.js';
import { subscriptionMrr, type MrrPart, type PartCause } from './subscription.js';

type Terms = TermsRow & Readonly<{ customer: string }>;
type SubscriptionRows = Readonly<{
  terms: readonly Terms[];
  prices: readonly (PriceTermsRow & Readonly<{ id: string }>)[];
  coupons: readonly Readonly<{ id: string; terms: CouponRow }>[];
  discounts: readonly DiscountSpanRow[];
  lines: readonly ItemLineRow[];
  paid: readonly Readonly<{ at: string | null }>[];
}>;

const eventOf = ({ livemode, account, ...event }: Cause) => ({
  livemode,
  account,
  stripe_event_id: event.stripe_event_id,
  stripe_event_type: event.stripe_event_type,
  stripe_event_created: event.stripe_event_created,
  api_version: event.api_version,
});

/** The mode and account of amounts. */
const whose = { livemode: flag(), account: id().orNull() };
const scopeOf = ({ livemode, account }: Pick<Cause, 'livemode' | 'account'>) => ({
  livemode: livemode === true,
  account,
});

/** A change of an item's MRR and its cause. Minor units of `currency`. */
const partColumns = {
  subscription: id(),
  item: id(),
  at: time(),
  cause: id(),
  mrr_minor: money(),
  annual_minor: money(),
  /** The cause when no event marks the moment, such as `discount.end` or `resumes_at`; null: the event itself. */
  by: text().orNull(),
};

/** A key of a price, a coupon or a customer: it has no rows, but `reach` finds its subscriptions. */
const via = (kind: string, name: unknown): string[] => (name === null ? [] : [`${kind} ${String(name)}`]);
const given = (kind: string): string =>
  `(select substr(key, ${kind.length + 2}) as id from unnest($1::text[]) as asked(key) where key like '${kind} %') as given`;
const PRICE = `"billing_scheme" as "billingScheme", unit_amount_decimal as "unitAmountDecimal", tiers, tiers_mode as "tiersMode",
  transform_quantity as "transformQuantity", usage_type as "usageType", p.interval, interval_count as "intervalCount"`;

/** The MRR of each subscription over time, by item. A key is a subscription. */
export const subscriptionMrrs = defineDerivation({
  name: 'subscription_mrr',
  version: 2,
  reads: ['subscription_terms', 'prices', 'coupons', 'discounts', 'invoices', 'settled_invoices'],
  tables: {
    mrr_items: {
      columns: {
        subscription: id(),
        no: count(),
        item: id(),
        customer: id(),
        currency: id().orNull(),
        since: time(),
        until: time().orNull(),
        status: id(),
        counting: id(),
        /** For one period, after discounts; null: unknown. */
        amount_minor: money().orNull(),
        annual_minor: money(),
        mrr_minor: money(),
        trialing_minor: money(),
        is_unknown: flag(),
        why: text(),
        price: id().orNull(),
        product: id().orNull(),
        quantity: count().orNull(),
        ...whose,
      },
      key: ['subscription', 'no'],
      indexes: [
        ['customer', 'since'],
        ['is_unknown', 'currency'],
      ],
    },
    mrr_parts: {
      columns: { no: count(), customer: id(), currency: id(), ...partColumns, ...provenanceColumns },
      key: ['subscription', 'no'],
      indexes: [['customer', 'currency']],
    },
    mrr_trials: {
      columns: {
        subscription: id(),
        no: count(),
        customer: id(),
        currency: id().orNull(),
        started_at: time(),
        ended_at: time().orNull(),
        converted_at: time().orNull(),
        ...whose,
      },
      key: ['subscription', 'no'],
      indexes: [['ended_at']],
    },
  },
  keysOf: {
    subscription_terms: ({ subscription }) => [String(subscription)],
    prices: (row) => via('price', row['id']),
    coupons: (row) => via('coupon', row['id']),
    discounts: ({ subscription, customer }) =>
      subscription === null ? via('customer', customer) : [String(subscription)],
    invoices: ({ subscription }) => (subscription === null ? [] : [String(subscription)]),
    invoice_lines: ({ subscription }) => (subscription === null ? [] : [String(subscription)]),
    settled_invoices: ({ subscription }) => (subscription === null ? [] : [String(subscription)]),
  },
  reach: {
    prices: `select found.key from ${given('price')} cross join lateral (
      select distinct subscription as key from {subscription_terms} where items @> jsonb_build_array(jsonb_build_object('price', given.id))) as found`,
    coupons: `select found.key from ${given('coupon')} cross join lateral (
      select distinct subscription as key from {subscription_terms} where discounts @> jsonb_build_array(jsonb_build_object('coupon', given.id))) as found`,
    customers: `select found.key from ${given('customer')} cross join lateral (
      select distinct subscription as key from {subscription_terms} where customer = given.id) as found`,
  },
  facts: {
    terms: `select *, subscription as key from {subscription_terms} where subscription = any($1) order by subscription, no`,
    prices: `select items.key, p.id, ${PRICE} from (select distinct subscription as key, item->>'price' as price
      from {subscription_terms}, jsonb_array_elements(items) as item where subscription = any($1)) as items join {prices} p on p.id = items.price order by p.scope`,
    coupons: `select named.key, c.id, c.terms from (select distinct subscription as key, discount->>'coupon' as coupon
      from {subscription_terms}, jsonb_array_elements(discounts) as discount where subscription = any($1)) as named join {coupons} c on c.id = named.coupon order by c.scope`,
    discounts: `select owned.key, d.id, d.coupon, d.terms, d.starts_at, d.ends_at, case when d.is_deleted then d.stripe_event_created end as removed_at,
        d.subscription is null as is_customers, d.stream
      from (select distinct subscription as key, customer from {subscription_terms} where subscription = any($1)) as owned
      join {discounts} d on d.subscription = owned.key or (d.customer = owned.customer and d.subscription is null and d.invoice is null) order by d.id`,
    lines: `select i.subscription as key, l.subscription_item, l.price, l.quantity, l.amount_minor, i.finalized_at, i.stream
      from {invoices} i join {invoice_lines} l on l.invoice = i.id
      where i.subscription = any($1) and l.subscription_item is not null and not l.is_proration and i.finalized_at is not null order by i.finalized_at, l.invoice, l.no`,
    paid: `select i.subscription as key, min(coalesce(s.paid_at, i.paid_at)) as at from {invoices} i left join {settled_invoices} s on s.id = i.id
      where i.subscription = any($1) and coalesce(s.moved_to, i.status) = 'paid' and i.total_minor > 0 group by i.subscription`,
  },
  derive(subscription, { terms, prices, coupons, discounts, lines, paid }: SubscriptionRows, policy: MoneyPolicy) {
    const last = terms.at(-1);
    if (last === undefined) return { mrr_items: [], mrr_parts: [], mrr_trials: [] };
    const { customer } = last;
    const { items, parts, trials } = subscriptionMrr(
      {
        subscription,
        customer,
        terms,
        prices: new Map(prices.map((price) => [price.id, price])),
        coupons: new Map(coupons.map((coupon) => [coupon.id, coupon.terms])),
        discounts,
        lines,
        firstPaidAt: paid[0]?.at ?? null,
      },
      policy,
    );
    const currency = last.currency ?? parts.at(-1)?.currency ?? null;
    const of = scopeOf(last);
    return {
      mrr_items: items.map(({ item, since, until, status, counting, ...worth }, place) => ({
        ...{ subscription, no: place + 1, item, customer, currency, since: timeOf(since) },
        ...{ until: until === null ? null : timeOf(until), status, counting },
        ...{ amount_minor: worth.amountMinor, annual_minor: worth.annualMinor, mrr_minor: worth.mrrMinor },
        ...{ trialing_minor: worth.trialingMinor, is_unknown: worth.isUnknown, why: worth.why },
        ...{ price: worth.price, product: worth.product, quantity: worth.quantity },
        ...of,
      })),
      mrr_parts: parts.map((part, place) => ({
        ...{ subscription, no: place + 1, customer: part.customer, currency: part.currency, item: part.item },
        ...{ at: timeOf(part.at), cause: part.cause, mrr_minor: part.mrrMinor, annual_minor: part.annualMinor },
        ...{ by: part.by, ...eventOf(part.event) },
      })),
      mrr_trials: trials.map(({ startedAt, endedAt, convertedAt }, place) => ({
        ...{ subscription, no: place + 1, customer, currency, started_at: timeOf(startedAt), ...of },
        ended_at: endedAt === null ? null : timeOf(endedAt),
        converted_at: convertedAt === null ? null : timeOf(convertedAt),
      })),
    };
  },
});

const namesOf = ({ stripe_event_id, stripe_event_type, stripe_event_created, api_version }: Cause) => ({
  stripe_event_id,
  stripe_event_type,
  stripe_event_created,
  api_version,
});

type PartRow = Readonly<{
  subscription: string;
  customer: string;
  currency: string;
  item: string;
  at: string;
  cause: PartCause;
  mrr_minor: number;
  annual_minor: number;
  by: string | null;
}> &
  Cause;

const partOf = ({ at, mrr_minor: mrrMinor, annual_minor: annualMinor, ...row }: PartRow): MrrPart => ({
  ...{ subscription: row.subscription, customer: row.customer, currency: row.currency, item: row.item },
  ...{ at: secondOf(at), cause: row.cause, mrrMinor, annualMinor, by: row.by, event: eventOf(row) },
});

export const KINDS: readonly MovementKind[] = ['opening', 'new', 'reactivation', 'expansion', 'contraction', 'churn'];
const sumColumns = Object.fromEntries(KINDS.map((kind) => [`${kind}_minor`, money()]));

/** The difference of a step from the one before it. */
const changes = { mrr_change_minor: money(), annual_change_minor: money(), subscriptions_change: count() };

const customerColumns = { customer: id(), currency: id() };

/** The MRR of each customer in each currency, and its movements. A key is a customer and a currency: `cus_1:usd`. */
export const mrr = defineDerivation({
  name: 'mrr',
  version: 2,
  reads: ['subscription_mrr'],
  tables: {
    mrr_steps: {
      columns: {
        ...customerColumns,
        at: time(),
        mrr_minor: money(),
        annual_minor: money(),
        subscriptions: count(),
        day: id(),
        ...changes,
        ...whose,
      },
      key: ['customer', 'currency', 'at'],
      indexes: [['at']],
    },
    mrr_movements: {
      columns: {
        /** `cus_1:usd:` followed by its second. */
        id: id(),
        customer: id().filtered(),
        currency: id().filtered(),
        at: time().filtered(between('')),
        /** The time of the first change in it. */
        first_at: time(),
        kind: id().filtered(oneOf(KINDS)),
        amount_minor: money(),
        before_minor: money(),
        after_minor: money(),
        day: id(),
        livemode: flag().filtered(),
        account: id().orNull().filtered(),
        /** Changes by item, which add up to the movement. */
        parts: json<readonly object[]>({ type: 'array', items: { type: 'object' } }),
        stripe_event_id: id().filtered({ by: 'value', name: 'stripeEvent', known: null }),
        ...{ stripe_event_type: text(), stripe_event_created: time(), api_version: text().orNull() },
      },
      key: ['customer', 'currency', 'at'],
      indexes: [['id']],
      listedBy: { time: 'at', id: 'id' },
    },
  },
  rollups: {
    /** The changes of a day, of every kind. */
    mrr_changes: {
      of: 'mrr_steps',
      columns: { currency: id(), livemode: flag(), account: id(), day: id(), ...changes },
      key: ['currency', 'livemode', 'account', 'day'],
      indexes: [],
      add: (row: Row) => ({
        ...Object.fromEntries(
          ['currency', 'livemode', 'day', ...Object.keys(changes)].map((column) => [column, row[column]]),
        ),
        account: row['account'] ?? '',
      }),
    },
    mrr_days: {
      of: 'mrr_movements',
      columns: {
        currency: id(),
        livemode: flag(),
        account: id(),
        day: id(),
        ...sumColumns,
        change_minor: money(),
        customers: count(),
      },
      key: ['currency', 'livemode', 'account', 'day'],
      indexes: [],
      add: (row: Row) => ({
        currency: row['currency'],
        livemode: row['livemode'],
        account: row['account'] ?? '',
        day: row['day'],
        [`${String(row['kind'])}_minor`]: Math.abs(Number(row['amount_minor'])),
        change_minor: row['amount_minor'],
        customers: row['before_minor'] === 0 ? 1 : row['after_minor'] === 0 ? -1 : 0,
      }),
    },
  },
  keysOf: { mrr_parts: ({ customer, currency }) => [`${String(customer)}:${String(currency)}`] },
  facts: {
    parts: `select *, customer || ':' || currency as key from {mrr_parts}
      where customer = any(select split_part(asked, ':', 1) from unnest($1::text[]) as asked) and customer || ':' || currency = any($1)
      order by at, subscription, no`,
  },
  derive(_key, { parts }: Readonly<{ parts: readonly PartRow[] }>, policy: MoneyPolicy) {
    const [first] = parts;
    if (first === undefined) return { mrr_steps: [], mrr_movements: [] };
    const { customer, currency } = first;
    const { dayOf } = calendarOf(policy.zone);
    const { steps, movements } = customerMrr(parts.map(partOf), policy);
    const of = scopeOf(first);
    return {
      mrr_steps: steps.map(({ at, mrrMinor, annualMinor, subscriptions }, place) => ({
        ...{ customer, currency, at: timeOf(at), mrr_minor: mrrMinor, annual_minor: annualMinor, subscriptions },
        day: dayName(dayOf(at)),
        mrr_change_minor: mrrMinor - (steps[place - 1]?.mrrMinor ?? 0),
        annual_change_minor: annualMinor - (steps[place - 1]?.annualMinor ?? 0),
        subscriptions_change: subscriptions - (steps[place - 1]?.subscriptions ?? 0),
        ...of,
      })),
      mrr_movements: movements.map(({ at, firstAt, kind, amountMinor, beforeMinor, afterMinor, parts: all }) => ({
        ...{ id: `${customer}:${currency}:${at}`, customer, currency, at: timeOf(at), first_at: timeOf(firstAt), kind },
        ...{ amount_minor: amountMinor, before_minor: beforeMinor, after_minor: afterMinor, ...of },
        day: dayName(dayOf(at)),
        parts: all.map(({ subscription, item, at: partAt, cause, mrrMinor, by, event }) => ({
          ...{ subscription, item, at: timeOf(partAt), cause, amountMinor: mrrMinor, by },
          stripeEventId: event.stripe_event_id,
        })),
        ...namesOf(all[0]?.event ?? first),
      })),
    };
  },
});
