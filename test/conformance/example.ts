import { expect } from '@jest/globals';
import type { Asked } from './asked.js';
import type { Told } from './told.js';

/** Something that happens, and what the books say after it. */
export type Stage = Readonly<{ tell(told: Told): unknown; check?: (asked: Asked) => Promise<void> }>;

/** An example of docs/conformance.md. Its stages come one after the other; `other` is asked of books by `OTHER_POLICY`. */
export type Example = Readonly<{
  id: string;
  about: string;
  stages: readonly Stage[];
  other?: (asked: Asked) => Promise<void>;
  /** What it is in any order, each twice, is what it is in Stripe's. */
  isShuffled?: boolean;
}>;

/** By month from the first on: what moves on accounts by Stripe's names, each on its own side. */
export type Months = Readonly<Record<string, readonly number[]>>;

/** Checks that what moved is as Stripe's table of the example has it. */
export const moves =
  (first: string, expected: Months) =>
  async (asked: Asked): Promise<void> => {
    const months = Math.max(...Object.values(expected).map(({ length }) => length));
    const found = await asked.movements(Object.keys(expected), first, months);
    expect(
      Object.fromEntries(
        Object.entries(expected).map(([name, amounts]) => [name, found[name]?.slice(0, amounts.length)]),
      ),
    ).toEqual(expected);
  };

/** An example of one stage, whose answer is a table by month. */
export const byMonth = (
  id: string,
  about: string,
  { first = '2026-01', tell, expected }: Readonly<{ first?: string; tell: Stage['tell']; expected: Months }>,
): Example => ({ id, about, stages: [{ tell, check: moves(first, expected) }] });

/** The variables of the second service: what several examples need at once. */
export const OTHER_POLICY = {
  ...{ MONEY_STANDALONE: 'revenue', MONEY_CATCH_UP: 'no', MONEY_RECOVERY: 'reinstate' },
  ...{ MRR_CHURNS: 'cancel', MRR_GROUP_MINUTES: '60' },
};
