import type { MonthOfAccount, MonthOfCurrency } from './closing.js';

/** The movement on an account in a month, by all that is known now; minor units. */
export type Moved = Readonly<{ currency: string; name: string; start: bigint; debit: bigint; credit: bigint }>;
type Standing = Readonly<{ currency: string; name: string; end: bigint }>;

/**
 * Corrects the first open month after closed ones. It starts with the closed balances and ends with the true ones: the
 * difference that became known later is posted in it, as one amount per account.
 */
export function corrected(
  moved: readonly Moved[],
  closed: readonly MonthOfCurrency[],
): readonly (Moved & Readonly<{ correction: bigint }>)[] {
  const standing: readonly Standing[] = closed.flatMap(({ currency, accounts }) =>
    accounts.map(({ name, endMinor }) => ({ currency, name, end: BigInt(endMinor) })),
  );
  const ends = new Map(standing.map((one) => [keyOf(one), one]));
  const known = new Set(moved.map(keyOf));
  const gone = standing.filter((one) => !known.has(keyOf(one)));
  return [...moved, ...gone.map(({ currency, name }) => ({ currency, name, start: 0n, debit: 0n, credit: 0n }))].map(
    (row) => {
      const start = ends.get(keyOf(row))?.end ?? 0n;
      const correction = row.start - start;
      return {
        ...row,
        start,
        debit: row.debit + (correction > 0n ? correction : 0n),
        credit: row.credit + (correction < 0n ? -correction : 0n),
        correction,
      };
    },
  );
}

const keyOf = ({ currency, name }: Readonly<{ currency: string; name: string }>): string => `${currency} ${name}`;

/** The movements of a closed month, as closed. */
export const asClosed = (closed: readonly MonthOfCurrency[]): readonly (Moved & Readonly<{ correction: bigint }>)[] =>
  closed.flatMap(({ currency, accounts }) =>
    accounts.map(({ name, startMinor, debitMinor, creditMinor, correctionMinor }) => ({
      ...{ currency, name, start: BigInt(startMinor), debit: BigInt(debitMinor), credit: BigInt(creditMinor) },
      correction: BigInt(correctionMinor),
    })),
  );

/** Whether an account has no row: its start is zero and nothing moved. */
export const isEmpty = ({ startMinor, debitMinor, creditMinor }: MonthOfAccount): boolean =>
  startMinor === 0 && debitMinor === 0 && creditMinor === 0;
