/** A posting of an export: minor units, plus is debit. */
export type ExportedPosting = Readonly<{ name: string; currency: string; amountMinor: number }>;

/** An entry as files have it: one of the journal, what a line earned in a month, or the balances with which the export begins. */
export type ExportedEntry = Readonly<{
  id: string;
  kind: string;
  effectiveAt: Date;
  /** Its day in the zone of the policy. */
  day: string;
  customer: string | null;
  invoice: string | null;
  object: string | null;
  book: string | null;
  inference: string | null;
  stripeEventId: string | null;
  postings: readonly ExportedPosting[];
}>;

/** What an account has at the end of the export. */
export type ExportedBalance = ExportedPosting;

/** What a file begins with: whose books it has, of which months, and every account and currency in it. */
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

/** A format of files: its texts by what they are of. Nothing that Stripe's users name may break it. */
export type ExportFormat = Readonly<{
  mediaType: string;
  extension: string;
  head(head: ExportHead): string;
  entry(entry: ExportedEntry): string;
  /** What must hold at the beginning of a day, for programs that check it. */
  balances(day: string, balances: readonly ExportedBalance[]): string;
}>;

/** Currencies with other than two decimals, as Stripe represents them (docs.stripe.com/currencies); ISK and UGX have two. */
const DECIMALS: Readonly<Record<string, number>> = Object.fromEntries([
  ...'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ').map((code) => [code, 0]),
  ...'bhd jod kwd omr tnd'.split(' ').map((code) => [code, 3]),
]) as Readonly<Record<string, number>>;

export const decimalsOf = (currency: string): number => DECIMALS[currency] ?? 2;

/** `-10.05` of -1005 cents. */
export function decimal(amountMinor: number, currency: string): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amountMinor)).padStart(decimals + 1, '0');
  const sign = amountMinor < 0 ? '-' : '';
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** A currency as accounting programs read it; what is no code of letters is written in digits of its bytes. */
export const commodity = (currency: string): string =>
  /^[a-z]{3,10}$/i.test(currency) ? currency.toUpperCase() : `X${Buffer.from(currency).toString('hex').toUpperCase()}`;

/** A text on one line: control characters, and what ends lines, are blanks. */
export const onOneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
