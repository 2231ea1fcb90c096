import { KINDS } from '../../../derivations/mrr/mrr.js';
import type { MovementKind } from '../../../derivations/mrr/movements.js';
import { dayName, dayNamed } from '../../../derivations/revenue/calendar.js';
import type { Queryable } from '../../read-models/database.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import {
  monthAfter,
  Parameters,
  scopeConditions,
  SCOPE_OF_ROW,
  SCOPE_OF_SUM,
  type AskedScope,
} from '../books/query.js';
import { VIEWS } from '../books/views.js';
import { badQuery } from '../query.js';

export const INTERVALS = ['day', 'week', 'month'] as const;
export type Interval = (typeof INTERVALS)[number];

/** Movements by kind; losses are positive too. */
export type Growth = Readonly<Record<`${MovementKind}Minor`, number>>;

/** MRR at the end of a period, and the movements in it. The first and last period are cut to the requested range. */
export type MrrPeriod = Growth &
  Readonly<{
    start: string;
    /** Its last day. */
    end: string;
    mrrMinor: number;
    /** The yearly amount, without the rounding of an annual plan to months. */
    annualMinor: number;
    customers: number;
    subscribers: number;
  }>;
export type MrrSeries = Scope & Readonly<{ unknownItems: number; periods: readonly MrrPeriod[] }>;

const PERIODS_MAX = 1_000;
/** The Monday of a day's week; 1970-01-01 was a Thursday. */
const weekStart = (day: number): number => day - ((((day + 3) % 7) + 7) % 7);

function nextStart(day: string, interval: Interval): string {
  if (interval === 'month') return `${monthAfter(day.slice(0, 7))}-01`;
  return dayName(interval === 'day' ? dayNamed(day) + 1 : weekStart(dayNamed(day)) + 7);
}

/** The periods of an inclusive range of days. @throws ProblemError 400 for too many */
function periodsOf(from: string, to: string, interval: Interval): readonly (readonly [string, string])[] {
  const periods: [string, string][] = [];
  for (let start = from; start <= to;) {
    const next = nextStart(start, interval);
    const end = dayName(dayNamed(next) - 1);
    periods.push([start, end < to ? end : to]);
    if (periods.length > PERIODS_MAX) throw badQuery(`to: gives more than ${PERIODS_MAX} periods; ask for fewer`);
    start = next;
  }
  return periods;
}

/** The number of the period before the first one. */
const BEFORE = 0;

type Sums = Readonly<Record<string, bigint>>;
const COLUMNS = [...KINDS.map((kind) => `${kind}_minor`), 'change_minor', 'customers', 'annual', 'subscribers'];

/** Returns MRR over time, by the day of each movement in the policy's time zone. */
export async function mrrSeries(
  connection: Queryable,
  { from, to, interval, ...asked }: AskedScope & Readonly<{ from: string; to: string; interval: Interval }>,
): Promise<readonly MrrSeries[]> {
  const periods = periodsOf(from, to, interval);
  const unknown = await unknownItems(connection, asked);
  const moved = await sumsByPeriod(connection, { starts: periods.map(([start]) => start), to, asked });
  const scopes = byScope([...moved, ...unknown.map((row) => ({ ...row, period: BEFORE, sums: {} }))]);
  return scopes.map(({ scope, rows }) => {
    let [mrr, annual, customers, subscribers] = [0n, 0n, 0n, 0n];
    const byPeriod = addedUp(rows);
    const pass = (period: number): Sums => {
      const sums = byPeriod.get(period) ?? {};
      mrr += sums['change_minor'] ?? 0n;
      annual += sums['annual'] ?? 0n;
      customers += sums['customers'] ?? 0n;
      subscribers += sums['subscribers'] ?? 0n;
      return sums;
    };
    pass(BEFORE);
    return {
      ...scope,
      unknownItems: unknown.find((one) => isSameScope(one, scope))?.items ?? 0,
      periods: periods.map(([start, end], at) => {
        const sums = pass(at + 1);
        return {
          ...{ start, end, mrrMinor: amountOf(mrr), annualMinor: amountOf(annual) },
          ...{ customers: Number(customers), subscribers: Number(subscribers) },
          ...growthOf(sums),
        };
      }),
    };
  });
}

/** Adds the sums of two tables by period. */
function addedUp(rows: readonly Readonly<{ period: number; sums: Sums }>[]): ReadonlyMap<number, Sums> {
  const all = new Map<number, Record<string, bigint>>();
  for (const { period, sums } of rows) {
    const one = all.get(period) ?? {};
    all.set(period, one);
    for (const [column, value] of Object.entries(sums)) one[column] = (one[column] ?? 0n) + value;
  }
  return all;
}

const isSameScope = (one: Scope, other: Scope): boolean =>
  one.livemode === other.livemode && one.account === other.account && one.currency === other.currency;

/** Converts sums by kind of movement to an answer. */
export const growthOf = (sums: Readonly<Record<string, unknown>>): Growth =>
  Object.fromEntries(KINDS.map((kind) => [`${kind}Minor`, amountOf(sums[`${kind}_minor`])])) as Growth;

/** Sums the movements of each period in Postgres: the first period is 1, `BEFORE` is all time before it. */
async function sumsByPeriod(
  connection: Queryable,
  { starts, to, asked }: Readonly<{ starts: readonly string[]; to: string; asked: AskedScope }>,
): Promise<(Scope & { period: number; sums: Sums })[]> {
  const parameters = new Parameters();
  const period = `width_bucket(day, ${parameters.add(starts)}::text[]) as period`;
  const conditions = [`day <= ${parameters.add(to)}`, ...scopeConditions(asked, parameters)].join(' and ');
  const sumsOf = (columns: readonly string[]): string =>
    columns.map((column) => `sum(${column}) as ${column}`).join(', ');
  const none = COLUMNS.slice(0, -2)
    .map(() => '0')
    .join(', ');
  const { rows } = await connection.query<Scope & { period: number } & Record<string, unknown>>(
    `select ${period}, ${SCOPE_OF_SUM}, ${sumsOf(COLUMNS.slice(0, -2))}, 0 as annual, 0 as subscribers
     from ${VIEWS.days} where ${conditions} group by 1, 2, 3, 4
     union all select ${period}, ${SCOPE_OF_SUM}, ${none}, sum(annual_change_minor), sum(subscriptions_change)
     from ${VIEWS.changes} where ${conditions} group by 1, 2, 3, 4`,
    parameters.values,
  );
  return rows.map(({ period, livemode, account, currency, ...sums }) => ({
    ...{ period, livemode, account, currency },
    sums: Object.fromEntries(COLUMNS.map((column) => [column, BigInt((sums[column] ?? 0) as string)])),
  }));
}

/** Counts the items whose value is unknown now, such as those with tiers that no event shows. */
export async function unknownItems(
  connection: Queryable,
  asked: AskedScope,
): Promise<readonly (Scope & Readonly<{ items: number }>)[]> {
  const parameters = new Parameters();
  const conditions = scopeConditions(asked, parameters, true).map((condition) => ` and ${condition}`);
  const { rows } = await connection.query<Scope & { items: bigint }>(
    `select ${SCOPE_OF_ROW}, count(*) as items from ${VIEWS.items} where is_unknown and until is null and currency is not null${conditions.join('')}
     group by 1, 2, 3`,
    parameters.values,
  );
  return rows.map(({ items, ...scope }) => ({ ...scope, items: Number(items) }));
}
