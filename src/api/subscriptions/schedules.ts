import { invoices } from '../../../projections/invoices.js';
import { subscriptionSchedules } from '../../../projections/subscription-schedules.js';
import { upcomingInvoices } from '../../../projections/upcoming-invoices.js';
import { subscriptions } from '../../../projections/subscriptions.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { resourceOf, type Resource } from '../resource.js';

/** Subscription schedules. */
export const SUBSCRIPTION_SCHEDULES = resourceOf(subscriptionSchedules, 'subscription_schedules', {
  name: 'subscription-schedules',
  kind: 'subscription schedule',
});

/** SQL: the previewed invoice has been created, or never will be, because its subscription has ended or ends before. */
const IS_PAST = `
  exists (select from ${viewOf(invoices, 'invoices')} renewal where renewal.subscription = upcoming_invoices.id and not renewal.is_deleted
    and renewal.created_at >= upcoming_invoices.previewed_at and coalesce(renewal.billing_reason, 'subscription_cycle') = 'subscription_cycle')
  or exists (select from ${viewOf(subscriptions, 'subscriptions')} own where own.id = upcoming_invoices.id
    and (own.status in ('canceled', 'incomplete_expired') or own.cancel_at_period_end
      or own.cancel_at <= coalesce(upcoming_invoices.next_payment_attempt, upcoming_invoices.period_end)))`;

/** The next invoice of each subscription as Stripe last previewed it; the id is the subscription's. */
export const UPCOMING_INVOICES: Resource = {
  ...resourceOf(upcomingInvoices, 'upcoming_invoices', {
    name: 'upcoming-invoices',
    kind: 'upcoming invoice of the subscription',
  }),
  sources: [
    `(select * from ${rowsWithStaleness(upcomingInvoices, 'upcoming_invoices')} where not (${IS_PAST})) upcoming_invoices`,
  ],
};
