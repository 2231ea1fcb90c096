import type { Account } from './accounts.js';
import type { Cause } from './facts.js';

/** One signed amount on one account: plus is debit. Minor units of `currency`. */
export type Posting = Readonly<{ name: Account; currency: string; amountMinor: number; line: string | null }>;

/** What a fact does to the books. Its postings are not zero, and add up to zero in each currency. */
export type Entry = Readonly<{
  /** `kind:object`, and `#<cumulative amount>` where an object comes there in steps: a function of the facts. */
  id: string;
  kind: string;
  /** The object that the id names. */
  object: string;
  /** Whose money it is where it is about a payment: what a payment brought meets what it was laid to. */
  payment: string | null;
  /** Stripe's own time of what happened, where it gives one. */
  effectiveAt: number;
  /** Why it was assumed rather than read; null: it was read. */
  inference: string | null;
  postings: readonly Posting[];
  /** The Stripe event that first showed it. */
  cause: Cause;
}>;

/** An entry that would not balance: its book is wrong, and shall park instead of lying. */
export class Unbalanced extends Error {
  readonly code = 'UNBALANCED_ENTRY';

  constructor(
    readonly entry: string,
    readonly currency: string,
    readonly restMinor: number,
  ) {
    super(`The entry ${entry} does not balance: its postings in ${currency} add up to ${restMinor}.`);
    this.name = 'Unbalanced';
  }
}

export type EntryOf = Readonly<{
  kind: string;
  object: string;
  payment?: string | null;
  /** What makes the id of one step of several. */
  step?: number | null;
  effectiveAt: number;
  inference?: string | null;
  cause: Cause;
}>;

/**
 * The only constructor of entries: leaves out postings of zero, and the entry that has no others (null).
 * @throws Unbalanced
 */
export function entry(of: EntryOf, postings: readonly Posting[]): Entry | null {
  const id = `${of.kind}:${of.object}${of.step === undefined || of.step === null ? '' : `#${of.step}`}`;
  const sums = new Map<string, number>();
  for (const { currency, amountMinor } of postings) sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
  for (const [currency, sum] of sums)
    if (sum !== 0 || !Number.isSafeInteger(sum)) throw new Unbalanced(id, currency, sum);
  const kept = postings.filter(({ amountMinor }) => amountMinor !== 0);
  if (kept.length === 0) return null;
  const { kind, object, payment = null, effectiveAt, inference = null, cause } = of;
  return { id, kind, object, payment, effectiveAt, inference, postings: kept, cause };
}

/** A posting; of a line where it is a line's. */
export const posting = (name: Account, currency: string, amountMinor: number, line: string | null = null): Posting => ({
  name,
  currency,
  amountMinor,
  line,
});
