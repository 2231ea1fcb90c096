/** The tables of sums that what moved is read from, as SQL names them: `journal_months` and `revenue_by_month`. */
type Sums = Readonly<{ months: string; revenueByMonth: string }>;

/**
 * SQL of all that moved on accounts in months: `name`, whose, `month`, `debit`, `credit`. What was earned is no entry: it follows from the
 * schedules, and moves from `Liabilities:Deferred`, or from `Assets:Unbilled` where it was not billed yet. The entry of the invoice bills that.
 */
export const movedIn = ({ months, revenueByMonth }: Sums): string => `
  select name, livemode, account, currency, month, debit_minor as debit, credit_minor as credit from ${months}
  union all select side.name, livemode, account, currency, month, greatest(side.amount, 0), greatest(-side.amount, 0)
  from ${revenueByMonth} cross join lateral (values
    ('Liabilities:Deferred', revenue_minor - unbilled_minor), ('Assets:Unbilled', unbilled_minor),
    (case part when 'revenue' then 'Income:Revenue' else 'Income:Contra:Discounts' end, -revenue_minor)) as side(name, amount)`;
