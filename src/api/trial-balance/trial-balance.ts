import { earnedMoves } from '../../../derivations/journal/moved.js';
import { earnedBy } from '../../../derivations/revenue/earned.js';
import {
  monthOf,
  monthStart,
  Parameters,
  scopeConditions,
  SCOPE_OF_ROW,
  SCOPE_OF_SUM,
  type AskedScope,
} from '../books/query.js';
import type { MoneyPolicy } from '../../../derivations/policy.js';
import type { MonthOfAccount } from '../../closings/closing.js';
import type { Queryable } from '../../read-models/database.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import { MOVED } from '../books/moved.js';
import { schedulesEarningIn } from '../books/schedules.js';
import { VIEWS } from '../books/views.js';
import { frozenMoves, type FrozenBooks, type ScopedMove } from '../closings/frozen-books.js';

export type TrialBalance = Scope &
  Readonly<{
    /** Each for the month, or for the part of it that has passed. */
    accounts: readonly MonthOfAccount[];
    sumMinor: number;
    /** When and by whom the month was closed; null for an open month, and for the restated view. */
    closing: Readonly<{ closedAt: string; by: string; position: string }> | null;
  }>;

type Moved = Scope & Readonly<{ name: string; start: bigint; debit: bigint; credit: bigint }>;

const bigints = (row: Record<string, unknown>): bigint[] =>
  ['start', 'debit', 'credit'].map((name) => BigInt(row[name] as string));

/**
 * Returns for each account the balance at the start of a month, its movements, and the balance at the end: for `frozen`
 * books as closed, for others by what is known now.
 */
export async function trialBalanceOfMonth(
  connection: Queryable,
  month: string,
  { frozen = [], ...asked }: AskedScope & Readonly<{ frozen?: readonly FrozenBooks[] }>,
): Promise<readonly TrialBalance[]> {
  return balancesOf(frozenMoves(folded(await movedInMonth(connection, month, asked)), month, frozen));
}

async function movedInMonth(connection: Queryable, month: string, asked: AskedScope): Promise<readonly Moved[]> {
  const parameters = new Parameters();
  const until = parameters.add(month);
  const conditions = [`month <= ${until}`, ...scopeConditions(asked, parameters)];
  const { rows } = await connection.query<Scope & { name: string }>(
    `select name, ${SCOPE_OF_SUM}, coalesce(sum(debit - credit) filter (where month < ${until}), 0)::text as start,
       coalesce(sum(debit) filter (where month = ${until}), 0)::text as debit, coalesce(sum(credit) filter (where month = ${until}), 0)::text as credit
     from (${MOVED}) as moved where ${conditions.join(' and ')} group by name, moved.livemode, moved.account, moved.currency`,
    parameters.values,
  );
  return rows.map(movedFrom);
}

function movedFrom({ name, livemode, account, currency, ...sums }: Scope & { name: string }): Moved {
  const [start = 0n, debit = 0n, credit = 0n] = bigints(sums);
  return { name, livemode, account, currency, start, debit, credit };
}

/** Returns the trial balance of a month up to and including a second in it. Revenue is earned by the second. */
export async function trialBalanceAt(
  connection: Queryable,
  at: Date,
  { policy, ...asked }: AskedScope & Readonly<{ policy: MoneyPolicy }>,
): Promise<readonly TrialBalance[]> {
  const until = Math.floor(at.getTime() / 1000) + 1;
  const month = monthOf(until - 1, policy.zone);
  const before = new Parameters();
  const beforeConditions = [`month < ${before.add(month)}`, ...scopeConditions(asked, before)];
  const { rows: starting } = await connection.query<Scope & { name: string }>(
    `select name, ${SCOPE_OF_SUM}, sum(debit - credit)::text as start, '0' as debit, '0' as credit
     from (${MOVED}) as moved where ${beforeConditions.join(' and ')} group by name, moved.livemode, moved.account, moved.currency`,
    before.values,
  );
  const within = new Parameters();
  const withinConditions = [
    `month = ${within.add(month)}`,
    `effective_at < ${within.add(new Date(until * 1000).toISOString())}`,
    ...scopeConditions(asked, within, true),
  ];
  const { rows: posted } = await connection.query<Scope & { name: string }>(
    `select name, ${SCOPE_OF_ROW}, '0' as start, sum(greatest(amount_minor, 0))::text as debit, sum(greatest(-amount_minor, 0))::text as credit
     from ${VIEWS.postings} where ${withinConditions.join(' and ')} group by name, coalesce(livemode, false), account, currency`,
    within.values,
  );
  const earned = await earnedIn(connection, { month, until, policy, asked });
  return balancesOf(frozenMoves(folded([...[...starting, ...posted].map(movedFrom), ...earned]), month, []));
}

/** Revenue that lines earned from the start of a month up to a time in it. */
async function earnedIn(
  connection: Queryable,
  { month, until, policy, asked }: Readonly<{ month: string; until: number; policy: MoneyPolicy; asked: AskedScope }>,
): Promise<readonly Moved[]> {
  const start = monthStart(month, policy.zone);
  const all: Moved[] = [];
  for await (const { scope, part, schedule } of schedulesEarningIn(connection, month, asked, earnedBy(policy))) {
    const revenue = schedule.revenue(until) - schedule.revenue(start);
    const unbilled = schedule.unbilled(until) - schedule.unbilled(start);
    for (const [name, amount] of earnedMoves(part, { revenue, unbilled }))
      if (amount !== 0) all.push({ ...scope, name, start: 0n, ...sides(amount) });
    if (all.length > FOLDED_MAX) all.splice(0, all.length, ...folded(all));
  }
  return all;
}

const FOLDED_MAX = 10_000;
const sides = (amount: number) => ({ debit: BigInt(Math.max(amount, 0)), credit: BigInt(Math.max(-amount, 0)) });

/** Sums the rows to one per account and scope. */
function folded(rows: readonly Moved[]): readonly Moved[] {
  const sums = new Map<string, Moved>();
  for (const row of rows) {
    const { livemode, account, currency, name } = row;
    const key = JSON.stringify([livemode, account, currency, name]);
    const known = sums.get(key);
    sums.set(key, {
      ...{ livemode, account, currency, name },
      start: (known?.start ?? 0n) + row.start,
      debit: (known?.debit ?? 0n) + row.debit,
      credit: (known?.credit ?? 0n) + row.credit,
    });
  }
  return [...sums.values()];
}

function balancesOf(rows: readonly ScopedMove[]): readonly TrialBalance[] {
  return byScope(rows).map(({ scope, rows: moved }) => {
    const closing = moved[0]?.closing ?? null;
    return {
      ...scope,
      accounts: [...moved]
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, start, debit, credit, correction }) => ({
          name,
          startMinor: amountOf(start),
          debitMinor: amountOf(debit),
          creditMinor: amountOf(credit),
          endMinor: amountOf(start + debit - credit),
          correctionMinor: amountOf(correction),
        })),
      sumMinor: amountOf(moved.reduce((sum, { start, debit, credit }) => sum + start + debit - credit, 0n)),
      closing: closing && { closedAt: closing.closedAt, by: closing.by, position: closing.position },
    };
  });
}
