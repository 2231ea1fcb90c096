import { access, constants } from 'node:fs/promises';
import { decimal } from '../api/exports/exported.js';
import { compareReport, type ReportComparison } from './compare-report.js';
import { textOption, UsageError, wholeNumber, type Context, type Given } from './command.js';
import { openReport, type Report } from './stripe-report.js';
import { tableOf } from './texts.js';

const TOP = { min: 0, max: 10_000 };

/** The file in the command line; null where there is none. */
export const fileOf = ({ names: [name = '', ...rest] }: Given): string | null =>
  rest.length === 0 && /\.csv$/i.test(name) ? name : null;

/** Checks the options of a report. @throws UsageError */
export function checkReport(given: Given): void {
  const wrong = ['with', 'set', 'as-of'].find((option) => given.values[option] !== undefined);
  if (wrong !== undefined)
    throw new UsageError(
      `Leave out --${wrong}: a report is compared with the books as they are, not by another definition.`,
    );
  wholeNumber('top', given.values['top'], TOP);
}

/** Compares a Stripe report with the ledger. Exit code 1: a line differs. @throws UsageError for any other file */
export async function compareFile(given: Given, { parts, signal, print }: Context, file: string): Promise<number> {
  await access(file, constants.R_OK).catch(() => {
    throw new UsageError(`"${file}" cannot be read. Name a CSV file that Stripe made.`);
  });
  const top = wholeNumber('top', given.values['top'], TOP);
  const whose = { account: textOption(given, 'account') ?? '', livemode: given.values['test'] !== true };
  const opened = await openReport(file);
  const compared = await compareReport(parts.database, { ...opened, deriver: parts.deriver, whose, top, signal });
  if (compared === 'stopped') return 1;
  if (compared === 'not_ready')
    throw new UsageError('The books are not derived yet. Start the service; "projections" shows how far they are.');
  print(
    given.values['json'] === true
      ? JSON.stringify({ report: opened.report.kind, ...compared }, inNumbers, 2)
      : textOf(opened.report, compared),
  );
  return compared.reasons.length === 0 ? 0 : 1;
}

/** Amounts beyond the exact range of numbers stay text. */
const inNumbers = (_: string, value: unknown): unknown =>
  typeof value !== 'bigint' ? value : Number.isSafeInteger(Number(value)) ? Number(value) : String(value);

const REASONS: Readonly<Record<string, string>> = {
  amounts_differ: 'amounts differ',
  another_time: 'the other side has another time',
  another_currency: 'the other side has another currency',
  not_heard_of: 'unknown to the ledger',
  only_stripe: 'only at Stripe',
  only_ledger: 'only in the ledger',
};
const reasonOf = (why: string): string => REASONS[why] ?? why;
const money = (minor: bigint, currency: string): string => decimal(Number(minor), currency);
const signed = (minor: bigint, currency: string): string => (minor > 0n ? '+' : '') + money(minor, currency);

function textOf({ kind, object }: Report, compared: ReportComparison): string {
  const { lines, totals, customers, differences, reasons } = compared;
  const isByMonth = kind === 'revenue';
  const sums = totals.map(({ name, at, currency, stripe, ours }) => [
    ...[currency.toUpperCase(), ...(isByMonth ? [at] : []), name],
    ...[money(stripe, currency), money(ours, currency), signed(ours - stripe, currency)],
  ]);
  const head = ['currency', ...(isByMonth ? ['month'] : []), 'of', 'Stripe', 'ledger', 'difference'];
  if (reasons.length === 0)
    return [`All ${lines} amounts of the Stripe report agree with the ledger.`, tableOf(head, sums)].join('\n\n');
  return [
    `${lines} amounts of the Stripe report, compared with the ledger`,
    tableOf(head, sums),
    tableOf(
      ['why', 'lines'],
      reasons.map((one) => [reasonOf(one.why), String(one.lines)]),
    ),
    ...(customers.length === 0
      ? []
      : [
          tableOf(
            ['customer', 'difference'],
            customers.map(({ customer, currency, change }) => [
              ...[customer, `${signed(change, currency)} ${currency.toUpperCase()}`],
            ]),
          ),
        ]),
    tableOf(
      [
        object,
        ...(kind === 'balance' ? [] : [isByMonth ? 'month' : 'time']),
        'of',
        'Stripe',
        'ledger',
        'currency',
        'why',
      ],
      differences.map((one) => [
        ...[one.object === '' ? '(none)' : one.object, ...(kind === 'balance' ? [] : [one.at]), one.name],
        ...[
          money(one.stripe, one.currency),
          money(one.ours, one.currency),
          one.currency.toUpperCase(),
          reasonOf(one.why),
        ],
      ]),
    ),
  ].join('\n\n');
}
