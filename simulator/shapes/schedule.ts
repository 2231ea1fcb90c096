import type Stripe from 'stripe';
import { isBasilOrLater, isCloverOrLater } from '../api-version.js';
import type { Schedule, SchedulePhase } from '../books.js';
import type { JsonObject, Shape, StripeObject } from '../json.js';
import { nulls, type View } from './view.js';

/** Fields of the `stripe` package's type that are newer than the versions rendered here. */
type NewerFields = 'billing_mode' | 'customer_account' | 'pause_schedules';

export function scheduleShape(view: View, schedule: Schedule): StripeObject {
  const current = schedule.phases[schedule.current];
  const isReleased = schedule.status === 'released';
  return {
    id: schedule.id,
    object: 'subscription_schedule',
    application: null,
    ...(isCloverOrLater(view.apiVersion) ? { billing_mode: { type: 'flexible' } } : {}),
    canceled_at: schedule.status === 'canceled' ? schedule.endedAt : null,
    completed_at: schedule.status === 'completed' ? schedule.endedAt : null,
    created: schedule.createdAt,
    current_phase: schedule.status === 'active' ? { end_date: current.endAt, start_date: current.startAt } : null,
    customer: schedule.customer,
    default_settings: {
      ...nulls(
        'application_fee_percent',
        'billing_thresholds',
        'default_payment_method',
        'description',
        'on_behalf_of',
        'transfer_data',
      ),
      automatic_tax: isBasilOrLater(view.apiVersion)
        ? { disabled_reason: null, enabled: false, liability: null }
        : { enabled: false },
      billing_cycle_anchor: 'automatic',
      collection_method: 'charge_automatically',
      invoice_settings: { account_tax_ids: null, days_until_due: null, issuer: { type: 'self' } },
    },
    end_behavior: schedule.endBehavior,
    livemode: view.account.livemode,
    metadata: {},
    phases: schedule.phases.map((phase) => phaseShape(view, phase)),
    released_at: isReleased ? schedule.endedAt : null,
    released_subscription: isReleased ? schedule.subscription : null,
    ...(isBasilOrLater(view.apiVersion) ? {} : { renewal_interval: null }),
    status: schedule.status,
    subscription: isReleased ? null : schedule.subscription,
    test_clock: view.clock?.id ?? null,
  } satisfies Omit<Shape<Stripe.SubscriptionSchedule>, NewerFields> & StripeObject;
}

function phaseShape(view: View, { startAt, endAt, items }: SchedulePhase): JsonObject {
  return {
    add_invoice_items: [],
    ...nulls(
      'application_fee_percent',
      'billing_cycle_anchor',
      'collection_method',
      'default_payment_method',
      'description',
      'invoice_settings',
      'on_behalf_of',
      'transfer_data',
      'trial_end',
    ),
    ...(isBasilOrLater(view.apiVersion) ? { discounts: [] } : { billing_thresholds: null, coupon: null }),
    default_tax_rates: [],
    end_date: endAt,
    items: items.map(({ price, quantity }) => ({
      plan: price.id,
      price: price.id,
      ...(quantity === null ? {} : { quantity }),
      tax_rates: [],
    })),
    metadata: {},
    proration_behavior: 'create_prorations',
    start_date: startAt,
  };
}
