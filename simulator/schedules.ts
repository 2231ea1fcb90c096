import type { Schedule, Subscription, SubscriptionItem } from './books.js';
import { afterIntervals, DAY } from './calendar.js';
import type { Operation } from './journal.js';
import { scheduleShape } from './shapes/schedule.js';
import { billingInterval, newId, updateSubscription, type Stage } from './stage.js';

/** Plans other items for the next period. */
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

/** The merchant lets go of a plan: the subscription stays as it is. */
export function releaseSchedule(stage: Stage, operation: Operation): void {
  endSchedule(stage, operation, 'released');
  updateSubscription(stage, operation, { schedule: null });
}

/** What a period's end changes by plan: its second phase begins, or the plan is over. */
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

/** Whether the plan, if there is one, is over when the period is. */
export function isLastPhase({ schedule }: Stage): boolean {
  return schedule?.current === 1;
}

/** A week before a plan is over Stripe says so. */
export function announceExpiry(stage: Stage): void {
  if (stage.schedule === null || !isLastPhase(stage)) return;
  record(stage, stage.journal.operation(stage.schedule.phases[1].endAt - 7 * DAY, 'stripe'), 'expiring');
}

/** A plan ends with its subscription; when that is neither planned nor what somebody asked for, it is aborted. */
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
