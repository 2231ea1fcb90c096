import { parse } from 'csv-parse';
import { createReadStream } from 'node:fs';
import { decimalsOf } from '../api/exports/exported.js';
import { UsageError } from './command.js';

/**
 * A line of a Stripe report: an amount in minor units of a `name`, for an object, in a month or at a second (`at`).
 * Empty where the report does not say.
 */
export type ReportLine = Readonly<{
  name: string;
  at: string;
  object: string;
  customer: string;
  currency: string;
  minor: bigint;
}>;

type Cells = Readonly<Record<string, string | undefined>>;

/** A kind of Stripe report, recognised by its columns. */
export type Report = Readonly<{
  kind: ReportKind;
  /** The kind of its objects. */
  object: string;
  columns: readonly string[];
  linesOf(cells: Cells): readonly ReportLine[];
}>;

export type ReportKind = 'mrr' | 'revenue' | 'balance';

/**
 * Maps Stripe's accounts to ours (docs.stripe.com/revenue-recognition/chart-of-accounts). Where one side has more
 * accounts, their sum is compared.
 */
export const ACCOUNT_GROUPS: readonly Readonly<{ name: string; stripe: readonly string[]; ours: readonly string[] }>[] =
  [
    { name: 'Revenue', stripe: ['Revenue'], ours: ['Income:Revenue', 'Income:PlatformFees'] },
    {
      name: 'DeferredRevenue',
      stripe: ['DeferredRevenue', 'LongTermDeferredRevenue'],
      ours: ['Liabilities:Deferred'],
    },
    { name: 'AccountsReceivable', stripe: ['AccountsReceivable'], ours: ['Assets:Receivable'] },
    { name: 'UnbilledAccountsReceivable', stripe: ['UnbilledAccountsReceivable'], ours: ['Assets:Unbilled'] },
    { name: 'Refunds', stripe: ['Refunds'], ours: ['Income:Contra:Refunds'] },
    { name: 'Disputes', stripe: ['Disputes'], ours: ['Income:Contra:Disputes'] },
    { name: 'CreditNotes', stripe: ['CreditNotes'], ours: ['Income:Contra:CreditNotes'] },
    { name: 'Voids', stripe: ['Voids'], ours: ['Income:Contra:Voids'] },
    { name: 'UnbilledVoids', stripe: ['UnbilledVoids'], ours: ['Income:Contra:UnbilledVoids'] },
    { name: 'BadDebt', stripe: ['BadDebt'], ours: ['Income:Contra:BadDebt'] },
    { name: 'Recoverables', stripe: ['Recoverables'], ours: ['Income:Recoveries'] },
    { name: 'TaxLiability', stripe: ['TaxLiability'], ours: ['Liabilities:Tax'] },
    { name: 'CustomerBalance', stripe: ['CustomerBalance'], ours: ['Liabilities:CustomerBalance'] },
    { name: 'ExternalAsset', stripe: ['ExternalAsset'], ours: ['Assets:External'] },
    { name: 'ExternalCustomerBalance', stripe: ['ExternalCustomerBalance'], ours: ['Liabilities:ExternalCredit'] },
    {
      name: 'CustomerBalanceAdjustments',
      stripe: ['CustomerBalanceAdjustments'],
      ours: ['Expenses:BalanceAdjustments'],
    },
    { name: 'Transfer', stripe: ['Transfer'], ours: ['Income:Contra:Transfers'] },
    { name: 'ConnectTransferLoss', stripe: ['ConnectTransferLoss'], ours: ['Expenses:Losses:Connect'] },
  ];
const groupOf = new Map(
  ACCOUNT_GROUPS.flatMap(({ name, stripe }) => stripe.map((account) => [account, name] as const)),
);

/** The reports that can be compared; a file is the first of them whose columns it has. */
const REPORTS: readonly Report[] = [
  {
    // Sigma: subscription_item_change_events. One row per change; times in UTC, amounts in minor units.
    kind: 'mrr',
    object: 'subscription item',
    columns: ['event_timestamp', 'subscription_item_id', 'currency', 'mrr_change'],
    linesOf: (cells) => [
      {
        ...{ name: 'MRR', at: secondIn(cells, 'event_timestamp'), object: textIn(cells, 'subscription_item_id') },
        ...{ customer: textIn(cells, 'customer_id'), currency: textIn(cells, 'currency').toLowerCase() },
        minor: wholeIn(cells, 'mrr_change'),
      },
    ],
  },
  {
    // Revenue Recognition: debits and credits in major units; names the invoice, or by customer the customer.
    kind: 'revenue',
    object: 'invoice',
    columns: ['accounting_period', 'currency', 'debit', 'credit', 'amount'],
    linesOf: (cells) => {
      const currency = textIn(cells, 'currency').toLowerCase();
      const amount = minorIn(cells, 'amount', currency);
      const of = { at: monthIn(cells, 'accounting_period'), currency, object: textIn(cells, 'invoice_id') };
      const customer = textIn(cells, 'customer_id');
      return (['debit', 'credit'] as const).flatMap((side) => {
        const name = groupOf.get(textIn(cells, side));
        return name === undefined ? [] : [{ ...of, customer, name, minor: side === 'debit' ? amount : -amount }];
      });
    },
  },
  {
    // Balance: balance change from activity, or payouts, itemised; in major units.
    kind: 'balance',
    object: 'balance transaction',
    columns: ['balance_transaction_id', 'currency', 'fee', 'net'],
    linesOf: (cells) => {
      const currency = textIn(cells, 'currency').toLowerCase();
      const of = { at: '', object: textIn(cells, 'balance_transaction_id'), customer: '', currency };
      return (['net', 'fee'] as const).map((name) => ({ ...of, name, minor: minorIn(cells, name, currency) }));
    },
  },
];

