import type { ComponentChildren } from 'preact';
import type { Booked, MoneyScope } from '../answers.js';
import { withQuery } from '../ledger.js';
import { plural } from '../operation-words.js';
import { Mark } from './text.js';

const PAGES = [
  ['MRR', '/console/mrr'],
  ['Movements', '/console/mrr/movements'],
  ['Revenue', '/console/revenue'],
  ['Trial balance', '/console/trial-balance'],
  ['Journal', '/console/journal'],
] as const;

/** The pages about money, each beside the others. */
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

/** What of a query tells whose sums: all are shown, each apart, unless told. */
export const scopeIn = ({ currency, account, livemode }: Readonly<Record<string, string>>) => ({
  currency,
  account,
  livemode,
});
/** The same of a sum, for a link to what it is made of. */
export const scopeOf = ({ currency, account, livemode }: MoneyScope) => ({
  currency,
  account,
  livemode: String(livemode),
});

/** Said where something is known to be missing in a sum. */
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
      <Mark tone="warn">not complete</Mark> {missing.join(', ')} {children}
    </p>
  );
}

/** Chooses the time and the currency; what is left out is the last twelve months, and every currency. */
export const PeriodForm = ({
  action,
  asked,
  type,
  intervals = false,
}: {
  action: string;
  asked: Readonly<Record<string, string>>;
  type: 'date' | 'month';
  intervals?: boolean;
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
    {intervals ? (
      <label>
        By
        <select name="interval">
          {['month', 'week', 'day'].map((interval) => (
            <option key={interval} value={interval} selected={interval === asked['interval']}>
              {interval}
            </option>
          ))}
        </select>
      </label>
    ) : null}
    <label>
      Currency
      <input name="currency" value={asked['currency'] ?? ''} size={5} maxLength={3} placeholder="all" />
    </label>
    <button type="submit">Show</button>
  </form>
);

/** The first and last second of days of UTC, as lists take them. */
export const secondsOf = (first: string, last: string) => ({ since: `${first}T00:00:00Z`, until: `${last}T23:59:59Z` });

/** The last day of a month like `2026-02`. */
export function lastDayOf(month: string): string {
  const [year = 0, of = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, of, 0)).toISOString().slice(0, 10);
}

/** Entries of an account within days of UTC. */
export const journalOf = (name: string, first: string, last: string): string =>
  withQuery('/console/journal', { name, ...secondsOf(first, last) });
