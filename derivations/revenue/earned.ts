import type { MoneyPolicy } from '../policy.js';
import type { Ratio } from '../rounding.js';
import { calendarOf, type Calendar } from './calendar.js';

/**
 * The service period of an invoice line in seconds since 1970, the end exclusive. Without one, or with an empty one,
 * revenue is earned at once.
 */
export type Service = Readonly<{ start: number; end: number }> | null;

/** The fraction of a service earned before a moment. */
export type Earned = (service: Service, moment: number) => Ratio;

const NOTHING: Ratio = { part: 0, whole: 1 };
const ALL: Ratio = { part: 1, whole: 1 };

/**
 * Recognition by the granularity of the policy (docs.stripe.com/revenue-recognition/revenue-settings/examples). Each
 * earns all by the end of the service.
 */
export function earnedBy({ recognition, zone }: Pick<MoneyPolicy, 'recognition' | 'zone'>): Earned {
  const within = granularities[recognition](calendarOf(zone));
  return (service, moment) => {
    if (service === null || service.end <= service.start || moment >= service.end) return ALL;
    return moment <= service.start ? NOTHING : within(service, moment);
  };
}

type Within = (service: NonNullable<Service>, moment: number) => Ratio;

const granularities: Readonly<Record<MoneyPolicy['recognition'], (calendar: Calendar) => Within>> = {
  second: () => bySecond,
  day: (calendar) => (service, moment) => {
    const first = calendar.dayOf(service.start);
    return upTo(calendar.dayOf(moment) - first, calendar.dayOf(service.end) - first);
  },
  month: (calendar) => (service, moment) =>
    upTo(calendar.monthOf(moment) - calendar.monthOf(service.start), monthsOf(calendar, service)),
  month_prorated: (calendar) => (service, moment) => prorated(calendar, service, moment),
};

const bySecond: Within = ({ start, end }, moment) => ({ part: moment - start, whole: end - start });

const upTo = (part: number, whole: number): Ratio => (part >= whole ? ALL : { part, whole });

/** The number of months in a service; a month that has begun counts. */
function monthsOf(calendar: Calendar, { start, end }: NonNullable<Service>): number {
  const [first, last] = [calendar.monthOf(start), calendar.monthOf(end)];
  const intoFirst = start - calendar.monthStart(first);
  return last - first + (end - calendar.monthStart(last) > intoFirst ? 1 : 0);
}

/**
 * The first and last months earn by seconds. The months between share the rest equally, each spread over its seconds.
 */
function prorated(calendar: Calendar, service: NonNullable<Service>, moment: number): Ratio {
  const { start, end } = service;
  const [first, last, now] = [start, end, moment].map((second) => calendar.monthOf(second)) as [number, number, number];
  const between = last - first - 1;
  if (between < 1 || now === first) return bySecond(service, moment);
  const middleStart = calendar.monthStart(first + 1);
  const middle = calendar.monthStart(last) - middleStart;
  if (now === last) return bySecond(service, moment);
  const monthStart = calendar.monthStart(now);
  const length = calendar.monthStart(now + 1) - monthStart;
  // (first + middle × (months + seconds ÷ length) ÷ between) ÷ all, over one whole
  const months = BigInt((now - first - 1) * length + (moment - monthStart));
  const one = BigInt(length) * BigInt(between);
  return { part: BigInt(middleStart - start) * one + BigInt(middle) * months, whole: BigInt(end - start) * one };
}