/**
 * Opens a Stripe report in a CSV file, and streams its lines, so that memory does not grow with the file.
 * @throws UsageError for any other file, with the line number
 */
export async function openReport(
  file: string,
): Promise<Readonly<{ report: Report; hasObjects: boolean; hasCustomers: boolean; lines: AsyncIterable<ReportLine> }>> {
  const header: string[] = [];
  const parser = createReadStream(file).pipe(
    parse({
      bom: true,
      columns: (names: string[]) => {
        header.push(...names.map((name) => name.trim().toLowerCase()));
        return [...header];
      },
      max_record_size: 1 << 20,
      skip_empty_lines: true,
      trim: true,
      info: true,
    }),
  );
  const rows = parser[Symbol.asyncIterator]() as AsyncIterator<{ info: { lines: number }; record: Cells }>;
  const first = await rows.next().catch((error: unknown) => {
    throw new UsageError(`"${file}" cannot be read as CSV: ${(error as Error).message}`);
  });
  const report = REPORTS.find(({ columns }) => columns.every((column) => header.includes(column)));
  if (report === undefined)
    throw new UsageError(
      `"${file}" is not a report that money compare knows. Reports and their columns: ${REPORTS.map(({ kind, columns }) => `${kind} (${columns.join(', ')})`).join('; ')}.`,
    );
  async function* lines(known: Report): AsyncGenerator<ReportLine> {
    for (let next = first; next.done !== true; next = await rows.next()) {
      const { info, record } = next.value;
      try {
        yield* known.linesOf(record);
      } catch (error) {
        throw new UsageError(`"${file}", line ${info.lines}: ${(error as Error).message}`);
      }
    }
  }
  return {
    ...{ report, lines: lines(report) },
    hasObjects: report.kind !== 'revenue' || header.includes('invoice_id'),
    hasCustomers: header.includes('customer_id'),
  };
}

const textIn = (cells: Cells, column: string): string => cells[column] ?? '';

function wholeIn(cells: Cells, column: string): bigint {
  const text = textIn(cells, column);
  if (!/^-?\d{1,18}(\.0+)?$/.test(text))
    throw new Error(`${column} must be a whole number of minor units, not "${text}".`);
  return BigInt(text.split('.')[0] as string);
}

/** Parses an amount in major units, such as 12.05, with or without thousands separators. */
function minorIn(cells: Cells, column: string, currency: string): bigint {
  const text = textIn(cells, column);
  const [, sign = '', whole, fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text.replaceAll(',', '')) ?? [];
  if (whole === undefined) throw new Error(`${column} must be an amount like 12.05, not "${text}".`);
  const decimals = decimalsOf(currency);
  if (!/^0*$/.test(fraction.slice(decimals)))
    throw new Error(`${column} has more decimals than ${currency}: "${text}".`);
  return BigInt(`${sign}${whole}${fraction.slice(0, decimals).padEnd(decimals, '0')}`);
}

/** Parses a time in UTC to `2026-01-31T12:00:00Z`, without fractions of a second. */
function secondIn(cells: Cells, column: string): string {
  const text = textIn(cells, column);
  const [, day, time] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)/.exec(text) ?? [];
  if (day === undefined) throw new Error(`${column} must be a time like 2026-01-31 12:00:00, not "${text}".`);
  return `${day}T${time}Z`;
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/** Parses a month to `2026-01`, from a month, one of its days, or `Jan 2026`. */
function monthIn(cells: Cells, column: string): string {
  const text = textIn(cells, column);
  const [, year, month] = /^(\d{4})-(\d\d)/.exec(text) ?? [];
  if (year !== undefined) return `${year}-${month}`;
  const [, name = '', named] = /^([a-z]{3})[a-z]* (\d{4})$/i.exec(text) ?? [];
  const place = MONTHS.indexOf(name.toLowerCase());
  if (place < 0) throw new Error(`${column} must be a month like 2026-01, not "${text}".`);
  return `${named}-${String(place + 1).padStart(2, '0')}`;
}
