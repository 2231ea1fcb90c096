import { accounts } from '../../../derivations/journal/accounts.js';
import type { Accepted, Closing, MonthOfAccount, MonthOfCurrency, Whose } from '../../closings/closing.js';
import type { ClosedRowsWriter } from '../../closings/closed-rows.js';
import { isEmpty } from '../../closings/frozen.js';
import { sealed } from '../../closings/closing.js';
import type { Closings } from '../../closings/closing-log.js';
import { ProblemError } from '../../http/problem.js';
import type { Queryable } from '../../read-models/database.js';
import type { BooksState } from '../books/books.js';
import { monthAfter, monthStart, nowSecond } from '../books/query.js';
import { VIEWS } from '../books/views.js';
import { trialBalanceOfMonth } from '../trial-balance/trial-balance.js';
import { keepRows } from './closing-rows.js';
import { correctionsOf, noCorrections } from './corrections.js';
import type { FrozenBooks } from './frozen-books.js';

/** The most months that one request closes. */
const MONTHS_MAX = 120;

type Wanted = Whose &
  Readonly<{
    month: string;
    zone: string;
    /** Whether to close despite objections, which the closing then records. */
    accepts: boolean;
    by: string;
    build: string;
    policy: string;
    /** The rules behind the policy's hash. */
    rules: NonNullable<Closing['rules']>;
    /** Creates the writer that stores the rows of a closing. */
    rowsWriter: () => ClosedRowsWriter;
    closings: Closings;
  }>;

const refused = (detail: string) => new ProblemError('closing_refused', detail);

/** @throws ProblemError 409 for a month that has not ended */
export function assertOver(month: string, zone: string): void {
  if (monthStart(monthAfter(month), zone) > nowSecond())
    throw refused(`${month} is not over yet in ${zone}. Close it afterwards.`);
}

/**
 * Returns the closings that close a month of some books and all open months before it, from one snapshot; each
 * continues the one before it. `frozen` holds the closed months, with the last closing.
 * @throws ProblemError 409 that states the objections, 503 while keys are behind
 */
export async function closingsOf(
  connection: Queryable,
  { frozen, state, ...wanted }: Wanted & Readonly<{ frozen: FrozenBooks | undefined; state: BooksState }>,
): Promise<readonly Closing[]> {
  const { livemode, account, month, zone, accepts, by, build, policy, rules, rowsWriter, closings } = wanted;
  const { position, behindKeys } = state;
  if (position === null)
    throw new ProblemError(
      'books_not_ready',
      behindKeys > 0
        ? `${behindKeys} keys have not been derived yet. Close the month afterwards.`
        : 'The books have no events yet.',
    );
  const first =
    frozen === undefined ? ((await firstMonth(connection, { livemode, account })) ?? month) : monthAfter(frozen.last);
  const months = [];
  for (let one = first > month ? month : first; one <= month; one = monthAfter(one)) months.push(one);
  if (months.length > MONTHS_MAX)
    throw refused(
      `This would close ${months.length} months, starting with ${first}; at most ${MONTHS_MAX} may be closed at once. Close an earlier month first.`,
    );
  const balances = new Map<string, readonly MonthOfCurrency[]>();
  for (const one of months) {
    const asked = { livemode, account: account ?? '', frozen: frozen === undefined ? [] : [frozen] };
    const scopes = await trialBalanceOfMonth(connection, one, asked);
    balances.set(
      one,
      scopes.map(({ currency, accounts: own }) => ({ currency, accounts: own.filter((row) => !isEmpty(row)) })),
    );
  }
  const accepted = against(state, balances.get(month) ?? []);
  if (accepted.length > 0 && !accepts)
    throw refused(
      `${accepted.map((one) => AGAINST[one](state)).join(' ')} To close the month anyway, accept this ("accept": true, or --accept); the closing records it.`,
    );
  const closedAt = new Date().toISOString();
  let previous = frozen?.months.get(frozen.last)?.hash ?? null;
  const made: Closing[] = [];
  const whose = { livemode, account };
  for (const one of months) {
    const isFirstOpen = frozen !== undefined && made.length === 0;
    const corrections = isFirstOpen
      ? correctionsOf(connection, { closings, whose, month: frozen.last, zone })
      : noCorrections();
    const closing = sealed({
      rows: await keepRows(connection, rowsWriter(), { ...whose, month: one, zone, corrections }),
      rules,
      ...{ livemode, account, month: one, zone, position, policy, build, by, closedAt, previous },
      accepted: one === month ? accepted : [],
      balances: balances.get(one) ?? [],
    });
    previous = closing.hash;
    made.push(closing);
  }
  return made;
}

const AGAINST: Readonly<Record<Accepted, (state: BooksState) => string>> = {
  parked: ({ parkedKeys, parkedStreams }) =>
    `${[
      parkedKeys === 0 ? [] : [`${parkedKeys} keys of the books cannot be derived`],
      parkedStreams === 0 ? [] : [parkedStreams === 1 ? '1 stream is parked' : `${parkedStreams} streams are parked`],
    ]
      .flat()
      .join(', and ')}: GET /v1/parked lists them.`,
  unexplained: () =>
    `${accounts.unexplained} is not zero: GET /v1/reconciliation lists the unexplained balance transactions.`,
};

function against({ parkedKeys, parkedStreams }: BooksState, balances: readonly MonthOfCurrency[]): readonly Accepted[] {
  const isUnexplained = ({ name, endMinor }: MonthOfAccount): boolean =>
    name === accounts.unexplained && endMinor !== 0;
  return [
    ...(parkedKeys + parkedStreams > 0 ? (['parked'] as const) : []),
    ...(balances.some(({ accounts: own }) => own.some(isUnexplained)) ? (['unexplained'] as const) : []),
  ];
}

/** The first month with any movement; null when there is none. */
async function firstMonth(connection: Queryable, { livemode, account }: Whose): Promise<string | null> {
  const of = `livemode = $1 and account = $2`;
  const { rows } = await connection.query<{ month: string | null }>(
    `select min(month) as month from (select min(month) as month from ${VIEWS.months} where ${of}
       union all select min(month) from ${VIEWS.revenueByMonth} where ${of}) as first`,
    [livemode, account ?? ''],
  );
  return rows[0]?.month ?? null;
}

/** Attempts when others close months at the same time. */
export const APPEND_ATTEMPTS_MAX = 10;

/** Appends; returns false when another event came first. @throws ProblemError 409 when the events exceed one append */
export async function appended(
  closings: Closings,
  events: Parameters<Closings['append']>[0],
  revision: bigint,
): Promise<boolean> {
  const written = await closings.append(events, revision);
  if (written === 'too_large')
    throw refused('The balances of these months exceed the size of an append. Close an earlier month first.');
  return written === 'written';
}
