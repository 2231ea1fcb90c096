import { commodity, decimal, onOneLine, type ExportFormat } from './exported.js';

const COLUMNS = [
  ...['entry', 'no', 'effective_at', 'account', 'debit', 'credit', 'currency', 'amount_minor'],
  ...['invoice', 'customer', 'object', 'book', 'stripe_event', 'inference'],
];

/** A cell that no spreadsheet takes for a formula (owasp.org/www-community/attacks/CSV_Injection). */
function cell(text: string | null): string {
  if (text === null) return '';
  const line = onOneLine(text);
  return `"${(/^\s*[=+\-@]/.test(line) ? `'${line}` : line).replaceAll('"', '""')}"`;
}

/** CSV (RFC 4180), one row per posting. */
export const csv: ExportFormat = {
  mediaType: 'text/csv; charset=utf-8; header=present',
  extension: 'csv',
  head: () => `${COLUMNS.join(',')}\r\n`,
  entry: ({ id, effectiveAt, customer, invoice, object, book, inference, stripeEventId, postings }) =>
    postings
      .map(({ name, currency, amountMinor }, place) =>
        [
          ...[cell(id), String(place + 1), effectiveAt.toISOString(), cell(name)],
          amountMinor > 0 ? decimal(amountMinor, currency) : '',
          amountMinor < 0 ? decimal(-amountMinor, currency) : '',
          ...[commodity(currency), String(amountMinor)],
          ...[invoice, customer, object, book, stripeEventId, inference].map(cell),
        ].join(','),
      )
      .map((row) => `${row}\r\n`)
      .join(''),
  balances: () => '',
};

/** JSON Lines, one entry per line. */
export const jsonLines: ExportFormat = {
  mediaType: 'application/x-ndjson; charset=utf-8',
  extension: 'jsonl',
  head: () => '',
  entry: (entry) => `${JSON.stringify(entry)}\n`,
  balances: () => '',
};
