import { accountNames, accounts as chart } from '../../../derivations/journal/accounts.js';
import { earnedMoves, recognitionOf } from '../../../derivations/journal/moved.js';
import { calendarOf, dayName, dayNamed } from '../../../derivations/revenue/calendar.js';
import type { Queryable } from '../../read-models/database.js';
import type { Closings } from '../../closings/closing-log.js';
import { amountOf } from '../books/amounts.js';
import { rowsOneByOne } from '../books/cursors.js';
import { monthAfter, monthStart } from '../books/query.js';
import { movesOf, Sums } from '../books/sums.js';
import { VIEWS } from '../books/views.js';
import { areKept, type FrozenBooks } from '../closings/frozen-books.js';
import { trialBalanceOfMonth } from '../trial-balance/trial-balance.js';
import type { ExportedEntry, ExportedPosting, ExportFormat } from './exported.js';

/** The export: the books of one account in one mode, for an inclusive range of months. */
export type ExportWanted = Readonly<{
  livemode: boolean;
  /** '' for the own account. */
  account: string;
  /** Null: from the first month. */
  from: string | null;
  to: string;
  zone: string;
  policy: string;
  position: string | null;
  /** The closed months of these books, starting with the month before `from`. */
  frozen: readonly FrozenBooks[];
  closings: Closings;
}>;

/**
 * Yields the text of a file, one entry at a time. It starts with the balances before `from`, if any, and ends with
 * those after `to`, which are the month's trial balance and the sum of all entries. Where a closed month, or the first
 * open one, differs from the sum of its entries, a correction entry has the difference.
 */
export async function* exportJournal(
  connection: Queryable,
  format: ExportFormat,
  wanted: ExportWanted,
): AsyncGenerator<string> {
  const months = [...new Set([...(await monthsWithin(connection, wanted)), ...correctedMonths(wanted)])].sort();
  const from = wanted.from ?? months[0] ?? wanted.to;
  const end = await balancesAfter(connection, wanted.to, wanted);
  const start = await balancesAfter(connection, monthAfter(from, -1), wanted);
  const used = new Set([...(await namesWithin(connection, wanted)), ...namesClosed(wanted)]);
  yield format.head({
    ...{ livemode: wanted.livemode, account: wanted.account === '' ? null : wanted.account },
    ...{ from, to: wanted.to, policy: wanted.policy, position: wanted.position },
    accounts: [
      ...accountNames.filter((name) => used.has(`name ${name}`)),
      ...EARNED.filter((name) => !used.has(`name ${name}`)),
    ],
    currencies: [...used]
      .filter((one) => one.startsWith('currency '))
      .map((one) => one.slice(9))
      .sort(),
  });
  if (start.length > 0) {
    const at = monthStart(from, wanted.zone) - 1;
    yield format.entry(
      madeUp({ id: `opening:${from}`, kind: 'opening', at, day: lastDayOf(monthAfter(from, -1)) }, start),
    );
  }
  for (const month of months.filter((one) => one >= from)) {
    const moved = new Sums();
    for await (const entry of monthOf(connection, month, wanted)) {
      moved.add(entry.postings);
      yield format.entry(entry);
    }
    if (correctedMonths(wanted).includes(month)) {
      const correction = await correctionOf(connection, month, { wanted, moved });
      if (correction.postings.length > 0) yield format.entry(correction);
    }
  }
  yield format.balances(dayName(dayNamed(lastDayOf(wanted.to)) + 1), end);
}

/** Months that may differ from their entries: the closed ones, and the first open one. */
const correctedMonths = ({ frozen, to }: ExportWanted): readonly string[] =>
  frozen.flatMap(({ last, months }) => [...months.keys(), monthAfter(last)]).filter((month) => month <= to);

const namesClosed = ({ frozen }: ExportWanted): readonly string[] =>
  frozen
    .flatMap(({ months }) => [...months.values()].flatMap(({ balances }) => balances))
    .flatMap(({ currency, accounts }) => [`currency ${currency}`, ...accounts.map(({ name }) => `name ${name}`)]);

