/** A posting of an export: minor units, positive is debit. */
export type ExportedPosting = Readonly<{ name: string; currency: string; amountMinor: number }>;

/** An entry of a file: an entry of the journal, the revenue that a line earned in a month, or the opening balances. */
export type ExportedEntry = Readonly<{
  id: string;
  kind: string;
  effectiveAt: Date;
  /** Its day in the policy's time zone. */
  day: string;
  customer: string | null;
  invoice: string | null;
  object: string | null;
  book: string | null;
  inference: string | null;
  stripeEventId: string | null;
  postings: readonly ExportedPosting[];
}>;

/** The balance of an account at the end of the export. */
export type ExportedBalance = ExportedPosting;

/** The head of a file: books, months, and every account and currency in it. */
export type ExportHead = Readonly<{
  livemode: boolean;
  account: string | null;
  from: string;
  to: string;
  policy: string;
  position: string | null;
  accounts: readonly string[];
  currencies: readonly string[];
}>;

/** A file format: the text of each part. No text that users choose may break the format. */
export type ExportFormat = Readonly<{
  mediaType: string;
  extension: string;
  head(head: ExportHead): string;
  entry(entry: ExportedEntry): string;
  /** Balance assertions at the start of a day, for programs that check them. */
  balances(day: string, balances: readonly ExportedBalance[]): string;
}>;

/** Decimals of currencies without two, as Stripe represents them (docs.stripe.com/currencies); ISK and UGX have two. */
const DECIMALS: Readonly<Record<string, number>> = Object.fromEntries([
  ...'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ').map((code) => [code, 0]),
  ...'bhd jod kwd omr tnd'.split(' ').map((code) => [code, 3]),
]) as Readonly<Record<string, number>>;

export const decimalsOf = (currency: string): number => DECIMALS[currency] ?? 2;

/** Formats an amount: -1005 cents as `-10.05`. */
export function decimal(amountMinor: number, currency: string): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amountMinor)).padStart(decimals + 1, '0');
  const sign = amountMinor < 0 ? '-' : '';
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** The currency code for accounting programs; a code that is not letters only is written as hex. */
export const commodity = (currency: string): string =>
  /^[a-z]{3,10}$/i.test(currency) ? currency.toUpperCase() : `X${Buffer.from(currency).toString('hex').toUpperCase()}`;

/** Puts a text on one line: replaces control characters and line separators by spaces. */
export const onOneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
