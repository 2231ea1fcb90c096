import { accounts, type Account } from './accounts.js';

/**
 * The movements of earned revenue on accounts: minor units, debit positive. They are not entries, but follow from the
 * schedules. Revenue comes from deferred revenue, or from `Assets:Unbilled` if it was not billed yet; the entry of the
 * invoice clears that.
 */
export const earnedMoves = (
  part: unknown,
  { revenue, unbilled }: Readonly<{ revenue: number; unbilled: number }>,
): readonly (readonly [Account, number])[] => [
  [accounts.deferred, revenue - unbilled],
  [accounts.unbilled, unbilled],
  [part === 'revenue' ? accounts.revenue : accounts.discounts, -revenue],
];

/** The id of a line's recognition in a month, listed among entries as of the month's last second. */
export const recognitionOf = ({ line, part }: Readonly<{ line: string; part: string }>, month: string): string =>
  `recognition:${line}:${month}${part === 'revenue' ? '' : `:${part}`}`;

/** The id of `recognitionOf` in SQL, over rows of `revenue_months`. */
export const RECOGNITION = `'recognition:' || line || ':' || month || case part when 'revenue' then '' else ':' || part end`;

/**
 * The movements of `earnedMoves` in SQL, over rows with `part`, `revenue_minor` and `unbilled_minor`: per account the
 * amount, and which rows count.
 */
export const EARNED: Readonly<Record<string, Readonly<{ amount: string; where: string }>>> = {
  [accounts.deferred]: { amount: 'revenue_minor - unbilled_minor', where: 'true' },
  [accounts.unbilled]: { amount: 'unbilled_minor', where: 'unbilled_minor <> 0' },
  [accounts.revenue]: { amount: '-revenue_minor', where: `part = 'revenue'` },
  [accounts.discounts]: { amount: '-revenue_minor', where: `part <> 'revenue'` },
};

/** The SQL names of the rollups `journal_months` and `revenue_by_month`. */
type Sums = Readonly<{ months: string; revenueByMonth: string }>;

/**
 * SQL for all movements on accounts by month, earned revenue included: `name`, `livemode`, `account`, `currency`,
 * `month`, `debit`, `credit`.
 */
export const movedIn = ({ months, revenueByMonth }: Sums): string => `
  select name, livemode, account, currency, month, debit_minor as debit, credit_minor as credit from ${months}
  union all select side.name, livemode, account, currency, month, greatest(side.amount, 0), greatest(-side.amount, 0)
  from ${revenueByMonth} cross join lateral (values
    ('${accounts.deferred}', ${EARNED[accounts.deferred]?.amount}), ('${accounts.unbilled}', ${EARNED[accounts.unbilled]?.amount}),
    (case part when 'revenue' then '${accounts.revenue}' else '${accounts.discounts}' end, -revenue_minor)) as side(name, amount)`;
