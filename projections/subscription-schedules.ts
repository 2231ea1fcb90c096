import type { SchedulePhase, SubscriptionScheduleSnapshot } from '../src/events/normalise.js';
import { lifecycleOf, statusesOf } from '../src/events/rank.js';
import { between, id, json, oneOf, text, time } from './columns.js';
import { isStale } from './life.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';
import { currentPhase, listOf, schedulePhase } from './shapes.js';

/** `next_phase` is the phase that comes next, with its start; null in the last phase, and once the schedule is over. */
const columns = {
  id: id(),
  status: id().filtered(oneOf(statusesOf('subscription_schedule'))),
  customer: id().orNull().filtered(),
  subscription: id().orNull().filtered(),
  end_behavior: text().orNull(),
  current_phase: json<NonNullable<SubscriptionScheduleSnapshot['currentPhase']>>(currentPhase).orNull(),
  next_phase: json<SchedulePhase>(schedulePhase).orNull(),
  phases: json<readonly SchedulePhase[]>(listOf(schedulePhase)),
  created_at: time().orNull().filtered(between('created')),
  canceled_at: time().orNull(),
  completed_at: time().orNull(),
  released_at: time().orNull(),
  test_clock: id().orNull(),
};
type Row = ReturnType<typeof scheduleRow>;

const life = lifecycleOf('subscription_schedule');

/** What will each subscription change to by its schedule, and when? */
export const subscriptionSchedules = defineProjection({
  name: 'subscription_schedules',
  version: 3,
  tables: {
    subscription_schedules: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  initial: (): Row | null => null,
  evolve: {
    subscription_schedule: (row, fact) =>
      row !== null && isStale(life, row.status, fact.snapshot.status) ? row : scheduleRow(fact),
    ...allBut('subscription_schedule'),
  },
  rows: (row) => ({ subscription_schedules: row === null ? [] : [row] }),
});

const scheduleRow = (fact: Fact<SubscriptionScheduleSnapshot>) =>
  rowOf(columns, { ...fact.snapshot, nextPhase: nextPhaseOf(fact.snapshot) }, provenanceOf(fact));

/** Relies on Stripe listing phases by their start. */
function nextPhaseOf({ status, currentPhase, phases }: SubscriptionScheduleSnapshot): SchedulePhase | null {
  if (status === 'not_started') return phases[0] ?? null;
  if (status !== 'active' || currentPhase === null) return null;
  return phases.find(({ startsAt }) => startsAt !== null && startsAt > currentPhase.startsAt) ?? null;
}
