import { ProblemError } from '../../http/problem.js';

/** A sum of Postgres as a number. @throws ProblemError 422 beyond 2^53 - 1, where numbers of JSON are not exact */
export function amountOf(value: unknown): number {
  const amount = BigInt((value ?? 0) as string | bigint);
  if (amount > BigInt(Number.MAX_SAFE_INTEGER) || amount < BigInt(Number.MIN_SAFE_INTEGER))
    throw new ProblemError('amount_too_large', `An amount is ${amount} minor units, which JSON cannot hold exactly.`);
  return Number(amount);
}

/** A rate as its parts, and in percent to two places, half up; null percent where there was nothing to begin with. */
export type RateAnswer = Readonly<{ part: number; whole: number; percent: string | null }>;

export function rateOf(part: number, whole: number): RateAnswer {
  if (whole === 0) return { part, whole, percent: null };
  const hundredths = (2n * 10_000n * BigInt(Math.abs(part)) + BigInt(whole)) / (2n * BigInt(whole));
  const digits = String(hundredths).padStart(3, '0');
  const sign = part < 0 && hundredths !== 0n ? '-' : '';
  return { part, whole, percent: `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}` };
}

/** Whose books: of one mode, account and currency. Nothing is ever added up over two of them. */
export type Scope = Readonly<{ livemode: boolean; account: string | null; currency: string }>;

/** Rows by their scope, in one order: live first, one's own account first. */
export function byScope<R extends Scope>(
  rows: readonly R[],
): readonly Readonly<{ scope: Scope; rows: readonly R[] }>[] {
  const all = new Map<string, { scope: Scope; rows: R[] }>();
  for (const row of rows) {
    const { livemode, account, currency } = row;
    const name = JSON.stringify([!livemode, account ?? '', currency]);
    const known = all.get(name) ?? { scope: { livemode, account, currency }, rows: [] };
    all.set(name, known);
    known.rows.push(row);
  }
  return [...all].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => group);
}
