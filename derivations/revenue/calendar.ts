/** Where days and months begin. Both are numbers: days since 1970-01-01, months since January of the year 0. */
export type Calendar = Readonly<{
  dayOf(second: number): number;
  monthOf(second: number): number;
  /** The first second of a month. */
  monthStart(month: number): number;
}>;

const SECONDS_A_DAY = 86_400;

/**
 * The calendar of a time zone in ICU.
 * @throws RangeError for an unknown zone
 */
export function calendarOf(zone: string): Calendar {
  const known = calendars.get(zone);
  if (known !== undefined) return known;
  const offsetAt = zone === 'UTC' ? () => 0 : offsetsOf(zone);
  const starts = new Map<number, number>();
  const local = (second: number): Date => new Date((second + offsetAt(second)) * 1000);
  const calendar: Calendar = {
    dayOf: (second) => Math.floor((second + offsetAt(second)) / SECONDS_A_DAY),
    monthOf: (second) => {
      const date = local(second);
      return date.getUTCFullYear() * 12 + date.getUTCMonth();
    },
    monthStart: (month) => {
      let start = starts.get(month);
      if (start === undefined) {
        const midnight = Date.UTC(Math.floor(month / 12), month % 12, 1) / 1000;
        // A clock change at this midnight may repeat or skip it.
        const found = [-SECONDS_A_DAY, SECONDS_A_DAY].map((by) => midnight - offsetAt(midnight + by));
        start =
          found.sort((one, other) => one - other).find((second) => calendar.monthOf(second) === month) ?? midnight;
        starts.set(month, start);
      }
      return start;
    },
  };
  calendars.set(zone, calendar);
  return calendar;
}

/** One per zone; a process has few. */
const calendars = new Map<string, Calendar>();

/** `2026-01` for a month's number. */
export const monthName = (month: number): string =>
  `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}`;

/** The number of a month such as `2026-01`. */
export const monthNamed = (name: string): number => Number(name.slice(0, 4)) * 12 + Number(name.slice(5)) - 1;

/** `2026-01-31` for a day's number. */
export const dayName = (day: number): string => new Date(day * SECONDS_A_DAY * 1000).toISOString().slice(0, 10);

/** The number of a day such as `2026-01-31`. */
export const dayNamed = (name: string): number => Date.parse(`${name}T00:00:00Z`) / (SECONDS_A_DAY * 1000);

/** @throws RangeError for an unknown zone */
function offsetsOf(zone: string): (second: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (second) => {
    const parts = new Map(format.formatToParts(second * 1000).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const shown = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) / 1000;
    return shown - second;
  };
}
