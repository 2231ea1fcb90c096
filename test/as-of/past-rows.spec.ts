import { expect, it } from '@jest/globals';
import { subscriptions } from '../../projections/subscriptions.js';
import { pastRows, UnreadablePast } from '../../src/as-of/past-rows.js';
import { recordedInOrder } from '../support/recorded.js';
import type { SimulatedEvent } from '../../simulator/simulator.js';
import { subscriptionEvent } from '../support/subscription-events.js';

it('a stream that a projection cannot fold is named, as the parked live row names it', () => {
  const broken = {
    ...subscriptions,
    rows: () => {
      throw new RangeError('too much');
    },
  };
  const folding = () =>
    pastRows(
      broken,
      new Map([
        [
          'subscription-sub_1',
          recordedInOrder([
            { stripeEvent: subscriptionEvent('sub_1'), stream: 'subscription-sub_1' },
          ] as unknown as SimulatedEvent[]),
        ],
      ]),
      { trueAt: null, knownAt: null, revision: null },
    );
  expect(folding).toThrow(UnreadablePast);
  expect(folding).toThrow('subscription-sub_1 cannot be folded: too much');
});
