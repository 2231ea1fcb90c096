import { VIEWS } from './views.js';

/**
 * SQL of all that moved on accounts in months: `name`, whose, `month`, `debit`, `credit`. What was earned is no entry: it follows from the
 * schedules, and moves from `Liabilities:Deferred`, or from `Assets:Unbilled` where it was not billed yet.
 */
export const MOVED = `
  select name, livemode, account, currency, month, debit_minor as debit, credit_minor as credit from ${VIEWS.months}
  union all select side.name, livemode, account, currency, month, greatest(side.amount, 0), greatest(-side.amount, 0)
  from ${VIEWS.revenueByMonth} cross join lateral (values
    ('Liabilities:Deferred', revenue_minor - unbilled_minor), ('Assets:Unbilled', unbilled_minor),
    (case part when 'revenue' then 'Income:Revenue' else 'Income:Contra:Discounts' end, -revenue_minor)) as side(name, amount)
  union all select side.name, livemode, account, currency, booked_month, greatest(side.amount, 0), greatest(-side.amount, 0)
  from ${VIEWS.revenueByMonth} cross join lateral (values ('Assets:Unbilled', -unbilled_minor), ('Liabilities:Deferred', unbilled_minor)) as side(name, amount)
  where unbilled_minor <> 0`;
