import { OWED } from '../../../derivations/settling/settled.js';
import { checkoutSessions } from '../../../projections/checkout-sessions.js';
import { customers } from '../../../projections/customers.js';
import { invoices } from '../../../projections/invoices.js';
import { paymentMethods } from '../../../projections/payment-methods.js';
import { subscriptions } from '../../../projections/subscriptions.js';
import type { Queryable } from '../../read-models/database.js';
import type { Place } from '../../read-models/listing.js';
import { viewOf } from '../../read-models/schema.js';
import type { Answer } from '../answer.js';
import { SETTLED_INVOICES } from '../books/views.js';

const SUBSCRIPTIONS = viewOf(subscriptions, 'subscriptions');
const INVOICES = viewOf(invoices, 'invoices');
/**
 * What other objects say of invoices that their own events show as owed. An invoice that has ended since is no longer
 * owed, which this view may not reflect yet.
 */
const SETTLED = viewOf(SETTLED_INVOICES, 'settled_invoices');
const IS_OWED = `status in (${OWED.map((status) => `'${status}'`).join(', ')})`;
const CUSTOMERS = viewOf(customers, 'customers');
const METHODS = viewOf(paymentMethods, 'payment_methods');
const SESSIONS = viewOf(checkoutSessions, 'checkout_sessions');

/** Statuses in which a subscription renews. */
const LIVE = `('trialing', 'active', 'past_due')`;
/** How far ahead renewals are checked, and how long after the end of a period its renewal may take. */
const RENEWALS_WITHIN = `interval '60 days'`;
const RENEWAL_TAKES = `interval '2 days'`;

/** The payment method for the renewals of a subscription. */
const NAMED = 'coalesce(own.default_payment_method, payer.default_payment_method)';

/** The time from which findings are searched, and the present. */
const SINCE = '$1::timestamptz';
const NOW = '$2::timestamptz';
/** Created since then, by the time that lists of these objects are ordered by, which has an index. */
const isRecent = (of = ''): string => `coalesce(${of}created_at, '-infinity'::timestamptz) >= ${SINCE}`;

/**
 * A list of cases that a person should check. `sql` selects an object's `kind` and `id`, `at`, `customer` and
 * `details`. It starts at an index on that time, so that it reads only recent objects and those they lead to.
 */
export type Finding = Readonly<{ says: string; sql: string }>;

