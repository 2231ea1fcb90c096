import type { Whose } from '../../closings/closing.js';
import type { ClosedPart, ClosedRow, ClosedRows, ClosedRowsWriter } from '../../closings/closed-rows.js';
import type { Queryable } from '../../read-models/database.js';
import { rowsOneByOne } from '../books/cursors.js';
import { monthAfter, monthStart } from '../books/query.js';
import { rowsOfKeys, JOURNAL, VIEWS } from '../books/views.js';

const OF_ROW = `coalesce(livemode, false) = $1 and coalesce(account, '') = $2`;

/** SQL of a closing's parts, by mode, account, month, and the first second of it and of the next one ($1 to $5). */
const QUERIES: Readonly<Record<Exclude<ClosedPart, 'corrections'>, string>> = {
  entries: `select *, (select json_agg(json_build_object('name', name, 'currency', currency, 'amountMinor', amount_minor, 'line', line) order by no)
      from ${VIEWS.postings} p where p.entry = journal_entries.id) as postings
    from ${rowsOfKeys(JOURNAL, 'journal_entries')} where $3::text is not null and effective_at >= $4 and effective_at < $5 and ${OF_ROW} order by effective_at, id`,
  revenue: `select earned.*, e.stripe_event_id from (select * from ${VIEWS.revenue} where month = $3 and $4::text < $5::text and ${OF_ROW}) as earned
    left join ${VIEWS.entries} e on e.id = 'invoice:' || earned.invoice order by earned.line, earned.part`,
  schedules: `select * from ${VIEWS.schedules} where $3::text is not null and $4::text is not null and ends_at > $5 and booked_at < $5 and ${OF_ROW} order by line, part, no`,
  booked: `select part, month, booked_month, currency, revenue_minor, unbilled_minor, contra_minor from ${VIEWS.revenueByMonth}
    where month <= $3 and $4::text < $5::text and livemode = $1 and account = $2 order by currency, month, booked_month, part`,
};

type OfMonth = Whose & Readonly<{ month: string; zone: string }>;

/** Yields the rows of a part of a closing by what is known now, in order. */
export async function* currentRows<T = ClosedRow>(
  connection: Queryable,
  part: keyof typeof QUERIES,
  { livemode, account, month, zone }: OfMonth,
): AsyncGenerator<T> {
  const [start, end] = [month, monthAfter(month)].map((one) => new Date(monthStart(one, zone) * 1000).toISOString());
  const values = [livemode, account ?? '', month, start, end];
  for await (const row of rowsOneByOne(connection, 'closed_rows', { text: QUERIES[part], values }))
    yield Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    ) as T;
}

/**
 * Stores the rows behind the figures of a month, from one snapshot: its own rows, and `corrections`, what became known
 * of closed months since, which this month is closed with.
 */
export async function keepRows(
  connection: Queryable,
  writer: ClosedRowsWriter,
  { corrections, ...of }: OfMonth & Readonly<{ corrections: AsyncIterable<ClosedRow> }>,
): Promise<ClosedRows> {
  for (const part of ['entries', 'revenue', 'schedules', 'booked'] as const)
    await writer.write(part, currentRows(connection, part, of));
  await writer.write('corrections', corrections);
  return writer.end();
}
