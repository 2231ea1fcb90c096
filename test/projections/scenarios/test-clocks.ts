import { BASIL, OLD, stripeEvent } from '../../support/stripe-objects.js';
import { START } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

const clock = (status: string, days: number, after: number, apiVersion?: string) =>
  stripeEvent(
    `test_helpers.test_clock.${status}`,
    { id: 'clock_1', object: 'test_helpers.test_clock', frozen_time: START + days * 86_400, status },
    { id: `evt_${status}`, after, ...(apiVersion === undefined ? {} : { apiVersion }) },
  );

export const testClocksScenarios: readonly Scenario[] = [
  {
    title: 'tells how late it is on a clock, by whichever event shows it latest',
    given: [clock('ready', 30, 60)],
    when: clock('advancing', 31, 60),
    then: { test_clocks: [{ id: 'clock_1', frozen_at: '2026-02-01T00:00:00.000Z', stripe_event_id: 'evt_advancing' }] },
  },
  {
    title: 'tells how late it is in an old version',
    given: [],
    when: clock('created', 0, 0, OLD),
    then: { test_clocks: [{ id: 'clock_1', frozen_at: '2026-01-01T00:00:00.000Z' }] },
  },
  {
    title: 'takes no other object for a clock',
    given: [clock('ready', 30, 60)],
    when: stripeEvent('review.opened', { id: 'prv_1', object: 'review', charge: 'ch_1' }, { after: 120 }),
    then: 'unchanged',
  },
  ...[OLD, BASIL].map((apiVersion) => ({
    title: `tells how late it was on a clock of which only the deletion is heard, at ${apiVersion}`,
    given: [],
    when: clock('deleted', 31, 60, apiVersion),
    then: { test_clocks: [{ id: 'clock_1', frozen_at: '2026-02-01T00:00:00.000Z', stripe_event_id: 'evt_deleted' }] },
  })),
];
