import { subscriptionSchedules } from '../../../projections/subscription-schedules.js';
import { upcomingInvoices } from '../../../projections/upcoming-invoices.js';
import { resourceOf } from '../resource.js';

/** What subscriptions will become. */
export const SUBSCRIPTION_SCHEDULES = resourceOf(subscriptionSchedules, 'subscription_schedules', {
  name: 'subscription-schedules',
  kind: 'subscription schedule',
});

/** What Stripe last said that the next invoice of each subscription will ask; the id is the subscription's. */
export const UPCOMING_INVOICES = resourceOf(upcomingInvoices, 'upcoming_invoices', {
  name: 'upcoming-invoices',
  kind: 'upcoming invoice of the subscription',
});
