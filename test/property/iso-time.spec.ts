import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isoTime } from '../../src/events/fields.js';

const LAST_OF_9999 = 253_402_300_799;

it('a time is written as Date writes it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LAST_OF_9999 }), (second) =>
      expect(isoTime(second)).toBe(new Date(second * 1000).toISOString()),
    ),
    { examples: [[0], [59], [86_399], [86_400], [LAST_OF_9999]] },
  );
});