/** The entries and earned revenue of a month; for a closed month as they were closed. */
async function* monthOf(connection: Queryable, month: string, wanted: ExportWanted): AsyncGenerator<ExportedEntry> {
  const [books] = wanted.frozen;
  const closing = books?.months.get(month);
  if (books === undefined || closing === undefined || !areKept(wanted.closings, books)) {
    yield* entriesOf(connection, month, wanted);
    yield* earnedIn(connection, month, wanted);
    return;
  }
  const { dayOf } = calendarOf(wanted.zone);
  for await (const row of wanted.closings.rowsOf<KeptEntry>(closing, 'entries')) {
    const { id, kind, customer, invoice, object, inference, postings } = row;
    const effectiveAt = new Date(row.effective_at);
    yield {
      ...{ id, kind, effectiveAt, day: dayName(dayOf(Math.floor(effectiveAt.getTime() / 1000))), customer, invoice },
      ...{ object, book: row.key, inference, stripeEventId: row.stripe_event_id, postings },
    };
  }
  for await (const row of wanted.closings.rowsOf<
    EarnedRow & { key: string; revenue_minor: number; unbilled_minor: number }
  >(closing, 'revenue')) {
    const entry = earnedEntry({ ...row, book: row.key }, month, {
      ...{ zone: wanted.zone, revenue: row.revenue_minor, unbilled: row.unbilled_minor },
    });
    if (entry.postings.length > 0) yield entry;
  }
}

/** An entry as stored by a closing. */
type KeptEntry = Readonly<{
  id: string;
  key: string;
  kind: string;
  effective_at: string;
  customer: string | null;
  invoice: string | null;
  object: string;
  inference: string | null;
  stripe_event_id: string;
  postings: readonly ExportedPosting[];
}>;

/** The difference between the shown month and the sum of its entries, as an entry. */
async function correctionOf(
  connection: Queryable,
  month: string,
  { wanted, moved }: Readonly<{ wanted: ExportWanted; moved: Sums }>,
): Promise<ExportedEntry> {
  const { livemode, account, frozen, zone } = wanted;
  const shown = await trialBalanceOfMonth(connection, month, { livemode, account, frozen });
  const corrected = new Sums().add(movesOf(shown)).add(moved.postings, -1);
  const at = monthStart(monthAfter(month), zone) - 1;
  return madeUp({ id: `correction:${month}`, kind: 'correction', at, day: lastDayOf(month) }, corrected.postings);
}

/** The accounts of earned revenue, which may have no other postings. */
const EARNED: readonly string[] = [chart.revenue, chart.discounts, chart.unbilled];

const lastDayOf = (month: string): string => dayName(dayNamed(`${monthAfter(month)}-01`) - 1);

const SCOPE = `livemode = $1 and account = $2`;
const SCOPE_OF_ROW = `coalesce(livemode, false) = $1 and coalesce(account, '') = $2`;

async function monthsWithin(connection: Queryable, { livemode, account, to }: ExportWanted): Promise<string[]> {
  const { rows } = await connection.query<{ month: string }>(
    `select month from (select month from ${VIEWS.months} where ${SCOPE} union select month from ${VIEWS.revenueByMonth} where ${SCOPE}
       union select booked_month from ${VIEWS.revenueByMonth} where ${SCOPE}) as known where month <= $3 order by month`,
    [livemode, account, to],
  );
  return rows.map(({ month }) => month);
}

async function namesWithin(connection: Queryable, { livemode, account }: ExportWanted): Promise<string[]> {
  const { rows } = await connection.query<{ name: string }>(
    `select 'name ' || name as name from ${VIEWS.months} where ${SCOPE} union select 'currency ' || currency from ${VIEWS.months} where ${SCOPE}
     union select 'currency ' || currency from ${VIEWS.revenueByMonth} where ${SCOPE}`,
    [livemode, account],
  );
  return rows.map(({ name }) => name);
}

async function balancesAfter(
  connection: Queryable,
  month: string,
  { livemode, account, frozen }: ExportWanted,
): Promise<ExportedPosting[]> {
  const scopes = await trialBalanceOfMonth(connection, month, { livemode, account, frozen });
  return scopes.flatMap(({ currency, accounts }) =>
    accounts
      .filter(({ endMinor }) => endMinor !== 0)
      .map(({ name, endMinor }) => ({ name, currency, amountMinor: endMinor })),
  );
}

type MadeUp = Readonly<{ id: string; kind: string; at: number; day: string }> &
  Partial<Pick<ExportedEntry, 'customer' | 'invoice' | 'object' | 'book' | 'stripeEventId'>>;

