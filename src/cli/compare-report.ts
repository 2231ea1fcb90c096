import { balanceTransactions } from '../../projections/balance-transactions.js';
import { VIEWS } from '../api/books/views.js';
import { jsonForPostgres, type Database, type Queryable } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';
import { isOwn } from '../deriving/derived.js';
import type { Deriver } from '../deriving/deriver.js';
import { ACCOUNT_GROUPS, type Report, type ReportLine } from './stripe-report.js';

/** Stripe's total and ours for one account of a report, or one month of it. Minor units. */
export type ReportTotal = Readonly<{ name: string; at: string; currency: string; stripe: bigint; ours: bigint }>;

/**
 * A line that differs, and why:
 * - `amounts_differ`: both sides have it;
 * - `another_time`: the other side has the same amount of the same object at another second, or in another month;
 * - `another_currency`: the other side has it in another currency;
 * - `not_heard_of`: the ledger does not know the object;
 * - `only_stripe`, `only_ledger`: it knows the object, but one side has nothing similar.
 */
export type ReportDifference = Omit<ReportLine, 'minor'> & Readonly<{ stripe: bigint; ours: bigint; why: string }>;

export type ReportComparison = Readonly<{
  lines: number;
  totals: readonly ReportTotal[];
  customers: readonly Readonly<{ customer: string; currency: string; change: bigint }>[];
  differences: readonly ReportDifference[];
  /** Of all lines that differ. */
  reasons: readonly Readonly<{ why: string; lines: number }>[];
}>;

type Whose = Readonly<{ account: string; livemode: boolean }>;

/** The derivation that each kind of report is compared with. */
const DERIVATION: Readonly<Record<Report['kind'], string>> = {
  mrr: 'subscription_mrr',
  revenue: 'journal',
  balance: '',
};

/** Lines sent to Postgres at once. */
const PAGE_LINES = 2_000;

/**
 * Compares a report of Stripe's with the ledger as of one moment. The report's lines are in a temporary table, so that
 * memory does not grow with it; the ledger is only read. `not_ready`: the books were never complete.
 */
export async function compareReport(
  database: Database,
  {
    deriver,
    report,
    lines,
    hasObjects,
    hasCustomers,
    whose,
    top,
    signal,
  }: Readonly<{
    deriver: Deriver;
    report: Report;
    lines: AsyncIterable<ReportLine>;
    hasObjects: boolean;
    hasCustomers: boolean;
    whose: Whose;
    top: number;
    signal: AbortSignal;
  }>,
): Promise<ReportComparison | 'stopped' | 'not_ready'> {
  return database.transaction(async (connection) => {
    await connection.query('set transaction isolation level repeatable read');
    const derived = (await deriver.read(connection)).filter(isOwn);
    const isShown = derived.some(
      (one) => one.generation.projection.name === DERIVATION[report.kind] && one.shown && one.state === 'live',
    );
    if (!isShown && report.kind !== 'balance') return 'not_ready';
    await connection.query(
      'create temporary table told (name text, at text, object text, customer text, currency text, minor numeric) on commit drop',
    );
    let count = 0;
    for await (const page of pagesOf(lines)) {
      if (signal.aborted) return 'stopped';
      count += page.length;
      await connection.query(
        'insert into told select * from jsonb_to_recordset($1::jsonb) as given(name text, at text, object text, customer text, currency text, minor numeric)',
        [jsonForPostgres(page.map((line) => ({ ...line, minor: String(line.minor) })))],
      );
    }
    await connection.query(OWN[report.kind](hasObjects, hasCustomers), [whose.livemode, whose.account]);
    await connection.query(COMPARED(KNOWN[report.kind]));
    return { lines: count, ...(await found(connection, top, report)) };
  });
}

async function* pagesOf(lines: AsyncIterable<ReportLine>): AsyncGenerator<ReportLine[]> {
  let page: ReportLine[] = [];
  for await (const line of lines) {
    page.push(line);
    if (page.length < PAGE_LINES) continue;
    yield page;
    page = [];
  }
  yield page;
}

const SCOPE = `coalesce(livemode, false) = $1 and coalesce(account, '') = $2`;
const group = (): string =>
  `case p.name ${ACCOUNT_GROUPS.flatMap(({ name, ours }) => ours.map((own) => `when '${own}' then '${name}'`)).join(' ')} end`;

/**
 * SQL that creates `own`: the ledger's side of a report, within the report's time and with its columns. Lines around
 * that time are included only to find what the report has at another time.
 */
