/** A signed amount on an account: minor units of `currency`, positive is debit. */
export type Amount = Readonly<{ name: string; currency: string; amountMinor: number }>;

/** Sums of postings, by currency and account. */
export class Sums {
  readonly #sums = new Map<string, Amount>();

  add(postings: Iterable<Amount>, sign: 1 | -1 = 1): this {
    for (const { name, currency, amountMinor } of postings) {
      const key = `${currency} ${name}`;
      this.#sums.set(key, {
        name,
        currency,
        amountMinor: (this.#sums.get(key)?.amountMinor ?? 0) + sign * amountMinor,
      });
    }
    return this;
  }

  /** The sums in a fixed order, without zeros. */
  get postings(): readonly Amount[] {
    return [...this.#sums]
      .filter(([, { amountMinor }]) => amountMinor !== 0)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, posting]) => posting);
  }
}

/** The movements on the accounts of a month, as postings: debit less credit. */
export const movesOf = (
  balances: readonly Readonly<{
    currency: string;
    accounts: readonly Readonly<{ name: string; debitMinor: number; creditMinor: number }>[];
  }>[],
): readonly Amount[] =>
  balances.flatMap(({ currency, accounts }) =>
    accounts.map(({ name, debitMinor, creditMinor }) => ({ name, currency, amountMinor: debitMinor - creditMinor })),
  );
