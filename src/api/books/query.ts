import { z } from 'zod';
import { calendarOf, dayName, dayNamed, monthName, monthNamed } from '../../../derivations/revenue/calendar.js';
import type { Listing } from '../../read-models/listing.js';
import { origin, wholeNumber } from '../query.js';

const MONTH_HINT = 'must be a month like 2026-01, from 1970 to 9998';
const MONTH = /^(19[7-9]\d|[2-8]\d{3}|9[0-8]\d\d|99[0-8]\d|999[0-8])-(0[1-9]|1[0-2])$/;
/** A month in the policy's time zone. */
export const month = z.string().regex(MONTH, MONTH_HINT);
/** The same as a path parameter. */
export const pathMonth = z.string().refine((text) => MONTH.test(text), { path: ['month'], error: MONTH_HINT });

/** Months as they were closed, or restated by what is known now. */
export const view = z.enum(['frozen', 'restated']);
export type View = z.output<typeof view>;

const DAY_HINT = 'must be a day like 2026-01-31, from 1970 to 9998';
/** A day in the policy's time zone. */
export const day = z.iso
  .date({ error: DAY_HINT })
  .refine((value) => value >= '1970-01-01' && value < '9999-01-01', DAY_HINT);

/** Selects books by scope: by default all, each separately; an empty account is the own one. */
export const scope = {
  ...origin,
  currency: z
    .string()
    .regex(/^[a-z]{3}$/i, 'must be a currency like usd')
    .transform((code) => code.toLowerCase())
    .optional(),
};

export type AskedScope = Readonly<{
  livemode?: boolean | undefined;
  account?: string | undefined;
  currency?: string | undefined;
}>;

/** Collects the values of a query and returns their placeholders. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** SQL conditions on the scope columns of sums, or with `isOfRow` on those of rows, which may be null. */
export function scopeConditions(
  { livemode, account, currency }: AskedScope,
  parameters: Parameters,
  isOfRow = false,
): string[] {
  const [mode, whose] = isOfRow ? [`coalesce(livemode, false)`, `coalesce(account, '')`] : ['livemode', 'account'];
  return [
    ...(livemode === undefined ? [] : [`${mode} = ${parameters.add(livemode)}`]),
    ...(account === undefined ? [] : [`${whose} = ${parameters.add(account)}`]),
    ...(currency === undefined ? [] : [`currency = ${parameters.add(currency)}`]),
  ];
}

/** The scope columns of a row. */
export const SCOPE_OF_ROW = `coalesce(livemode, false) as livemode, account, currency`;
/** The scope columns of a row of sums. */
export const SCOPE_OF_SUM = `livemode, nullif(account, '') as account, currency`;

/** The month that contains a second. */
export const monthOf = (second: number, zone: string): string => monthName(calendarOf(zone).monthOf(second));

/** The first second of a month. */
export const monthStart = (name: string, zone: string): number => calendarOf(zone).monthStart(monthNamed(name));

/** The month that ends with this second; null for any other time. */
export function monthEndedBy(at: Date, zone: string): string | null {
  const second = Math.floor(at.getTime() / 1000);
  const month = monthOf(second, zone);
  return monthStart(monthAfter(month), zone) === second + 1 ? month : null;
}

/** The month `months` later. */
export const monthAfter = (name: string, months = 1): string => monthName(monthNamed(name) + months);

/** The day that contains a second. */
export const dayOf = (second: number, zone: string): string => dayName(calendarOf(zone).dayOf(second));

/** The start of a day: within 24 hours of its start in UTC. */
export function dayStart(name: string, zone: string): Date {
  const wanted = dayNamed(name);
  const { dayOf: dayAt } = calendarOf(zone);
  const utc = wanted * 86_400;
  let [low, high] = [utc - 86_400, utc + 86_400];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (dayAt(middle) >= wanted) high = middle;
    else low = middle;
  }
  return new Date(high * 1000);
}

/** The end of a day. */
export const dayEnd = (name: string, zone: string): Date => dayStart(dayName(dayNamed(name) + 1), zone);

/** An inclusive range of days in the policy's time zone, to filter a list in addition to its times. */
export const days = { from: day.optional(), to: day.optional() };

/** Narrows a list to these days. */
export function onDays(listing: Listing, asked: Readonly<Record<string, unknown>>, zone: string): Listing {
  const { from, to } = asked as { from?: string; to?: string };
  const { filters } = listing;
  const bound = (name: 'since' | 'until', at: Date | null, pick: (...ms: number[]) => number): Listing['filters'] => {
    if (at === null) return {};
    const all = [at.getTime(), ...(filters[name] ?? []).map((one) => Date.parse(String(one)))];
    return { [name]: [new Date(pick(...all)).toISOString()] };
  };
  return {
    ...listing,
    filters: {
      ...filters,
      ...bound('since', from === undefined ? null : dayStart(from, zone), Math.max),
      ...bound('until', to === undefined ? null : new Date(dayEnd(to, zone).getTime() - 1), Math.min),
    },
  };
}

/** The current second. */
export const nowSecond = (): number => Math.floor(Date.now() / 1000);

export const withinDays = wholeNumber({ min: 0, max: 365 }).default(0);
