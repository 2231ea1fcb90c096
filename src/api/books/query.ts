import { z } from 'zod';
import { calendarOf, dayName, monthName, monthNamed } from '../../../derivations/revenue/calendar.js';
import { origin, wholeNumber } from '../query.js';

const MONTH_HINT = 'must be a month like 2026-01, from 1970 to 9998';
/** A month of the calendar of the policy's zone. */
export const month = z
  .string()
  .regex(/^(19[7-9]\d|[2-8]\d{3}|9[0-8]\d\d|99[0-8]\d|999[0-8])-(0[1-9]|1[0-2])$/, MONTH_HINT);

/** Months as they were closed, or by what is known of them now. */
export const view = z.enum(['frozen', 'restated']);
export type View = z.output<typeof view>;

const DAY_HINT = 'must be a day like 2026-01-31, from 1970 to 9998';
/** A day of the calendar of the policy's zone. */
export const day = z.iso
  .date({ error: DAY_HINT })
  .refine((value) => value >= '1970-01-01' && value < '9999-01-01', DAY_HINT);

/** Whose books: all of them, each apart, unless told; an empty account is one's own. */
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

/** Values of a query by the number that each is given. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** Conditions on columns of a sum, or with `isOfRow` on those of a row, which may lack them. */
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

/** The columns of a scope, of a row of a table. */
export const SCOPE_OF_ROW = `coalesce(livemode, false) as livemode, account, currency`;
/** The same of a row of sums. */
export const SCOPE_OF_SUM = `livemode, nullif(account, '') as account, currency`;

/** The month that has a second in it. */
export const monthOf = (second: number, zone: string): string => monthName(calendarOf(zone).monthOf(second));

/** The first second of a month. */
export const monthStart = (name: string, zone: string): number => calendarOf(zone).monthStart(monthNamed(name));

/** So many months later. */
export const monthAfter = (name: string, months = 1): string => monthName(monthNamed(name) + months);

/** The day that has a second in it. */
export const dayOf = (second: number, zone: string): string => dayName(calendarOf(zone).dayOf(second));

/** The present second. */
export const nowSecond = (): number => Math.floor(Date.now() / 1000);

export const withinDays = wholeNumber({ min: 0, max: 365 }).default(0);
