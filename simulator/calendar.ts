/** Whole seconds since the Unix epoch, as Stripe gives times. */
export type Seconds = number;

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export type Interval = 'day' | 'week' | 'month' | 'year';

/**
 * The start of period number `count` of a subscription billed from `anchor`. Months keep the anchor's day, or use their
 * last day where it does not exist (31 January, 28 February, 31 March).
 */
export function afterIntervals(anchor: Seconds, interval: Interval, count: number): Seconds {
  if (interval === 'day') return anchor + count * DAY;
  if (interval === 'week') return anchor + count * 7 * DAY;
  const months = interval === 'year' ? 12 * count : count;
  const start = new Date(anchor * 1000);
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months + 1, 0)).getUTCDate();
  const moved = new Date(start);
  moved.setUTCFullYear(start.getUTCFullYear(), start.getUTCMonth() + months, Math.min(start.getUTCDate(), lastDay));
  return Math.floor(moved.getTime() / 1000);
}
