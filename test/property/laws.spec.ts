import { beforeAll, describe, expect, it } from '@jest/globals';
import { lawNames, violationsOf, type Violation } from '../support/laws.js';

/** `LIVES=20000 npm test -- test/property/laws`, or `npm run laws`, runs more. */
const LIVES = Number(process.env['LIVES'] ?? 700);
const SHOWN_MAX = 5;

describe(`of ${LIVES} simulated lives, delivered repeatedly and in disorder`, () => {
  const violations: Violation[] = [];
  beforeAll(() => {
    for (let seed = 1; seed <= LIVES && violations.length < SHOWN_MAX; seed += 1)
      violations.push(...violationsOf(seed));
  }, 300_000);

  it.each([...lawNames, 'every snapshot can be read'])('%s', (law) => {
    expect(violations.filter((violation) => violation.law === law).slice(0, SHOWN_MAX)).toEqual([]);
  });
});
