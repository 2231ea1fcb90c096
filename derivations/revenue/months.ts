import { calendarOf } from './calendar.js';
import type { Schedule } from './schedule.js';

/** What a line earned in a month, and what of earlier revenue was taken in it. Minor units; `month` as a calendar counts. */
export type RevenueMonth = Readonly<{
  month: number;
  revenueMinor: number;
  /** Of `revenueMinor` what was earned before it was billed. */
  unbilledMinor: number;
  contraMinor: number;
}>;

/** The months of a line in which anything happens. They add up to all that it ever earns. */
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

/** A cell of the waterfall: of what was booked in a month, what counts for another; takes count against the month they are in. */
export type WaterfallCell = Readonly<{ booked: number; month: number; amountMinor: number }>;

/** Rows by the month of booking, columns by that of recognition, of schedules in one currency. */
export function waterfall(schedules: readonly Schedule[], zone: string): readonly WaterfallCell[] {
  const calendar = calendarOf(zone);
  const cells = new Map<string, WaterfallCell>();
  for (const schedule of schedules) {
    const booked = calendar.monthOf(schedule.bookedAt);
    for (const { month, revenueMinor, contraMinor } of monthsOf(schedule, zone)) {
      const name = `${booked} ${month}`;
      const amountMinor = (cells.get(name)?.amountMinor ?? 0) + revenueMinor - contraMinor;
      cells.set(name, { booked, month, amountMinor });
    }
  }
  return [...cells.values()].sort((a, b) => a.booked - b.booked || a.month - b.month);
}
