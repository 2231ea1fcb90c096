import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { decimal } from '../api/exports/exported.js';
import { textOption, UsageError, type Given } from './command.js';
import type { ServiceCommand } from './on-service.js';
import type { Query } from './service-client.js';
import { tableOf } from './texts.js';

type Scope = Readonly<{ livemode: boolean; account: string | null; currency: string }>;
type Booked<T> = Readonly<{
  data: readonly T[];
  isComplete: boolean;
  books: Readonly<{ behindKeys: number; parkedKeys: number; parkedStreams: number }>;
}>;
type Posting = Readonly<{ name: string; currency: string; amountMinor: number }>;
type Entry = Readonly<{ id: string; effectiveAt: string; changedBy: Readonly<{ stripeEventId: string }> }> &
  Readonly<{ postings: readonly Posting[] }>;
type Balance = Readonly<{ name: string }> & Readonly<Record<`${'start' | 'debit' | 'credit' | 'end'}Minor`, number>>;
type Month = Readonly<{ month: string }> &
  Readonly<Record<`${'revenue' | 'contra' | 'other' | 'net' | 'deferred'}Minor`, number>>;
type Kind = 'opening' | 'new' | 'reactivation' | 'expansion' | 'contraction' | 'churn';
type Period = Readonly<{ start: string; customers: number }> &
  Readonly<Record<`${'mrr' | 'annual' | Kind}Minor`, number>>;
type Movement = Readonly<{
  at: string;
  customer: string;
  currency: string;
  kind: string;
  amountMinor: number;
  parts: readonly Readonly<{ item: string; cause: string; stripeEventId: string }>[];
}>;

const OPTIONS = [
  'month',
  'as-of',
  'view',
  'from',
  'to',
  'interval',
  'currency',
  'account',
  'format',
  'out',
  'limit',
] as const;
const FILTERS = ['invoice', 'customer', 'object', 'kind', 'name', 'event'] as const;
const WHATS = ['trial-balance', 'revenue', 'mrr', 'movements', 'journal', 'export'] as const;
type What = (typeof WHATS)[number];

/** The options of each, in addition to those of all. */
const TAKES: Readonly<Record<What, readonly string[]>> = {
  'trial-balance': ['month', 'as-of', 'view'],
  revenue: ['from', 'to', 'view'],
  mrr: ['from', 'to', 'interval'],
  movements: ['customer', 'kind', 'event', 'limit'],
  journal: [...FILTERS, 'limit'],
  export: ['format', 'from', 'to', 'out', 'view'],
};
const OF_ALL = ['currency', 'account', 'test', 'json', 'url', 'token', 'data-dir', 'help'];

const titleOf = ({ livemode, account, currency }: Scope): string =>
  `${currency.toUpperCase()}, ${livemode ? 'live' : 'test'} mode${account === null ? '' : `, ${account}`}`;

/** Says what is missing from the answer; null when it is complete. */
function reportOn({ isComplete, books }: Pick<Booked<unknown>, 'isComplete' | 'books'>): string | null {
  if (isComplete) return null;
  const { behindKeys, parkedKeys, parkedStreams } = books;
  const missing = [
    behindKeys === 0 ? [] : [`${behindKeys} keys are not derived yet`],
    parkedKeys === 0 ? [] : [`${parkedKeys} keys cannot be derived`],
    parkedStreams === 0 ? [] : [parkedStreams === 1 ? '1 stream is parked' : `${parkedStreams} streams are parked`],
  ].flat();
  return `Not complete: ${missing.length === 0 ? 'the MRR of some items is unknown' : missing.join(', ')}.`;
}

