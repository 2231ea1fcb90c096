import { expect, it } from '@jest/globals';
import { subscriptions } from '../../projections/subscriptions.js';
import { pastRows, UnreadablePast } from '../../src/as-of/past-rows.js';

it('a stream that a projection cannot fold is named, as the parked live row names it', () => {
  const broken = { ...subscriptions, rows: () => { throw new RangeError('too much'); } };
  const folding = () => pastRows(broken, new Map([['subscription-sub_1', []]]), { trueAt: null, knownAt: null, revision: null });
  expect(folding).toThrow(UnreadablePast);
  expect(folding).toThrow('subscription-sub_1 cannot be folded: too much');
});
