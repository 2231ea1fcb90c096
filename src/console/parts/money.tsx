import type { ComponentChildren } from 'preact';
import type { Booked, MoneyScope, Whose } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { plural } from '../operation-words.js';
import { dayText, Mark, timeText } from './text.js';

const PAGES = [
  ['MRR', '/console/mrr'],
  ['Movements', '/console/mrr/movements'],
  ['Retention', '/console/mrr/retention'],
  ['Cohorts', '/console/mrr/cohorts'],
  ['Trials', '/console/mrr/trials'],
  ['Revenue', '/console/revenue'],
  ['Trial balance', '/console/trial-balance'],
  ['Journal', '/console/journal'],
  ['Payouts', '/console/payouts'],
  ['Closings', '/console/closings'],
] as const;

/** The navigation between the pages about money. */
export const MoneyPages = ({ at }: { at: (typeof PAGES)[number][0] }) => (
  <nav class="sub" aria-label="Money">
    {PAGES.map(([name, path]) => (
      <a key={path} href={path} {...(name === at ? { 'aria-current': 'page' } : {})}>
        {name}
      </a>
    ))}
  </nav>
);

/** `EUR, test mode` */
export const scopeText = ({ currency, livemode, account }: MoneyScope): string =>
  [currency.toUpperCase(), livemode ? 'live' : 'test mode', account].filter((part) => part !== null).join(', ');
export const scopeId = ({ currency, livemode, account }: MoneyScope): string =>
  `${currency}-${livemode ? 'live' : 'test'}-${account ?? 'own'}`;

/** The scope parameters of a query; without them, the page shows the sums of every scope separately. */
export const scopeIn = ({ currency, account, livemode }: Readonly<Record<string, string>>) => ({
  currency,
  account,
  livemode,
});
/** The scope parameters for a link to what a sum consists of. */
export const scopeOf = ({ currency, account, livemode }: MoneyScope) => ({
  currency,
  account,
  livemode: String(livemode),
});

/** The set of books: one mode of one account. */
export const booksOf = ({ livemode, account }: Whose): Whose => ({ livemode, account });
/** `test mode`, followed by the connected account where there is one. */
export const booksText = ({ livemode, account }: Whose): string =>
  [livemode ? 'live mode' : 'test mode', account].filter((part) => part !== null).join(', ');
/** The books as a form sends them, e.g. `test:acct_1`. */
export const booksId = ({ livemode, account }: Whose): string => `${livemode ? 'live' : 'test'}:${account ?? ''}`;

const FORMATS = [
  ['beancount', 'beancount'],
  ['hledger', 'hledger'],
  ['csv', 'CSV'],
  ['jsonl', 'JSON lines'],
] as const;

/** Links that download the entries of a month as files. */
export const ExportLinks = ({ of: { livemode, account }, month }: { of: Whose; month: string }) => (
  <p>
    Download the month for{' '}
    {FORMATS.map(([format, name], at) => (
      <>
        {at === 0 ? '' : ', '}
        <a
          key={format}
          download
          href={withQuery('/v1/journal/export', {
            ...{ format, from: month, to: month, livemode: String(livemode), account },
          })}
        >
          {name}
        </a>
      </>
    ))}
  </p>
);

/** The note beside a sum that is known to be incomplete. */
export function Incomplete({ of, children }: { of: Booked; children?: ComponentChildren }) {
  if (of.isComplete) return null;
  const { behindKeys, parkedKeys, parkedStreams } = of.books;
  const missing = [
    behindKeys === 0 ? null : `${plural(behindKeys, 'object')} still to be derived`,
    parkedKeys === 0 ? null : `${plural(parkedKeys, 'object')} that cannot be derived`,
    parkedStreams === 0 ? null : `${plural(parkedStreams, 'parked stream')}`,
  ].filter((part) => part !== null);
  return (
    <p>
      <Mark tone="warn">not complete</Mark> {missing.join(', ')}
      {missing.length > 0 && children !== null && children !== undefined ? ', ' : ''}
      {children}
    </p>
  );
}

/** A form for period and currency; the defaults are the last twelve months and every currency. */
export const PeriodForm = ({
  action,
  asked,
  type,
  children,
}: {
  action: string;
  asked: Readonly<Record<string, string>>;
  type: 'date' | 'month';
  children?: ComponentChildren;
}) => (
  <form class="filters" action={action}>
    <label>
      From
      <input name="from" type={type} value={asked['from'] ?? ''} />
    </label>
    <label>
      To
      <input name="to" type={type} value={asked['to'] ?? ''} />
    </label>
    {children}
    <label>
      Currency
      <input name="currency" value={asked['currency'] ?? ''} size={5} maxLength={3} placeholder="all" />
    </label>
    <button type="submit">Show</button>
  </form>
);

/** The last day of a month like `2026-02`. */
export function lastDayOf(month: string): string {
  const [year = 0, of = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, of, 0)).toISOString().slice(0, 10);
}

/** First and last day, both inclusive, in the time zone of the policy; the API knows when they begin. */
type Days = Readonly<{ first: string; last: string }>;

/** The time span of a list by its filters: `, from 1 Oct 2026 to 31 Oct 2026`. */
export function spanText({ from, to, since, until }: Readonly<Record<string, string>>): string {
  const [first, last] = [from === undefined ? since : from, to === undefined ? until : to].map((at) =>
    at === undefined ? null : at.length > 10 ? timeText(at) : dayText(at),
  );
  if (first === null && last === null) return '';
  return last === null ? `, from ${first}` : first === null ? `, up to ${last}` : `, from ${first} to ${last}`;
}

/** The page of an account's postings in these months, both inclusive. */
export const postingsOf = (
  name: string,
  scope: MoneyScope,
  months: Readonly<{ from: string; to: string }>,
  cursor: string | null = null,
): string => withQuery(`/console/${pathOf('accounts', name)}`, { ...scopeOf(scope), ...months, cursor });

/** The page of the movements that a figure consists of. */
export const movementsOf = ({
  first: from,
  last: to,
  scope,
  ...of
}: Days & Readonly<{ scope: MoneyScope; kind?: string; customer?: string }>): string =>
  withQuery('/console/mrr/movements', { ...scopeOf(scope), ...of, from, to });

/** The page of the customers behind an MRR figure at the end of a day, compared with `since` or a cohort's begin. */
export const customersOf = ({
  scope,
  ...of
}: Readonly<{ scope: MoneyScope; on: string; since?: string; cohort?: string; change?: string | undefined }>): string =>
  withQuery('/console/mrr/customers', { ...scopeOf(scope), ...of });
