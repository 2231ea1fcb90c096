import { includesScope } from '../../http/tokens.js';
import type { ClosedMonth, Corrections, List, TrialBalance, Whose } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { counted, plural } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { Empty, Facts, Next, Section, Table, Verdict } from '../parts/layout.js';
import { booksId, booksOf, booksText, ExportLinks, Incomplete, MoneyPages, postingsOf } from '../parts/money.js';
import { Id, Mark, Money, Time } from '../parts/text.js';
import { closingPage, customerPage, entryPage, eventPage, invoicePage } from '../places.js';

/** The defects that were accepted when a month was closed. */
const ACCEPTED: Readonly<Record<string, string>> = {
  parked: 'parked streams',
  unexplained: 'Equity:Unexplained not zero',
};

type Data = Readonly<{ closed: List<ClosedMonth>; books: readonly Whose[] }>;

function show({ closed, books }: Data, { visitor, nowMs }: Frame): Shown {
  return {
    title: 'Closed months',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Closings" />
        <h1>Closed months</h1>
        <p>A closed month keeps its figures. What becomes known later is posted in the first open month.</p>
        {closed.data.length === 0 ? (
          <Empty>
            <p>
              No months are closed yet, so late events can still change the figures of past months. Close a month after
              you have reported it.
            </p>
          </Empty>
        ) : (
          <Table label="Closed months, newest first" columns={['Month', 'Books', 'Closed', 'By', 'Accepted']}>
            {closed.data.map((one) => (
              <tr key={`${one.month} ${booksId(one)}`}>
                <th scope="row">
                  <a href={closingPage(one)}>{one.month}</a>
                </th>
                <td>{booksText(one)}</td>
                <td>
                  <Time at={one.closedAt} as="cell" />
                </td>
                <td>{one.by}</td>
                <td>
                  <Accepted of={one} />
                </td>
              </tr>
            ))}
          </Table>
        )}
        <Next
          href={closed.nextCursor === null ? null : withQuery('/console/closings', { cursor: closed.nextCursor })}
        />
        {includesScope(visitor.scope, 'admin') && books.length > 0 ? (
          <Section title="Close a month" id="close">
            <CloseForm books={books} month={lastMonthBefore(nowMs)} />
          </Section>
        ) : null}
      </>
    ),
  };
}

const Accepted = ({ of: { accepted } }: { of: ClosedMonth }) =>
  accepted.length === 0 ? (
    <span class="dim">nothing</span>
  ) : (
    <Mark tone="warn">{accepted.map((one) => ACCEPTED[one] ?? one).join(', ')}</Mark>
  );

