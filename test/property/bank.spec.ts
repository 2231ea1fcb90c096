import { beforeAll, describe, expect, it } from '@jest/globals';
import { bankLawNames, bankViolationsOf } from '../support/bank-laws.js';
import type { MoneyViolation } from '../support/money-laws.js';

/**
 * `LIVES=5000 npm test -- test/property/bank`, or `npm run laws -- --money`, runs more; `SEED=…` sets the first seed.
 */
const LIVES = Number(process.env['LIVES'] ?? 40);
const FIRST = Number(process.env['SEED'] ?? 1);
const SHOWN_MAX = 5;

describe(`the journal of ${LIVES} simulated lives from seed ${FIRST}, and the bank’s own books, by the default policy, one of another field, and a mixture`, () => {
  const violations: MoneyViolation[] = [];
  beforeAll(() => {
    for (let seed = FIRST; seed < FIRST + LIVES && violations.length < SHOWN_MAX; seed += 1)
      violations.push(...bankViolationsOf(seed));
  }, 300_000);

  it.each(bankLawNames)('%s', (law) => {
    expect(violations.filter((violation) => violation.law === law).slice(0, SHOWN_MAX)).toEqual([]);
  });
});
