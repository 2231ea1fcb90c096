import { calendarOf } from './calendar.js';
import type { Schedule } from './schedule.js';

/**
 * What a line earned in a month, and the earlier revenue taken back in it. Minor units; `month` is a calendar's number.
 */
export type RevenueMonth = Readonly<{
  month: number;
  revenueMinor: number;
  /** The part of `revenueMinor` earned before it was billed. */
  unbilledMinor: number;
  contraMinor: number;
}>;

/** The months of a line with any revenue or contra. They add up to all that it ever earns. */
export function monthsOf(schedule: Schedule, zone: string): readonly RevenueMonth[] {
  const calendar = calendarOf(zone);
  const last = calendar.monthOf(schedule.endsAt);
  const months: RevenueMonth[] = [];
  let [revenue, unbilled, contra] = [0, 0, 0];
  for (let month = calendar.monthOf(schedule.earnsFrom); month <= last; month += 1) {
    const end = calendar.monthStart(month + 1);
    const [revenueThen, contraThen] = [schedule.revenue(end), schedule.contra(end)];
    const unbilledThen =
      schedule.earnsFrom < schedule.bookedAt ? schedule.revenue(Math.min(end, schedule.bookedAt)) : 0;
    const row = {
      month,
      revenueMinor: revenueThen - revenue,
      unbilledMinor: unbilledThen - unbilled,
      contraMinor: contraThen - contra,
    };
    if (row.revenueMinor !== 0 || row.contraMinor !== 0) months.push(row);
    [revenue, unbilled, contra] = [revenueThen, unbilledThen, contraThen];
  }
  return months;
}