export const FINDINGS: Readonly<Record<string, Finding>> = {
  'overdue-invoices': {
    says: 'Open invoices that are past due, or for which a collection attempt has failed.',
    sql: `select 'invoice' as kind, owed.id, owed.created_at as at, owed.customer, jsonb_build_object('subscription', owed.subscription, 'dueDate', due_date, 'attemptCount', attempt_count,
        'nextPaymentAttempt', next_payment_attempt, 'amountRemainingMinor', coalesce(settled.amount_remaining_minor, owed.amount_remaining_minor), 'currency', currency) as details
      from ${INVOICES} owed left join ${SETTLED} settled on settled.id = owed.id where owed.status = 'open' and not is_deleted and ${isRecent('owed.')}
        and settled.moved_to is null and coalesce(settled.amount_remaining_minor, owed.amount_remaining_minor) > 0
        and (due_date < ${NOW} or (due_date is null and attempt_count > 0))`,
  },
  'finalization-failed': {
    says: 'Invoices that Stripe could not finalize. They stay drafts, and the customer is not charged.',
    sql: `select 'invoice' as kind, id, created_at as at, customer, jsonb_build_object('subscription', subscription, 'error', finalization_error, 'totalMinor', total_minor, 'currency', currency) as details
      from ${INVOICES} where status = 'draft' and not is_deleted and ${isRecent()} and finalization_error is not null`,
  },
  'subscriptions-not-seen': {
    says: 'Subscriptions named by invoices or Checkout Sessions for which no event has arrived. Check that the endpoint receives subscription events.',
    sql: `select 'subscription' as kind, subscription as id, max(created_at) as at, max(customer) as customer, jsonb_build_object('namedBy', min(id)) as details
      from (
        select id, subscription, customer, created_at from ${INVOICES} where subscription is not null and ${isRecent()}
        union all
        select id, subscription, customer, created_at from ${SESSIONS} where subscription is not null and ${isRecent()}
      ) naming where not exists (select from ${SUBSCRIPTIONS} seen where seen.id = naming.subscription)
      group by subscription`,
  },
  'paid-and-incomplete': {
    says: 'Incomplete subscriptions with a paid latest invoice: an event is missing.',
    sql: `select 'subscription' as kind, own.id, own.created_at as at, own.customer, jsonb_build_object('invoice', paid.id, 'paidAt', coalesce(settled.paid_at, paid.paid_at)) as details
      from ${SUBSCRIPTIONS} own join ${INVOICES} paid on paid.id = own.latest_invoice left join ${SETTLED} settled on settled.id = paid.id and paid.${IS_OWED}
      where coalesce(settled.moved_to, paid.status) = 'paid' and own.status in ('incomplete', 'incomplete_expired') and ${isRecent('own.')}`,
  },
  silent: {
    says: 'Subscriptions that had no event for at least two days after the end of their period.',
    sql: `select 'subscription' as kind, id, period_end as at, customer, jsonb_build_object('status', status, 'lastEvent', stripe_event_id, 'lastEventAt', stripe_event_created) as details
      from ${SUBSCRIPTIONS} where period_end >= ${SINCE} and period_end < ${NOW} - ${RENEWAL_TAKES} and status in ${LIVE} and test_clock is null`,
  },
  'paid-after-end': {
    says: 'Invoices paid after their subscription had ended. Refund the payment or restore access.',
    sql: `select 'invoice' as kind, paid.id, paid.paid_at as at, paid.customer, jsonb_build_object('subscription', ended.id, 'endedAt', ended.ended_at, 'amountPaidMinor', paid.amount_paid_minor, 'currency', paid.currency) as details
      from (
        select id, customer, subscription, currency, created_at, paid_at, amount_paid_minor from ${INVOICES} where paid_at >= ${SINCE} and status = 'paid'
        union all
        select own.id, own.customer, own.subscription, own.currency, own.created_at, settled.paid_at, settled.amount_paid_minor
        from ${SETTLED} settled join ${INVOICES} own on own.id = settled.id and own.${IS_OWED} where settled.paid_at >= ${SINCE} and settled.moved_to = 'paid'
      ) paid join ${SUBSCRIPTIONS} ended on ended.id = paid.subscription
      where paid.amount_paid_minor > 0 and ended.ended_at < paid.paid_at and paid.created_at < ended.ended_at`,
  },
  'several-live-subscriptions': {
    says: 'Live subscriptions of a person who has another live one, as the same customer or as customers with the same e-mail address.',
    sql: `select 'subscription' as kind, own.id, own.created_at as at, own.customer, jsonb_build_object('status', own.status, 'others', others.ids) as details
      from ${SUBSCRIPTIONS} own, lateral (
        select array(select other.id from ${SUBSCRIPTIONS} other
          where other.customer in (select own.customer union select twin.id from ${CUSTOMERS} mine join ${CUSTOMERS} twin on lower(twin.email) = lower(mine.email)
            where mine.id = own.customer and not twin.is_deleted and twin.livemode is not distinct from mine.livemode and twin.account is not distinct from mine.account)
          and other.id <> own.id and other.status in ${LIVE} order by other.id limit 20) as ids) others
      where own.status in ${LIVE} and ${isRecent('own.')} and cardinality(others.ids) > 0`,
  },
  'customers-with-one-email': {
    says: 'Customers that share an e-mail address with another customer.',
    sql: `select 'customer' as kind, own.id, own.created_at as at, own.id as customer, jsonb_build_object('email', own.email, 'others', others.ids) as details
      from ${CUSTOMERS} own, lateral (
        select array(select twin.id from ${CUSTOMERS} twin where lower(twin.email) = lower(own.email) and twin.id <> own.id and not twin.is_deleted
          and twin.livemode is not distinct from own.livemode and twin.account is not distinct from own.account order by twin.id limit 20) as ids) others
      where not own.is_deleted and own.email is not null and ${isRecent('own.')} and cardinality(others.ids) > 0`,
  },
  'cannot-pay': {
    says: 'Subscriptions that renew within 60 days without a payment method, or with one that was removed or expires before the renewal.',
    sql: `select 'subscription' as kind, own.id, own.period_end as at, own.customer, jsonb_build_object('status', own.status, 'paymentMethod', method.id, 'last4', method.last4, 'expiresAt', method.expires_at,
        'because', case when ${NAMED} is null then 'no_payment_method' when method.customer is null or method.is_deleted then 'removed' else 'expires' end) as details
      from ${SUBSCRIPTIONS} own left join ${CUSTOMERS} payer on payer.id = own.customer
        left join ${METHODS} method on method.id = ${NAMED}
      where own.period_end >= greatest(${SINCE}, ${NOW}) and own.period_end < ${NOW} + ${RENEWALS_WITHIN} and own.status in ${LIVE} and own.collection_method = 'charge_automatically'
        and not coalesce(own.cancel_at_period_end, false) and (own.cancel_at is null or own.cancel_at > own.period_end)
        and (${NAMED} is null or method.customer is null and method.id is not null or method.is_deleted or method.expires_at <= own.period_end)
        and (${NAMED} is not null or payer.id is not null)`,
  },
};

export type FindingsWanted = Readonly<{ since: string; now: Date; after: Place | null; limit: number }>;

/** Returns the findings, the latest first, and one more than a page when there are more. */
export async function findingsOf(
  connection: Queryable,
  { sql }: Finding,
  { since, now, after, limit }: FindingsWanted,
): Promise<Answer[]> {
  const place = after === null ? '' : 'and (at, id) < ($3::timestamptz, $4)';
  const { rows } = await connection.query<Answer>(
    `select kind, id, at, customer, details from (${sql}) found where ${SINCE} <= ${NOW} ${place} order by at desc, id desc limit ${limit + 1}`,
    [since, now, ...(after === null ? [] : [after.at, after.id])],
  );
  return rows;
}
