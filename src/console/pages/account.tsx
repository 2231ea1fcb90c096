import type { AccountPostings, MoneyScope } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { entryPage, eventPage, invoicePage } from '../places.js';
import { Empty, Next, Section, Table } from '../parts/layout.js';
import { Incomplete, MoneyPages, postingsOf, scopeText } from '../parts/money.js';
import { Id, Money, Time } from '../parts/text.js';

type Posting = AccountPostings['data'][number];

function show(answer: AccountPostings, { asked }: Frame): Shown {
  const { name, from, to, currency, data, startMinor, endMinor, nextCursor } = answer;
  const scope: MoneyScope = answer;
  const isFirst = asked.query['cursor'] === undefined;
  return {
    title: name,
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Trial balance" />
        <p class="over">Account, {scopeText(scope)}</p>
        <h1>{name}</h1>
        <form class="filters" action={`/console/accounts/${pathOf(name)}`}>
          {(['currency', 'livemode', 'account'] as const).map((field) => (
            <input key={field} type="hidden" name={field} value={asked.query[field] ?? ''} />
          ))}
          <label>
            From
            <input name="from" type="month" required value={from} />
          </label>
          <label>
            To
            <input name="to" type="month" required value={to} />
          </label>
          <button type="submit">Show</button>
        </form>
        <p class="dim">
          Oldest first, as known now. Positive amounts are debits, negative amounts are credits. Revenue is recognized
          without an entry, at the end of each month.
        </p>
        <Section title={from === to ? from : `${from} to ${to}`} id="postings">
          {data.length === 0 ? (
            <Empty>
              <p>This account has no postings in this period.</p>
            </Empty>
          ) : null}
          <Table
            label={`Postings on ${name}, oldest first`}
            columns={['When', 'Entry', 'Invoice', 'Because of', ['Amount', 'number'], ['Balance', 'number']]}
          >
            {isFirst ? <Standing title={`Before ${from}`} minor={startMinor} currency={currency} /> : null}
            {data.map((posting) => (
              <Row key={`${posting.entry} ${posting.no}`} of={posting} currency={currency} />
            ))}
            {nextCursor === null ? (
              <Standing title={`At the end of ${to}`} minor={endMinor} currency={currency} />
            ) : null}
          </Table>
          <Next href={nextCursor === null ? null : postingsOf(name, scope, { from, to }, nextCursor)} />
        </Section>
        <Incomplete of={answer} />
      </>
    ),
  };
}

const Standing = ({ title, minor, currency }: { title: string; minor: number; currency: string }) => (
  <tr>
    <th scope="row" colSpan={5}>
      {title}
    </th>
    <td class="number">
      <Money minor={minor} currency={currency} />
    </td>
  </tr>
);

/** The page behind a posting. Recognised revenue has no journal entry, so it leads to the invoice's entries. */
const pageOfPosting = ({ kind, entry, invoice }: Posting): string | null => {
  if (kind !== 'recognition') return entryPage(entry);
  return invoice === null ? null : withQuery('/console/journal', { invoice });
};

function Row({ of, currency }: { of: Posting; currency: string }) {
  const { kind, effectiveAt, object, invoice, stripeEvent, amountMinor, balanceMinor } = of;
  const href = pageOfPosting(of);
  const label = kind.replaceAll('_', ' ');
  return (
    <tr>
      <td>
        <Time at={effectiveAt} as="cell" />
      </td>
      <td>{href === null ? label : <a href={href}>{label}</a>}</td>
      <td>
        {invoice === null ? (
          <>
            <span class="dim">not billed</span> {object === null ? null : <Id id={object} />}
          </>
        ) : (
          <Id id={invoice} href={invoicePage(invoice)} />
        )}
      </td>
      <td>
        <Id id={stripeEvent} href={stripeEvent === null ? null : eventPage(stripeEvent)} />
      </td>
      <td class="number">
        <Money minor={amountMinor} currency={currency} />
      </td>
      <td class="number">
        <Money minor={balanceMinor} currency={currency} />
      </td>
    </tr>
  );
}

/** Which entries does a figure of the trial balance consist of? */
export const ACCOUNT = page<AccountPostings>({
  path: '/accounts/:name',
  scope: 'read',
  load: (ledger, { path, query: { from, to, currency, livemode, account, cursor } }) =>
    ledger.read(`/v1/${pathOf('accounts', String(path['name']), 'postings')}`, {
      ...{ from, to, currency, livemode, account, cursor },
      limit: 100,
    }),
  show,
});
