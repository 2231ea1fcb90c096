import type { Whose } from '../../closings/closing.js';
import type { ClosedPart, ClosedRow, ClosedRows, ClosedRowsWriter } from '../../closings/closed-rows.js';
import type { Queryable } from '../../read-models/database.js';
import { rowsOneByOne } from '../books/cursors.js';
import { monthAfter, monthStart, Parameters, scopeConditions } from '../books/query.js';
import { rowsOfKeys, JOURNAL, VIEWS } from '../books/views.js';

type OfMonth = Whose & Readonly<{ month: string; zone: string }>;
type CurrentPart = Exclude<ClosedPart, 'corrections'>;

/** The query of a part of a closing by what is known now, in the order in which it is stored. */
function queryOf(part: CurrentPart, { livemode, account, month, zone }: OfMonth): { text: string; values: unknown[] } {
  const parameters = new Parameters();
  const startOf = (name: string) => parameters.add(new Date(monthStart(name, zone) * 1000).toISOString());
  const scope = (isOfRow: boolean) =>
    scopeConditions({ livemode, account: account ?? '' }, parameters, isOfRow).join(' and ');
  const sql: Readonly<Record<CurrentPart, () => string>> = {
    entries:
      () => `select *, (select json_agg(json_build_object('name', name, 'currency', currency, 'amountMinor', amount_minor, 'line', line) order by no)
        from ${VIEWS.postings} p where p.entry = journal_entries.id) as postings
      from ${rowsOfKeys(JOURNAL, 'journal_entries')} where effective_at >= ${startOf(month)} and effective_at < ${startOf(monthAfter(month))} and ${scope(true)} order by effective_at, id`,
    revenue:
      () => `select earned.*, e.stripe_event_id from (select * from ${VIEWS.revenue} where month = ${parameters.add(month)} and ${scope(true)}) as earned
      left join ${VIEWS.entries} e on e.id = 'invoice:' || earned.invoice order by earned.line, earned.part`,
    schedules: () => {
      const end = startOf(monthAfter(month));
      return `select * from ${VIEWS.schedules} where ends_at > ${end} and booked_at < ${end} and ${scope(true)} order by line, part, no`;
    },
    booked:
      () => `select part, month, booked_month, currency, revenue_minor, unbilled_minor, contra_minor from ${VIEWS.revenueByMonth}
      where month <= ${parameters.add(month)} and ${scope(false)} order by currency, month, booked_month, part`,
  };
  return { text: sql[part](), values: parameters.values };
}

/** Yields the rows of a part of a closing by what is known now, in order. */
export async function* currentRows<T = ClosedRow>(
  connection: Queryable,
  part: CurrentPart,
  of: OfMonth,
): AsyncGenerator<T> {
  for await (const row of rowsOneByOne(connection, 'closed_rows', queryOf(part, of)))
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
