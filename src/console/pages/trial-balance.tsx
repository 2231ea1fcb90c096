import type { TrialBalance } from '../answers.js';
import { withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { Empty, Section, Table, Verdict } from '../parts/layout.js';
import { Incomplete, MoneyPages, postingsOf, scopeId, scopeIn, scopeOf, scopeText } from '../parts/money.js';
import { Figure, moneyText, Time } from '../parts/text.js';
import { closingPage } from '../places.js';

function show(balance: TrialBalance, { asked, nowMs }: Frame): Shown {
  const { month } = balance;
  const { of, ...rest } = asked.query;
  const isBalanced = balance.data.every(({ sumMinor }) => sumMinor === 0);
  return {
    title: 'Trial balance',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Trial balance" />
        <h1>Trial balance {month === null ? 'now' : `of ${month}`}</h1>
        <form class="filters" action="/console/trial-balance">
          <label>
            Month
            <input name="month" type="month" value={month ?? ''} />
          </label>
          <label>
            Currency
            <input name="currency" value={asked.query['currency'] ?? ''} size={5} maxLength={3} placeholder="all" />
          </label>
          <button type="submit">Show</button>
        </form>
        {balance.data.length === 0 ? (
          <Empty>
            <p>The journal has no entries yet. The first finalized invoice creates some.</p>
          </Empty>
        ) : (
          <Verdict tone={isBalanced ? 'good' : 'bad'}>
            <p class="sentence">
              {isBalanced
                ? 'Debits and credits are equal in every currency.'
                : 'Debits and credits are not equal: verify the journal.'}
            </p>
            <Incomplete of={balance} />
          </Verdict>
        )}
        {of === undefined ? null : (
          <p>
            Accounts of {of} alone. <a href={withQuery('/console/trial-balance', rest)}>All accounts</a>
          </p>
        )}
        {balance.data.map((scope) => (
          <Section key={scopeId(scope)} title={scopeText(scope)} id={scopeId(scope)}>
            <Closed of={scope} month={month} isRestated={balance.view === 'restated'} />
            <Accounts
              of={{ ...scope, accounts: scope.accounts.filter(({ name }) => name.startsWith(of ?? '')) }}
              month={month ?? new Date(nowMs).toISOString().slice(0, 7)}
            />
          </Section>
        ))}
      </>
    ),
  };
}

/** The note on a month that is closed or corrects closed ones, with a link to the other view. */
function Closed({
  of,
  month,
  isRestated,
}: {
  of: TrialBalance['data'][number];
  month: string | null;
  isRestated: boolean;
}) {
  if (month === null) return null;
  const other = (view: string | undefined) => withQuery('/console/trial-balance', { month, ...scopeOf(of), view });
  const corrects = of.accounts.filter(({ correctionMinor }) => correctionMinor !== 0);
  if (isRestated)
    return (
      <p>
        As known now. <a href={other(undefined)}>As it was closed</a>, if it was.
      </p>
    );
  return (
    <>
      {of.closing === null ? null : (
        <p>
          <a href={closingPage({ ...of, month })}>Closed</a> <Time at={of.closing.closedAt} /> by {of.closing.by}.{' '}
          <a href={other('restated')}>As known now</a>
        </p>
      )}
      {corrects.length === 0 ? null : (
        <p>
          This month includes corrections of closed months:{' '}
          {corrects.map(({ name, correctionMinor }) => `${name} ${moneyText(correctionMinor, of.currency)}`).join(', ')}
          . <a href={other('restated')}>Without corrections</a>
        </p>
      )}
    </>
  );
}

const Accounts = ({
  of: { accounts, currency, ...whose },
  month,
}: {
  of: TrialBalance['data'][number];
  month: string;
}) => (
  <Table
    label={`Accounts in ${currency.toUpperCase()}`}
    columns={[
      'Account',
      ['At the start', 'number'],
      ['Debit', 'number'],
      ['Credit', 'number'],
      ['At the end', 'number'],
    ]}
  >
    {accounts.map(({ name, startMinor, debitMinor, creditMinor, endMinor }) => {
      const href = postingsOf(name, { ...whose, currency }, { from: month, to: month });
      return (
        <tr key={name}>
          <th scope="row">
            <a href={href}>{name}</a>
          </th>
          {[startMinor, debitMinor, creditMinor, endMinor].map((minor, at) => (
            <td key={at} class="number">
              <Figure minor={minor} currency={currency} href={href} />
            </td>
          ))}
        </tr>
      );
    })}
  </Table>
);

/** What is the balance of each account, and what moved in a month? */
export const TRIAL_BALANCE = page<TrialBalance>({
  path: '/trial-balance',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/trial-balance', { month: query['month'], view: query['view'], ...scopeIn(query) }),
  show,
});
