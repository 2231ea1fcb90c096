import { expect } from '@jest/globals';
import type { Asked } from './asked.js';
import type { Told } from './told.js';

/** Events, and a check of the books after them. */
export type Stage = Readonly<{ tell(told: Told): unknown; check?: (asked: Asked) => Promise<void> }>;

/** An example of docs/conformance.md with consecutive stages; `other` checks the books under `OTHER_POLICY`. */
export type Example = Readonly<{
  id: string;
  about: string;
  stages: readonly Stage[];
  other?: (asked: Asked) => Promise<void>;
  /** Whether the result must be the same in any order with every event twice. */
  isShuffled?: boolean;
}>;

/** By month from the first on: the movements of accounts by Stripe's names, each on its normal side. */
export type Months = Readonly<Record<string, readonly number[]>>;

/** Checks the movements against Stripe's table in the example. */
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

/** An example of one stage with a table by month. */
export const byMonth = (
  id: string,
  about: string,
  { first = '2026-01', tell, expected }: Readonly<{ first?: string; tell: Stage['tell']; expected: Months }>,
): Example => ({ id, about, stages: [{ tell, check: moves(first, expected) }] });

/** The environment of the second service, which combines the needs of several examples. */
export const OTHER_POLICY = {
  ...{ MONEY_STANDALONE: 'revenue', MONEY_CATCH_UP: 'no', MONEY_RECOVERY: 'reinstate' },
  ...{ MRR_CHURNS: 'cancel', MRR_GROUP_MINUTES: '60' },
};
