import type { Whose } from '../../closings/closing.js';
import type { ClosedRow, ClosedRows, ClosedRowsWriter } from '../../closings/closed-rows.js';
import type { Queryable } from '../../read-models/database.js';
import { rowsOneByOne } from '../books/cursors.js';
import { monthAfter, monthStart } from '../books/query.js';
import { rowsOfKeys, JOURNAL, VIEWS } from '../books/views.js';

const OF_ROW = `coalesce(livemode, false) = $1 and coalesce(account, '') = $2`;

/** Stores the rows behind the figures of a month, from one snapshot. */
export async function keepRows(
  connection: Queryable,
  writer: ClosedRowsWriter,
  { livemode, account, month, zone }: Whose & Readonly<{ month: string; zone: string }>,
): Promise<ClosedRows> {
  const whose = [livemode, account ?? ''];
  const [start, end] = [month, monthAfter(month)].map((one) => new Date(monthStart(one, zone) * 1000).toISOString());
  const rows = (text: string, ...values: unknown[]) =>
    asKept(rowsOneByOne(connection, 'closed_rows', { text, values: [...whose, ...values] }));
  await writer.write(
    'entries',
    rows(
      `select *, (select json_agg(json_build_object('name', name, 'currency', currency, 'amountMinor', amount_minor, 'line', line) order by no)
         from ${VIEWS.postings} p where p.entry = journal_entries.id) as postings
       from ${rowsOfKeys(JOURNAL, 'journal_entries')} where effective_at >= $3 and effective_at < $4 and ${OF_ROW} order by effective_at, id`,
      start,
      end,
    ),
  );
  await writer.write(
    'revenue',
    rows(
      `select earned.*, e.stripe_event_id from (select * from ${VIEWS.revenue} where month = $3 and ${OF_ROW}) as earned
       left join ${VIEWS.entries} e on e.id = 'invoice:' || earned.invoice order by earned.line, earned.part`,
      month,
    ),
  );
  await writer.write(
    'schedules',
    rows(
      `select * from ${VIEWS.schedules} where ends_at > $3 and booked_at < $3 and ${OF_ROW} order by line, part, no`,
      end,
    ),
  );
  await writer.write(
    'booked',
    rows(
      `select part, month, booked_month, currency, revenue_minor, unbilled_minor, contra_minor from ${VIEWS.revenueByMonth}
       where month <= $3 and livemode = $1 and account = $2 order by currency, month, booked_month, part`,
      month,
    ),
  );
  return writer.end();
}

async function* asKept(rows: AsyncIterable<Record<string, unknown>>): AsyncGenerator<ClosedRow> {
  for await (const row of rows)
    yield Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    );
}