const madeUp = ({ at, ...of }: MadeUp, postings: readonly ExportedPosting[]): ExportedEntry => ({
  ...{ customer: null, invoice: null, object: null, book: null, stripeEventId: null, inference: null },
  ...of,
  effectiveAt: new Date(at * 1000),
  postings: postings.filter(({ amountMinor }) => amountMinor !== 0),
});

type EntryRow = Readonly<{
  id: string;
  kind: string;
  effective_at: Date;
  customer: string | null;
  invoice: string | null;
  object: string;
  book: string;
  inference: string | null;
  stripe_event_id: string;
  name: string;
  currency: string;
  amount: bigint;
}>;

/** The entries of a month, in order of time. */
async function* entriesOf(
  connection: Queryable,
  month: string,
  { livemode, account, zone }: ExportWanted,
): AsyncGenerator<ExportedEntry> {
  const { dayOf } = calendarOf(zone);
  const entryOf = (rows: readonly [EntryRow, ...EntryRow[]]): ExportedEntry => {
    const [{ id, kind, effective_at: effectiveAt, customer, invoice, object, book, inference, stripe_event_id }] = rows;
    return {
      ...{ id, kind, effectiveAt, day: dayName(dayOf(Math.floor(effectiveAt.getTime() / 1000))), customer, invoice },
      ...{ object, book, inference, stripeEventId: stripe_event_id },
      postings: rows.map(({ name, currency, amount }) => ({ name, currency, amountMinor: amountOf(amount) })),
    };
  };
  const text = `select e.id, e.kind, e.effective_at, e.customer, e.invoice, e.object, e.key as book, e.inference, e.stripe_event_id, p.name, p.currency, p.amount_minor as amount
    from ${VIEWS.postings} p join ${VIEWS.entries} e on e.id = p.entry
    where p.month = $3 and coalesce(p.livemode, false) = $1 and coalesce(p.account, '') = $2 order by e.effective_at, e.id, p.no`;
  let rows: EntryRow[] = [];
  for await (const row of rowsOneByOne<EntryRow>(connection, 'exported_entries', {
    text,
    values: [livemode, account, month],
  })) {
    const [first, ...others] = rows;
    if (first !== undefined && first.id !== row.id) {
      yield entryOf([first, ...others]);
      rows = [];
    }
    rows.push(row);
  }
  const [first, ...others] = rows;
  if (first !== undefined) yield entryOf([first, ...others]);
}

type EarnedRow = Readonly<{
  line: string;
  part: string;
  invoice: string | null;
  customer: string | null;
  book: string;
  currency: string;
  stripe_event_id: string | null;
}>;

/** The revenue that lines earned in a month, as entries on its last day, which no table has. */
async function* earnedIn(
  connection: Queryable,
  month: string,
  { livemode, account, zone }: ExportWanted,
): AsyncGenerator<ExportedEntry> {
  const text = `select earned.line, earned.part, earned.invoice, earned.customer, earned.key as book, earned.currency,
      earned.revenue_minor as revenue, earned.unbilled_minor as unbilled, e.stripe_event_id
    from (select * from ${VIEWS.revenue} where month = $3 and ${SCOPE_OF_ROW}) as earned
    left join ${VIEWS.entries} e on e.id = 'invoice:' || earned.invoice order by earned.line, earned.part`;
  for await (const row of rowsOneByOne<EarnedRow & { revenue: bigint; unbilled: bigint }>(
    connection,
    'exported_revenue',
    {
      text,
      values: [livemode, account, month],
    },
  )) {
    const [revenue, unbilled] = [amountOf(row.revenue), amountOf(row.unbilled)];
    const entry = earnedEntry(row, month, { zone, revenue, unbilled });
    if (entry.postings.length > 0) yield entry;
  }
}

/** The revenue that a line earned in a month, as an entry in its last second. */
function earnedEntry(
  { line, part, invoice, customer, book, currency, stripe_event_id: stripeEventId }: EarnedRow,
  month: string,
  { zone, ...earned }: Readonly<{ zone: string; revenue: number; unbilled: number }>,
): ExportedEntry {
  const [kind, id] = ['recognition', recognitionOf({ line, part }, month)];
  const [at, day] = [monthStart(monthAfter(month), zone) - 1, lastDayOf(month)];
  return madeUp(
    { id, kind, at, day, customer, invoice, object: line, book, stripeEventId },
    earnedMoves(part, earned).map(([name, amountMinor]) => ({ name, currency, amountMinor })),
  );
}
