import { beforeAll, describe, expect, it } from '@jest/globals';
import { moneyLawNames, moneyViolationsOf, type MoneyViolation } from '../support/money-laws.js';

/** `MONEY_LIVES=5000 npm test -- test/property/money`, or `npm run laws -- --money`, runs more. */
const LIVES = Number(process.env['MONEY_LIVES'] ?? 150);
const FIRST = Number(process.env['SEED'] ?? 1);
const SHOWN_MAX = 5;

describe(`the books of ${LIVES} simulated lives from seed ${FIRST}, by the default policy, one of another field, and a mixture`, () => {
  const violations: MoneyViolation[] = [];
  beforeAll(() => {
    for (let seed = FIRST; seed < FIRST + LIVES && violations.length < SHOWN_MAX; seed += 1)
      violations.push(...moneyViolationsOf(seed));
  }, 300_000);

  it.each(moneyLawNames)('%s', (law) => {
    expect(violations.filter((violation) => violation.law === law).slice(0, SHOWN_MAX)).toEqual([]);
  });
});