const OWN: Readonly<Record<Report['kind'], (hasObjects: boolean, hasCustomers: boolean) => string>> = {
  mrr: (_, hasCustomers) => `create temporary table own on commit drop as
    select 'MRR' as name, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at, item as object, ${hasCustomers ? 'customer' : `''`} as customer, currency,
      sum(mrr_minor) as minor, bool_or(at between span.first and span.last) as is_within
    from ${VIEWS.parts} cross join (select min(at)::timestamptz as first, max(at)::timestamptz as last from told) as span where ${SCOPE}
      and at between span.first - interval '31 days' and span.last + interval '31 days'
    group by 2, 3, 4, 5`,
  revenue: (hasObjects, hasCustomers) => `create temporary table own on commit drop as
    select name, at, object, customer, currency, sum(minor) as minor, true as is_within from (
      select ${group()} as name, p.month as at, ${hasObjects ? `coalesce(e.invoice, '')` : `''`} as object, ${hasCustomers ? `coalesce(e.customer, '')` : `''`} as customer,
        p.currency, p.amount_minor as minor from ${VIEWS.postings} p join ${VIEWS.entries} e on e.id = p.entry
      where coalesce(p.livemode, false) = $1 and coalesce(p.account, '') = $2
      union all select side.name, month, ${hasObjects ? `coalesce(invoice, '')` : `''`}, ${hasCustomers ? `coalesce(customer, '')` : `''`}, currency, side.minor
      from ${VIEWS.revenue} cross join lateral (values
        ('DeferredRevenue', revenue_minor - unbilled_minor), ('UnbilledAccountsReceivable', unbilled_minor),
        (case part when 'revenue' then 'Revenue' end, -revenue_minor)) as side(name, minor) where ${SCOPE}) as moved
    where name in (select name from told) and at between (select min(at) from told) and (select max(at) from told)
    group by name, at, object, customer, currency`,
  balance: () => `create temporary table own on commit drop as
    with known as (select * from ${viewOf(balanceTransactions, 'balance_transactions')} where ${SCOPE})
    select side.name, '' as at, id as object, '' as customer, currency, side.minor::numeric as minor, true as is_within
    from known cross join lateral (values ('net', net_minor), ('fee', fee_minor)) as side(name, minor)
    where created_at between (select min(created_at) from known where id in (select object from told))
      and (select max(created_at) from known where id in (select object from told))`,
};

/** SQL: whether the ledger knows an object. */
const KNOWN: Readonly<Record<Report['kind'], string>> = {
  mrr: `exists (select from ${VIEWS.parts} p where p.item = d.object)`,
  revenue: `d.object = '' or exists (select from ${VIEWS.entries} e where e.invoice = d.object)`,
  balance: `exists (select from ${viewOf(balanceTransactions, 'balance_transactions')} t where t.id = d.object)`,
};

const COMPARED = (isKnown: string): string => `create temporary table compared on commit drop as
  with sides as (
    select name, at, object, customer, currency, minor as stripe, 0 as ours, true as is_within from told
    union all select name, at, object, customer, currency, 0, minor, is_within from own),
  sums as (select name, at, object, customer, currency, sum(stripe) as stripe, sum(ours) as ours, bool_or(is_within) as is_within from sides group by name, at, object, customer, currency),
  differing as (select * from sums where stripe <> ours)
  select sums.*, why from sums left join lateral (
    select case
      when exists (select from differing d where d.name = sums.name and d.object = sums.object and d.currency = sums.currency and d.at <> sums.at
        and d.stripe - d.ours = sums.ours - sums.stripe) then 'another_time'
      when exists (select from differing d where d.name = sums.name and d.object = sums.object and d.at = sums.at and d.currency <> sums.currency) then 'another_currency'
      when sums.stripe <> 0 and sums.ours <> 0 then 'amounts_differ'
      when sums.ours <> 0 then 'only_ledger'
      when (select ${isKnown} from (select sums.object) as d) then 'only_stripe'
      else 'not_heard_of' end as why) as reason on sums.stripe <> sums.ours
  where is_within or why = 'another_time'`;

type Row = Readonly<Record<string, string>>;

async function found(connection: Queryable, top: number, { kind }: Report): Promise<Omit<ReportComparison, 'lines'>> {
  const query = async (text: string, values: readonly unknown[] = []) =>
    (await connection.query<Row>(text, [...values])).rows;
  // MRR changes at seconds, so it is summed over the report.
  const at = kind === 'revenue' ? 'at' : `''`;
  const totals = await query(
    `select name, ${at} as at, currency, sum(stripe)::text as stripe, sum(ours)::text as ours from compared group by 1, 2, 3 order by 3, 1, 2`,
  );
  const customers = await query(
    `select customer, currency, sum(ours - stripe)::text as change from compared where customer <> '' group by 1, 2 having sum(ours - stripe) <> 0
     order by abs(sum(ours - stripe)) desc, 1, 2 limit $1`,
    [top],
  );
  const differences = await query(
    `select name, at, object, customer, currency, stripe::text, ours::text, why from compared where why is not null
     order by abs(ours - stripe) desc, object, at, name limit $1`,
    [top],
  );
  const reasons = await query(
    `select why, count(*)::text as lines from compared where why is not null group by why order by count(*) desc, why`,
  );
  return {
    totals: totals.map(({ stripe = '0', ours = '0', ...row }) => ({
      ...row,
      stripe: BigInt(stripe),
      ours: BigInt(ours),
    })) as unknown as ReportTotal[],
    customers: customers.map(({ change = '0', ...row }) => ({
      ...row,
      change: BigInt(change),
    })) as unknown as ReportComparison['customers'],
    differences: differences.map(({ stripe = '0', ours = '0', ...row }) => ({
      ...row,
      stripe: BigInt(stripe),
      ours: BigInt(ours),
    })) as unknown as ReportDifference[],
    reasons: reasons.map(({ why = '', lines = '0' }) => ({ why, lines: Number(lines) })),
  };
}
