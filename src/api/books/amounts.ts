import { ProblemError } from '../../http/problem.js';

/**
 * Converts a sum of Postgres to a number. @throws ProblemError 422 beyond 2^53 - 1, where JSON numbers are not exact
 */
export function amountOf(value: unknown): number {
  const amount = BigInt((value ?? 0) as string | bigint);
  if (amount > BigInt(Number.MAX_SAFE_INTEGER) || amount < BigInt(Number.MIN_SAFE_INTEGER))
    throw new ProblemError(
      'amount_too_large',
      `An amount is ${amount} minor units, which JSON cannot represent exactly.`,
    );
  return Number(amount);
}

/**
 * A rate as its parts, and in percent with two decimals, rounded half up; the percentage is null when the whole is 0.
 */
export type RateAnswer = Readonly<{ part: number; whole: number; percent: string | null }>;

export function rateOf(part: number, whole: number): RateAnswer {
  if (whole === 0) return { part, whole, percent: null };
  const hundredths = (2n * 10_000n * BigInt(Math.abs(part)) + BigInt(whole)) / (2n * BigInt(whole));
  const digits = String(hundredths).padStart(3, '0');
  const sign = part < 0 && hundredths !== 0n ? '-' : '';
  return { part, whole, percent: `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}` };
}

/** The books of one mode, account and currency. Amounts of two scopes are never added. */
export type Scope = Readonly<{ livemode: boolean; account: string | null; currency: string }>;

/** Groups rows by scope, in a fixed order: live before test, the own account before others. */
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
