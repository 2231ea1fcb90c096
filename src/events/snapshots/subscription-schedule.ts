import { Fields } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** One phase of a schedule, and its items. */
export type SchedulePhase = Readonly<{
  startsAt: string | null;
  endsAt: string | null;
  trialEndsAt: string | null;
  items: readonly Readonly<{ price: string | null; quantity: number | null }>[];
}>;

/** A subscription schedule: the future of a subscription, in phases. */
export type SubscriptionScheduleSnapshot = Readonly<{
  kind: 'subscription_schedule';
  id: string;
  /** `not_started`, `active`, `completed`, `released`, `canceled`. */
  status: string;
  customer: string | null;
  /** The subscription that it manages, or managed until it was released. */
  subscription: string | null;
  endBehavior: string | null;
  currentPhase: Readonly<{ startsAt: string; endsAt: string }> | null;
  phases: readonly SchedulePhase[];
  createdAt: string | null;
  canceledAt: string | null;
  completedAt: string | null;
  releasedAt: string | null;
  testClock: string | null;
}> &
  Origin;

export function subscriptionScheduleSnapshot(stripeEvent: StripeEvent): SubscriptionScheduleSnapshot {
  const schedule = new Fields(stripeEvent.data.object, 'subscription_schedule');
  const current = schedule.hashOrNull('current_phase');
  return {
    kind: 'subscription_schedule',
    id: schedule.id('id'),
    status: schedule.text('status'),
    customer: schedule.idOrNull('customer'),
    subscription: schedule.idOrNull('subscription', 'released_subscription'),
    // `renewal_behavior` before 2019-10-17.
    endBehavior: schedule.textOrNull('end_behavior', 'renewal_behavior'),
    currentPhase: current && { startsAt: current.time('start_date'), endsAt: current.time('end_date') },
    phases: schedule.hashes('phases').map(phase),
    createdAt: schedule.timeOrNull('created'),
    canceledAt: schedule.timeOrNull('canceled_at'),
    completedAt: schedule.timeOrNull('completed_at'),
    releasedAt: schedule.timeOrNull('released_at'),
    testClock: schedule.idOrNull('test_clock'),
    ...originOf(stripeEvent),
  };
}

/** A phase had `plans` instead of `items` before 2020-08-27. */
function phase(fields: Fields): SchedulePhase {
  const items = fields.has('items') ? fields.hashes('items') : fields.hashes('plans');
  return {
    startsAt: fields.timeOrNull('start_date'),
    endsAt: fields.timeOrNull('end_date'),
    trialEndsAt: fields.timeOrNull('trial_end'),
    items: items.map((item) => ({ price: item.idOrNull('price', 'plan'), quantity: item.integerOrNull('quantity') })),
  };
}
