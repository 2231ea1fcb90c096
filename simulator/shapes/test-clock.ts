import type Stripe from 'stripe';
import type { TestClock } from '../books.js';
import { DAY, type Seconds } from '../calendar.js';
import type { Shape, StripeObject } from '../json.js';

/** The clock as of `frozenAt`; `target` is the time it advances to. */
export function testClockShape({ id, createdAt }: TestClock, frozenAt: Seconds, target: Seconds | null): StripeObject {
  return {
    id,
    object: 'test_helpers.test_clock',
    created: createdAt,
    deletes_after: createdAt + 30 * DAY,
    frozen_time: frozenAt,
    livemode: false,
    name: null,
    status: target === null ? 'ready' : 'advancing',
    status_details: target === null ? {} : { advancing: { target_frozen_time: target } },
  } satisfies Shape<Stripe.TestHelpers.TestClock> & StripeObject;
}