const CloseForm = ({ books, month }: { books: readonly Whose[]; month: string }) => (
  <form class="confirm" method="post" action="/console/closings">
    <p>
      Closes the month and all open months before it, for all currencies of the books. Reports and exports then show
      these months as they are now.
    </p>
    <div class="filters">
      <label>
        Month
        <input name="month" type="month" required value={month} />
      </label>
      <label>
        Books
        <select name="books">
          {books.map((one) => (
            <option key={booksId(one)} value={booksId(one)}>
              {booksText(one)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Close the month</button>
    </div>
    <label class="choice">
      <input type="checkbox" name="accept" value="true" />
      <span>
        Close it even if streams are parked or Equity:Unexplained is not zero.{' '}
        <span class="dim">The closing records what was accepted.</span>
      </span>
    </label>
  </form>
);

/** The last complete month (UTC), e.g. `2026-01`. */
function lastMonthBefore(nowMs: number): string {
  const now = new Date(nowMs);
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1)).toISOString().slice(0, 7);
}

/** Which months are closed, by whom, and when? */
export const CLOSINGS = page<Data>({
  path: '/closings',
  scope: 'read',
  async load(ledger, { query }) {
    const [closed, { data }] = await Promise.all([
      ledger.read<List<ClosedMonth>>('/v1/closings', { cursor: query['cursor'], limit: 24 }),
      ledger.read<TrialBalance>('/v1/trial-balance'),
    ]);
    const books = new Map(data.map(({ livemode, account }) => [booksId({ livemode, account }), { livemode, account }]));
    return { closed, books: [...books.values()] };
  },
  show,
});

type One = Readonly<{ closing: ClosedMonth; last: string | null; corrections: Corrections }>;

function showOne({ closing, last, corrections }: One, { visitor }: Frame): Shown {
  const { month, accepted, policy, hash, position, build, zone } = closing;
  const of = booksOf(closing);
  const asked = { month, livemode: String(closing.livemode), account: closing.account };
  const { accounts, data, nextCursor } = corrections;
  const isSame = accounts.length === 0 && data.length === 0;
  return {
    title: `Closing of ${month}`,
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Closings" />
        <p class="over">Closed month, {booksText(closing)}</p>
        <h1>{month}</h1>
        <Verdict tone={isSame ? 'good' : 'warn'}>
          <p class="sentence">
            {isSame
              ? 'Nothing that changes this month has become known since it was closed.'
              : `Since it was closed, ${plural(data.length, 'entry', 'entries')}${nextCursor === null ? '' : ' or more'} became known, and ${plural(accounts.length, 'account')} would have another balance.`}
          </p>
          <p>
            Closed <Time at={closing.closedAt} /> by {closing.by}
            {accepted.length === 0 ? '' : `, with ${accepted.map((one) => ACCEPTED[one] ?? one).join(' and ')}`}.{' '}
            <a href={withQuery('/console/trial-balance', asked)}>Trial balance as it was closed</a>,{' '}
            <a href={withQuery('/console/trial-balance', { ...asked, view: 'restated' })}>as known now</a>
          </p>
          <Incomplete of={corrections} />
        </Verdict>
        <Differing of={corrections} />
        <Late of={corrections} />
        <Section title="Details" id="details">
          <Facts
            of={[
              ['Time zone', zone],
              ['Log position', counted(Number(position))],
              ['Policy', <Id key="policy" id={policy} />],
              ['Build', build],
              ['Hash', <Id key="hash" id={hash} />],
            ]}
          />
          <ExportLinks of={of} month={month} />
        </Section>
        {includesScope(visitor.scope, 'admin') && last === month ? (
          <Section title="Reopen the month" id="reopen">
            <ReopenForm of={closing} />
          </Section>
        ) : null}
      </>
    ),
  };
}

/** The accounts whose balance would differ by what is known now. */
function Differing({ of: { accounts, month, livemode, account } }: { of: Corrections }) {
  if (accounts.length === 0) return null;
  return (
    <Section title="Accounts that would differ" id="accounts">
      <p class="dim">The first open month holds these differences as corrections.</p>
      <Table
        label="Accounts at the end of the month, as closed and now"
        columns={['Account', ['As closed', 'number'], ['Now', 'number'], ['Change', 'number']]}
      >
        {accounts.map(({ name, currency, closedMinor, nowMinor, changeMinor }) => (
          <tr key={`${currency} ${name}`}>
            <th scope="row">
              <a href={postingsOf(name, { livemode, account, currency }, { from: month, to: month })}>{name}</a>
            </th>
            {[closedMinor, nowMinor, changeMinor].map((minor, at) => (
              <td key={at} class="number">
                <Money minor={minor} currency={currency} />
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </Section>
  );
}

/** Kinds without a journal entry: recognised revenue, and sums that exist only in a closing. */
const NO_ENTRIES = new Set(['recognition', 'sum']);

/** The entries that changed after the closing; they add up to the differences. */
function Late({ of }: { of: Corrections }) {
  const { data, nextCursor } = of;
  if (data.length === 0) return null;
  return (
    <Section title="Causes of the differences" id="late">
      <Table
        label="Entries that changed since the month was closed, newest first"
        columns={['When', 'Entry', 'Change', 'Invoice', 'Customer', 'Because of', ['Position', 'number']]}
      >
        {data.map((entry) => (
          <tr key={entry.id}>
            <td>
              <Time at={entry.effectiveAt} as="cell" />
            </td>
            <td>
              {entry.change === 'gone' || NO_ENTRIES.has(entry.kind) ? (
                entry.kind
              ) : (
                <a href={entryPage(entry.id)}>{entry.kind.replaceAll('_', ' ')}</a>
              )}
            </td>
            <td>{entry.change.replaceAll('_', ' ')}</td>
            <td>
              <Id id={entry.invoice} href={entry.invoice === null ? null : invoicePage(entry.invoice)} />
            </td>
            <td>
              <Id id={entry.customer} href={entry.customer === null ? null : customerPage(entry.customer)} />
            </td>
            <td>
              <Id id={entry.stripeEvent} href={entry.stripeEvent === null ? null : eventPage(entry.stripeEvent)} />
            </td>
            <td class="number">{entry.position}</td>
          </tr>
        ))}
      </Table>
      <Next href={nextCursor === null ? null : closingPage(of, nextCursor)} />
    </Section>
  );
}

const ReopenForm = ({ of: { month, ...whose } }: { of: ClosedMonth }) => (
  <form class="confirm" method="post" action={`/console/closings/${pathOf(month)}/reopen`}>
    <p>The month then shows what is known now, until it is closed again. The log keeps both decisions.</p>
    <input type="hidden" name="books" value={booksId(whose)} />
    <div class="filters">
      <label>
        Reason
        <input name="reason" required maxLength={500} size={40} />
      </label>
      <button type="submit" class="danger">
        Open {month} again
      </button>
    </div>
  </form>
);

/** What became known about a closed month since it was closed? */
export const CLOSING = page<One>({
  path: '/closings/:month',
  scope: 'read',
  async load(ledger, { path, query }) {
    const month = String(path['month']);
    const of = { livemode: query['livemode'] ?? 'true', account: query['account'] };
    const at = `/v1/${pathOf('closings', month)}`;
    const [closing, { data }, corrections] = await Promise.all([
      ledger.read<ClosedMonth>(at, of),
      ledger.read<List<ClosedMonth>>(
        `/v1/closings?${String(new URLSearchParams({ ...of, account: of.account ?? '' }))}`,
      ),
      ledger.read<Corrections>(`${at}/corrections`, { ...of, cursor: query['cursor'], limit: 50 }),
    ]);
    return { closing, last: data[0]?.month ?? null, corrections };
  },
  show: showOne,
});
