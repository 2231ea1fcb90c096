import type { Schedule, Subscription, SubscriptionItem } from './books.js';
import { afterIntervals, DAY } from './calendar.js';
import type { Operation } from './journal.js';
import { scheduleShape } from './shapes/schedule.js';
import { billingInterval, newId, updateSubscription, type Stage } from './stage.js';

/** Schedules other items for the next period. */
export function planAhead(stage: Stage, operation: Operation, items: readonly SubscriptionItem[]): void {
  const { subscription } = stage;
  const { periodStart, periodEnd } = subscription;
  stage.schedule = {
    id: newId(stage, 'sub_sched'),
    customer: subscription.customer,
    subscription: subscription.id,
    status: 'active',
    endBehavior: stage.random.chance(0.3) ? 'cancel' : 'release',
    phases: [
      { startAt: periodStart, endAt: periodEnd, items: subscription.items },
      { startAt: periodEnd, endAt: afterIntervals(periodEnd, billingInterval(stage), 1), items },
    ],
    current: 0,
    createdAt: operation.at,
    endedAt: null,
  };
  record(stage, operation, 'created');
  updateSubscription(stage, operation, { schedule: stage.schedule.id });
}

/** Releases the schedule; the subscription stays as it is. */
export function releaseSchedule(stage: Stage, operation: Operation): void {
  endSchedule(stage, operation, 'released');
  updateSubscription(stage, operation, { schedule: null });
}

/** The scheduled changes at the end of a period: the second phase begins, or the schedule ends. */
export function nextPhase(stage: Stage, operation: Operation): Partial<Subscription> {
  const { schedule } = stage;
  if (schedule === null) return {};
  if (isLastPhase(stage)) {
    endSchedule(stage, operation, 'released');
    return { schedule: null };
  }
  stage.schedule = { ...schedule, current: 1 };
  record(stage, operation, 'updated');
  return { items: schedule.phases[1].items };
}

/** Whether the schedule, if any, ends with the current period. */
export function isLastPhase({ schedule }: Stage): boolean {
  return schedule?.current === 1;
}

/** Records Stripe's announcement a week before a schedule ends. */
export function announceExpiry(stage: Stage): void {
  if (stage.schedule === null || !isLastPhase(stage)) return;
  record(stage, stage.journal.operation(stage.schedule.phases[1].endAt - 7 * DAY, 'stripe'), 'expiring');
}

/** Ends the schedule with its subscription. It is aborted when the end was neither planned nor requested. */
export function endSchedule(
  stage: Stage,
  operation: Operation,
  how: 'released' | 'completed' | 'canceled' | 'aborted',
): void {
  if (stage.schedule === null) return;
  const status: Schedule['status'] = how === 'aborted' ? 'canceled' : how;
  stage.schedule = { ...stage.schedule, status, endedAt: operation.at };
  record(stage, operation, how);
  stage.schedule = null;
}

function record({ schedule }: Stage, operation: Operation, what: string): void {
  if (schedule !== null) operation.record(`subscription_schedule.${what}`, (view) => scheduleShape(view, schedule));
}
