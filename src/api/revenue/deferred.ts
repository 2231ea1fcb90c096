import type { MoneyPolicy } from '../../../derivations/policy.js';
import { earnedBy } from '../../../derivations/revenue/earned.js';
import type { Queryable } from '../../read-models/database.js';
import type { Closings } from '../../closings/closing-log.js';
import { byScope, type Scope } from '../books/amounts.js';
import { monthAfter, monthOf, monthStart, type AskedScope } from '../books/query.js';
import { keptSchedules, schedulesRunningAt, SOLD_BY, type ScheduledLine, type SoldBy } from '../books/schedules.js';
import { closedMonthsOf, type FrozenBooks } from '../closings/frozen-books.js';
import { badQuery } from '../query.js';

export const DEFERRED_BY = ['month', ...SOLD_BY, 'line'] as const;
export type DeferredBy = (typeof DEFERRED_BY)[number];

/** Deferred revenue, by its source or by the month in which it will be earned. */
export type Deferred = Scope &
  Readonly<{
    deferredMinor: number;
    /** Deferred for at most 12 months, and for longer. */
    currentMinor: number;
    longTermMinor: number;
    by: readonly Readonly<{ key: string | null; deferredMinor: number }>[];
  }>;

type Wanted = AskedScope &
  Readonly<{
    /** In seconds; revenue up to, but not including, this second is earned. */
    at: number;
    by: DeferredBy;
    of: Readonly<Partial<Record<SoldBy, string | undefined>>>;
    policy: MoneyPolicy;
    closings: Closings;
    /** The closings of the month that ends then. */
    frozen: readonly FrozenBooks[];
  }>;

/** The most keys (customers or lines, for example) in one answer. */
const KEYS_MAX = 10_000;
const CURRENT_MONTHS = 12;

type Sum = { deferred: bigint; longTerm: bigint; scope: Scope; keys: Map<string | null, bigint> };

/** Returns the revenue deferred at a time: at the end of a closed month as closed, otherwise by what is known now. */
export async function deferredAt(
  connection: Queryable,
  { at, by, of, policy, closings, frozen, ...asked }: Wanted,
): Promise<readonly Deferred[]> {
  const { zone } = policy;
  const month = monthOf(at, zone);
  const yearLater = monthStart(monthAfter(month, CURRENT_MONTHS), zone) + (at - monthStart(month, zone));
  const sums = new Map<string, Sum>();
  let keys = 0;
  for await (const line of linesAt(connection, { at, by, of, policy, closings, frozen, ...asked })) {
    const { scope, schedule } = line;
    const deferred = schedule.deferred(at);
    if (deferred === 0) continue;
    const name = JSON.stringify(scope);
    const sum = sums.get(name) ?? { deferred: 0n, longTerm: 0n, scope, keys: new Map() };
    sums.set(name, sum);
    sum.deferred += BigInt(deferred);
    sum.longTerm += BigInt(deferred - schedule.future(at, yearLater));
    for (const [key, amount] of partsOf(line, { at, by, zone })) {
      if (!sum.keys.has(key)) keys += 1;
      if (keys > KEYS_MAX)
        throw badQuery(`by: more than ${KEYS_MAX} values; name a customer, subscription, product or price`);
      sum.keys.set(key, (sum.keys.get(key) ?? 0n) + BigInt(amount));
    }
  }
  return byScope([...sums.values()].map((sum) => ({ ...sum.scope, sum }))).flatMap(({ rows }) =>
    rows.map(({ sum, ...scope }) => ({
      ...scope,
      deferredMinor: Number(sum.deferred),
      currentMinor: Number(sum.deferred - sum.longTerm),
      longTermMinor: Number(sum.longTerm),
      by: [...sum.keys]
        .sort(([one], [other]) => ((one ?? '') < (other ?? '') ? -1 : 1))
        .map(([key, amount]) => ({ key, deferredMinor: Number(amount) })),
    })),
  );
}

/** The lines of books whose month is closed as they were closed; those of other books from the tables. */
async function* linesAt(
  connection: Queryable,
  { at, of, policy, closings, frozen, ...asked }: Wanted,
): AsyncGenerator<ScheduledLine> {
  const month = monthOf(at - 1, policy.zone);
  const closed = closedMonthsOf(frozen, { from: month, to: month }).filter(({ months }) => months.length > 0);
  yield* schedulesRunningAt(connection, { at, of, without: closed, ...asked }, earnedBy(policy));
  for (const { months } of closed)
    for (const closing of months) {
      const rules = earnedBy({ ...policy, ...(closing.rules as Partial<MoneyPolicy> | undefined) });
      for await (const line of keptSchedules(closings.rowsOf(closing, 'schedules'), rules))
        if (
          (asked.currency === undefined || line.scope.currency === asked.currency) &&
          SOLD_BY.every((name) => of[name] === undefined || line.of[name] === of[name])
        )
          yield line;
    }
}

function partsOf(
  { line, of, schedule }: ScheduledLine,
  { at, by, zone }: Readonly<{ at: number; by: DeferredBy; zone: string }>,
): readonly (readonly [string | null, number])[] {
  if (by === 'line') return [[line, schedule.deferred(at)]];
  if (by !== 'month') return [[of[by], schedule.deferred(at)]];
  const parts: [string, number][] = [];
  const last = monthOf(schedule.endsAt, zone);
  let before = 0;
  for (let month = monthOf(at, zone); month <= last; month = monthAfter(month)) {
    const earned = schedule.future(at, monthStart(monthAfter(month), zone));
    if (earned !== before) parts.push([month, earned - before]);
    before = earned;
  }
  return parts;
}