export const moneyCommand: ServiceCommand = {
  help: `Amounts are never summed across currencies, modes or accounts. docs/money.md defines them.

  trial-balance       every account     --month 2026-01, or --as-of 2026-01-31T23:59:59Z; without either, now
  revenue             income by month   --from 2026-01 --to 2026-12
  mrr                 MRR over time     --from 2026-01-01 --to 2026-12-31 --interval day|week|month
  movements           what moved MRR    --customer cus_1 --kind churn --event evt_1 --limit 50
  journal             entries           --invoice in_1 --customer cus_1 --object re_1 --kind refund --name Assets:Receivable
                                        --event evt_1 --limit 50
  export              the books         --format beancount|hledger|csv|jsonl --from 2026-01 --to 2026-12 --out books.beancount
                      as a file         (standard output without --out)

  --view restated     for trial-balance, revenue and export: show closed months as known now, not as they were closed
  --currency <code>   only this currency
  --account <acct>    only this connected account; "" for your own account
  --test              only test mode; without it, export writes live mode
  --json              print the JSON of the API
`,
  takesNames: true,
  options: {
    ...Object.fromEntries([...OPTIONS, ...FILTERS].map((name) => [name, { type: 'string' as const }])),
    test: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  check({ names, values }) {
    const [what] = names;
    if (!isWhat(what) || names.length !== 1)
      throw new UsageError(`money needs one of ${WHATS.join(', ')}: money trial-balance --month 2026-01.`);
    const wrong = Object.keys(values).find((name) => !TAKES[what].includes(name) && !OF_ALL.includes(name));
    if (wrong !== undefined)
      throw new UsageError(`money ${what} takes no --${wrong}. See "subscription-ledger help money".`);
    if (what === 'export' && textOption({ names, values }, 'format') === undefined)
      throw new UsageError('money export needs --format beancount, hledger, csv or jsonl.');
  },
  async run(given, context) {
    const what = given.names[0] as What;
    const { service, print, report } = context;
    if (what === 'export') return exportTo(given, context);
    const answer = await service.get<Booked<never>>(PATHS[what], queryOf(given));
    print(given.values['json'] === true ? JSON.stringify(answer, null, 2) : TEXTS[what](answer));
    const missing = reportOn(answer);
    if (missing !== null) report(missing);
    return 0;
  },
};

const isWhat = (name: string | undefined): name is What => (WHATS as readonly string[]).includes(String(name));

const PATHS: Readonly<Record<Exclude<What, 'export'>, string>> = {
  'trial-balance': '/v1/trial-balance',
  revenue: '/v1/revenue',
  mrr: '/v1/mrr',
  movements: '/v1/mrr/movements',
  journal: '/v1/journal',
};

/** The parameters of the API; two options have other names there. */
function queryOf(given: Given): Query {
  const named = (name: string): string => (name === 'as-of' ? 'asOf' : name === 'event' ? 'stripeEvent' : name);
  const options = [...OPTIONS, ...FILTERS].filter((name) => name !== 'out');
  return {
    ...Object.fromEntries(options.map((name) => [named(name), textOption(given, name)])),
    ...(given.values['test'] === true ? { livemode: 'false' } : {}),
  };
}

/** Exports the journal; a file gets its final name only when complete. */
async function exportTo(
  given: Given,
  { service, signal, report }: Parameters<ServiceCommand['run']>[1],
): Promise<number> {
  const pieces = service.pieces('/v1/journal/export', queryOf(given), signal);
  const out = textOption(given, 'out');
  if (out === undefined) {
    await pipeline(pieces, process.stdout, { end: false });
    return 0;
  }
  const part = `${out}.part`;
  await pipeline(pieces, createWriteStream(part, { mode: 0o600 }));
  await rename(part, out);
  report(`Written to ${out}.`);
  return 0;
}

const table = <T>(
  scope: Scope,
  headings: readonly string[],
  rows: readonly T[],
  cells: (row: T) => readonly string[],
): string => `${titleOf(scope)}\n${tableOf(headings, rows.map(cells))}`;
const orNothing = (texts: readonly string[]): string => (texts.length === 0 ? 'No rows.' : texts.join('\n\n'));

const TEXTS: Readonly<Record<Exclude<What, 'export'>, (answer: Booked<never>) => string>> = {
  'trial-balance': ({ data }: Booked<Scope & { accounts: readonly Balance[] }>) =>
    orNothing(
      data.map((scope) =>
        table(scope, ['account', 'start', 'debit', 'credit', 'end'], scope.accounts, (one) => [
          one.name,
          ...[one.startMinor, one.debitMinor, one.creditMinor, one.endMinor].map((minor) =>
            decimal(minor, scope.currency),
          ),
        ]),
      ),
    ),
  revenue: ({ data }: Booked<Scope & { months: readonly Month[] }>) =>
    orNothing(
      data.map((scope) =>
        table(scope, ['month', 'revenue', 'contra', 'other', 'net', 'deferred'], scope.months, (one) => [
          one.month,
          ...[one.revenueMinor, one.contraMinor, one.otherMinor, one.netMinor, one.deferredMinor].map((minor) =>
            decimal(minor, scope.currency),
          ),
        ]),
      ),
    ),
  mrr: ({ data }: Booked<Scope & { periods: readonly Period[] }>) =>
    orNothing(
      data.map((scope) =>
        table(
          scope,
          ['from', 'mrr', 'arr', 'customers', 'new', 'reactivated', 'expanded', 'contracted', 'churned', 'opening'],
          scope.periods,
          (one) => [
            one.start,
            ...[one.mrrMinor, one.annualMinor].map((minor) => decimal(minor, scope.currency)),
            String(one.customers),
            ...[
              ...[one.newMinor, one.reactivationMinor, one.expansionMinor, one.contractionMinor, one.churnMinor],
              one.openingMinor,
            ].map((minor) => decimal(minor, scope.currency)),
          ],
        ),
      ),
    ),
  movements: ({ data }: Booked<Movement>) =>
    tableOf(
      ['at', 'customer', 'kind', 'amount', 'because', 'event'],
      data.map(({ at, customer, currency, kind, amountMinor, parts }) => [
        ...[at, customer, kind, `${decimal(amountMinor, currency)} ${currency.toUpperCase()}`],
        [...new Set(parts.map(({ cause }) => cause))].join(', '),
        [...new Set(parts.map(({ stripeEventId }) => stripeEventId))].join(', '),
      ]),
    ),
  journal: ({ data }: Booked<Entry>) =>
    orNothing(
      data.map(({ id, effectiveAt, changedBy, postings }) =>
        [
          `${effectiveAt}  ${id}  by ${changedBy.stripeEventId}`,
          ...postings.map(
            ({ name, currency, amountMinor }) =>
              `  ${name.padEnd(28)} ${decimal(amountMinor, currency).padStart(14)} ${currency.toUpperCase()}`,
          ),
        ].join('\n'),
      ),
    ),
};
