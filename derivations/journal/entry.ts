import type { Account } from './accounts.js';
import type { Cause } from './facts.js';

/** A signed amount on one account, debit positive, in minor units of `currency`. */
export type Posting = Readonly<{ name: Account; currency: string; amountMinor: number; line: string | null }>;

/** A journal entry of one fact. Its postings are non-zero, and add up to zero in each currency. */
export type Entry = Readonly<{
  /** `kind:object`, and `#<cumulative amount>` where an object reaches it in steps: a function of the facts. */
  id: string;
  kind: string;
  /** The object in the id. */
  object: string;
  /** The payment concerned, null for none: ties what a payment brought to what it was applied to. */
  payment: string | null;
  /** When it happened, by Stripe's own time where it gives one; seconds since 1970. */
  effectiveAt: number;
  /** Why the fact was inferred; null: it was read. */
  inference: string | null;
  postings: readonly Posting[];
  /** The Stripe event that first showed it. */
  cause: Cause;
}>;

/** Thrown for an entry that does not balance: its book is wrong, and parks. */
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
  /** Makes the ids of several steps unique. */
  step?: number | null;
  effectiveAt: number;
  inference?: string | null;
  cause: Cause;
}>;

/**
 * The only constructor of entries. Drops postings of zero; returns null if none are left.
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

/** Makes a posting, with the invoice line that it belongs to. */
export const posting = (name: Account, currency: string, amountMinor: number, line: string | null = null): Posting => ({
  name,
  currency,
  amountMinor,
  line,
});
