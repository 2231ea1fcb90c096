import { accounts, type Account } from './accounts.js';

/**
 * What a line earned, as it moves: minor units, plus is debit. It is no entry: it follows from the schedules, and comes from what is deferred, or
 * from `Assets:Unbilled` where it was not billed yet. The entry of the invoice bills that.
 */
export const earnedMoves = (
  part: unknown,
  { revenue, unbilled }: Readonly<{ revenue: number; unbilled: number }>,
): readonly (readonly [Account, number])[] => [
  [accounts.deferred, revenue - unbilled],
  [accounts.unbilled, unbilled],
  [part === 'revenue' ? accounts.revenue : accounts.discounts, -revenue],
];

/** What a line earned in a month stands under this id where entries stand: as one of the month's last second. */
export const recognitionOf = ({ line, part }: Readonly<{ line: string; part: string }>, month: string): string =>
  `recognition:${line}:${month}${part === 'revenue' ? '' : `:${part}`}`;

/** The same in SQL, of rows of `revenue_months`. */
export const RECOGNITION = `'recognition:' || line || ':' || month || case part when 'revenue' then '' else ':' || part end`;

/** The same as SQL, of rows with `part`, `revenue_minor` and `unbilled_minor`: how much moves on an account, and by which rows. */
export const EARNED: Readonly<Record<string, Readonly<{ amount: string; where: string }>>> = {
  [accounts.deferred]: { amount: 'revenue_minor - unbilled_minor', where: 'true' },
  [accounts.unbilled]: { amount: 'unbilled_minor', where: 'unbilled_minor <> 0' },
  [accounts.revenue]: { amount: '-revenue_minor', where: `part = 'revenue'` },
  [accounts.discounts]: { amount: '-revenue_minor', where: `part <> 'revenue'` },
};

/** The tables of sums that what moved is read from, as SQL names them: `journal_months` and `revenue_by_month`. */
type Sums = Readonly<{ months: string; revenueByMonth: string }>;

/** SQL of all that moved on accounts in months, what was earned included: `name`, whose, `month`, `debit`, `credit`. */
export const movedIn = ({ months, revenueByMonth }: Sums): string => `
  select name, livemode, account, currency, month, debit_minor as debit, credit_minor as credit from ${months}
  union all select side.name, livemode, account, currency, month, greatest(side.amount, 0), greatest(-side.amount, 0)
  from ${revenueByMonth} cross join lateral (values
    ('${accounts.deferred}', ${EARNED[accounts.deferred]?.amount}), ('${accounts.unbilled}', ${EARNED[accounts.unbilled]?.amount}),
    (case part when 'revenue' then '${accounts.revenue}' else '${accounts.discounts}' end, -revenue_minor)) as side(name, amount)`;
