import type { Earned } from '../../../derivations/revenue/earned.js';
import { StoredSchedule, type SegmentRow } from '../../../derivations/revenue/stored.js';
import type { Queryable } from '../../read-models/database.js';
import type { Scope } from './amounts.js';
import { rowsOneByOne } from './cursors.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, type AskedScope } from './query.js';
import { VIEWS } from './views.js';

/** A revenue line, what it was for, and how it is earned. */
export type ScheduledLine = Readonly<{
  line: string;
  part: string;
  scope: Scope;
  of: Readonly<Record<SoldBy, string | null>>;
  schedule: StoredSchedule;
}>;
export const SOLD_BY = ['invoice', 'customer', 'subscription', 'product', 'price'] as const;
export type SoldBy = (typeof SOLD_BY)[number];

const COLUMNS = `line, part, ${SCOPE_OF_ROW}, ${SOLD_BY.join(', ')}, booked_at, starts_at, ends_at, since, active_minor, base_minor`;

/** Lines that earn something in a month. */
export async function* schedulesEarningIn(
  connection: Queryable,
  month: string,
  asked: AskedScope,
  earned: Earned,
): AsyncGenerator<ScheduledLine> {
  const parameters = new Parameters();
  const own = parameters.add(month);
  const conditions = scopeConditions(asked, parameters, true).map((condition) => `and ${condition}`);
  const text = `select ${COLUMNS} from ${VIEWS.schedules} join (
      select line, part from ${VIEWS.revenue} where month = ${own}) as earning using (line, part)
    where true ${conditions.join(' ')} order by line, part, no`;
  yield* linesOf(connection, 'earning_lines', { text, values: parameters.values }, earned);
}

/**
 * Lines that are billed but not fully earned at a time; optionally of one object, and without the books in `without`.
 */
export async function* schedulesRunningAt(
  connection: Queryable,
  {
    at,
    of,
    without = [],
    ...asked
  }: AskedScope &
    Readonly<{
      at: number;
      of: Readonly<Partial<Record<SoldBy, string | undefined>>>;
      without?: readonly Pick<Scope, 'livemode' | 'account'>[];
    }>,
  earned: Earned,
): AsyncGenerator<ScheduledLine> {
  const parameters = new Parameters();
  const moment = parameters.add(new Date(at * 1000).toISOString());
  const conditions = [
    `ends_at > ${moment}`,
    `booked_at < ${moment}`,
    ...scopeConditions(asked, parameters, true),
    ...SOLD_BY.flatMap((name) => (of[name] === undefined ? [] : [`${name} = ${parameters.add(of[name])}`])),
    ...without.map(
      ({ livemode, account }) =>
        `not (coalesce(livemode, false) = ${parameters.add(livemode)} and account is not distinct from ${parameters.add(account)})`,
    ),
  ];
  const text = `select ${COLUMNS} from ${VIEWS.schedules} where ${conditions.join(' and ')} order by line, part, no`;
  yield* linesOf(connection, 'running_lines', { text, values: parameters.values }, earned);
}

type Row = Scope &
  Readonly<Record<SoldBy, string | null>> &
  Readonly<{
    line: string;
    part: string;
    booked_at: Date;
    starts_at: Date | null;
    ends_at: Date | null;
    since: Date;
    active_minor: bigint;
    base_minor: bigint;
  }>;

async function* linesOf(
  connection: Queryable,
  name: string,
  query: Readonly<{ text: string; values: readonly unknown[] }>,
  earned: Earned,
): AsyncGenerator<ScheduledLine> {
  yield* byLine(rowsOneByOne<Row & Record<string, unknown>>(connection, name, query), earned);
}

/** Lines from the rows that a closing keeps, in their order. */
export async function* keptSchedules(
  rows: AsyncIterable<Readonly<Record<string, unknown>>>,
  earned: Earned,
): AsyncGenerator<ScheduledLine> {
  yield* byLine(asRows(rows), earned);
}

async function* asRows(rows: AsyncIterable<Readonly<Record<string, unknown>>>): AsyncGenerator<Row> {
  for await (const row of rows)
    yield {
      ...row,
      ...Object.fromEntries(TIMES.map((name) => [name, row[name] == null ? null : new Date(String(row[name]))])),
      livemode: row['livemode'] === true,
    } as Row;
}
const TIMES = ['booked_at', 'starts_at', 'ends_at', 'since'] as const;

async function* byLine(found: AsyncIterable<Row>, earned: Earned): AsyncGenerator<ScheduledLine> {
  let rows: Row[] = [];
  for await (const row of found) {
    const [first] = rows;
    if (first !== undefined && (first.line !== row.line || first.part !== row.part)) {
      yield lineOf(rows, earned);
      rows = [];
    }
    rows.push(row);
  }
  if (rows.length > 0) yield lineOf(rows, earned);
}

function lineOf(rows: readonly Row[], earned: Earned): ScheduledLine {
  const [first, ...rest] = rows.map(segmentOf) as [SegmentRow, ...SegmentRow[]];
  const { line, part, livemode, account, currency, invoice, customer, subscription, product, price } = rows[0] as Row;
  return {
    ...{ line, part, scope: { livemode, account, currency } },
    of: { invoice, customer, subscription, product, price },
    schedule: new StoredSchedule([first, ...rest], earned),
  };
}

const segmentOf = (row: Row): SegmentRow => ({
  booked_at: row.booked_at.toISOString(),
  starts_at: row.starts_at?.toISOString() ?? null,
  ends_at: row.ends_at?.toISOString() ?? null,
  since: row.since.toISOString(),
  active_minor: Number(row.active_minor),
  base_minor: Number(row.base_minor),
});
