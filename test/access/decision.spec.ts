import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/access/decision.js';
import type { ItemFact, PaidInvoice, SubscriptionFact } from '../../src/access/facts.js';
import { DEFAULT_ACCESS_POLICY, type AccessPolicy } from '../../src/access/policy.js';
import { day, item, paidInvoice, subscription } from './subscription-facts.js';

type Expected = { granted: boolean; rule: string; until: Date | null };
const yes = (rule: string, until: Date | null): Expected => ({ granted: true, rule, until });
const no = (rule: string, until: Date | null = null): Expected => ({ granted: false, rule, until });
const pause = (behavior: string, resumesAt: Date | null = null): Partial<SubscriptionFact> => ({
  pauseCollection: { behavior, resumesAt },
});
const overdue = { status: 'past_due', statusSince: day(1) };
const retried = { ...overdue, nextPaymentAttempt: day(12) };
const afterTrial = {
  ...overdue,
  trialEnd: day(0),
  hasPaymentMethod: false,
};
const given = (...paid: Partial<PaidInvoice>[]) => ({ item: { paid: paid.map(paidInvoice) } });
const canceled = {
  status: 'canceled',
  statusSince: day(5),
  previousStatus: 'active',
  cancellationReason: 'cancellation_requested',
};

type Case = readonly [
  title: string,
  fields: Partial<SubscriptionFact> & { item?: Partial<ItemFact> },
  at: number,
  expected: Expected,
  policy?: Partial<AccessPolicy>,
];
const cases: readonly Case[] = [
  [
    'active grants to the end of the period and a while more, for a renewal may be on its way',
    {},
    10,
    yes('active', day(33)),
  ],
  ['active still grants while the renewal has not been heard of for less than that', {}, 32, yes('active', day(33))],
  ['active grants no longer when no renewal was heard of', {}, 33, no('renewal_not_heard_of', day(33))],
  [
    'active grants to the end of the period only when renewals get no grace',
    {},
    30,
    no('renewal_not_heard_of', day(30)),
    { renewalGraceHours: 0 },
  ],
  ['active without a known period grants without an end', { item: { periodEnd: null } }, 1_000, yes('active', null)],
  [
    'a trial grants to its end and a while more',
    { status: 'trialing', trialEnd: day(14) },
    10,
    yes('trialing', day(17)),
  ],
  [
    'a trial grants nothing when the policy says so',
    { status: 'trialing', trialEnd: day(14) },
    10,
    no('trial_denied'),
    { trialing: false },
  ],
  ['past_due grants for the days of grace, from when it became so', overdue, 7, yes('grace', day(8))],
  ['past_due grants no longer after them, whatever period it is in', overdue, 8, no('grace_over', day(8))],
  [
    'past_due grants for as long as the policy says',
    overdue,
    20,
    yes('grace', day(22)),
    { graceDays: { ...DEFAULT_ACCESS_POLICY.graceDays, past_due: 21 } },
  ],
  ['unpaid grants nothing', { status: 'unpaid', statusSince: day(1) }, 1, no('no_grace')],
  ['paused grants nothing', { status: 'paused', statusSince: day(1) }, 1, no('no_grace')],
  [
    'paused grants for its grace when the policy gives some',
    { status: 'paused', statusSince: day(1) },
    2,
    yes('grace', day(4)),
    { graceDays: { ...DEFAULT_ACCESS_POLICY.graceDays, paused: 3 } },
  ],
  ['incomplete grants nothing', { status: 'incomplete' }, 0, no('no_grace')],
  [
    'active grants to the end of a renewal that only its paid invoice tells of',
    { item: { renewedUntil: day(60) } },
    50,
    yes('active', day(63)),
  ],
  [
    'cancel_at_period_end ends with the period that the subscription tells of',
    { cancelAtPeriodEnd: true, item: { renewedUntil: day(60) } },
    50,
    no('cancellation_due', day(30)),
  ],
  ['an item of which there are none grants nothing', { item: { quantity: 0 } }, 1, no('no_quantity')],
  ['an item that is not counted grants', { item: { quantity: null } }, 1, yes('active', day(33))],
  ['a status that nobody knows yet grants nothing', { status: 'hibernating' }, 1, no('status_not_known')],
  ['incomplete_expired grants nothing', { status: 'incomplete_expired' }, 1, no('incomplete_expired')],
  ['canceled grants nothing', canceled, 6, no('canceled')],
  [
    'canceled grants to the end of the period when the policy says so',
    canceled,
    6,
    yes('canceled_until_period_end', day(30)),
    { canceledUntilPeriodEnd: true },
  ],
  [
    'canceled keeps no period that was not paid for',
    { ...canceled, previousStatus: 'past_due' },
    6,
    no('canceled'),
    { canceledUntilPeriodEnd: true },
  ],
  [
    'canceled keeps no period when a failed payment ended it',
    { ...canceled, cancellationReason: 'payment_failed' },
    6,
    no('canceled'),
    { canceledUntilPeriodEnd: true },
  ],
  [
    'canceled keeps no period longer than to the time for which it was canceled',
    { ...canceled, cancelAt: day(5) },
    6,
    no('cancellation_due', day(5)),
    { canceledUntilPeriodEnd: true },
  ],
  [
    'cancel_at_period_end grants to the very end of the period',
    { cancelAtPeriodEnd: true },
    29,
    yes('active', day(30)),
  ],
  [
    'cancel_at_period_end ends then, though the deletion has not come',
    { cancelAtPeriodEnd: true },
    30,
    no('cancellation_due', day(30)),
  ],
  ['cancel_at grants to that time', { cancelAt: day(12) }, 11, yes('active', day(12))],
  ['cancel_at ends grace too', { ...overdue, cancelAt: day(3) }, 4, no('cancellation_due', day(3))],
  [
    'a trial that was canceled for its end gets no while more',
    { status: 'trialing', trialEnd: day(14), item: { periodEnd: day(14) }, cancelAtPeriodEnd: true },
    14,
    no('cancellation_due', day(14)),
  ],
  ['pausing collection with void ends access while it lasts', pause('void'), 1, no('collection_paused')],
  ['pausing collection with void ends access until it resumes', pause('void', day(9)), 8, no('collection_paused')],
  [
    'a pause that is over does not count, though the event that tells so has not come',
    pause('void', day(9)),
    9,
    yes('active', day(33)),
  ],
  ['pausing collection otherwise changes nothing', pause('keep_as_draft'), 1, yes('active', day(33))],
  [
    'past_due grants from the first failure, whenever the status came',
    { ...overdue, statusSince: day(6), pastDueSince: day(1) },
    7,
    yes('grace', day(8)),
  ],
  [
    'unpaid counts its days from the first failure too',
    { status: 'unpaid', statusSince: day(20), pastDueSince: day(1) },
    20,
    no('grace_over', day(11)),
    { graceDays: { ...DEFAULT_ACCESS_POLICY.graceDays, unpaid: 10 } },
  ],
  ['another attempt does not lengthen grace', retried, 9, no('grace_over', day(8))],
  [
    'past_due grants while Stripe retries, and a while more, when the policy says so',
    retried,
    9,
    yes('being_retried', day(15)),
    { whileRetried: true },
  ],
  [
    'past_due grants no longer than its grace when Stripe does not retry',
    overdue,
    9,
    no('grace_over', day(8)),
    { whileRetried: true },
  ],
  [
    'past_due grants a period that was paid to its end: what is owed is for something else',
    { ...overdue, item: { isPaid: true, periodEnd: day(300) } },
    20,
    yes('paid_period', day(300)),
  ],
  [
    'what an update added gets no grace while it is not paid',
    { ...overdue, item: { unpaidUpgrade: 'in_2' } },
    2,
    no('upgrade_unpaid'),
  ],
  [
    'what an update added gets grace when the policy says so',
    { ...overdue, item: { unpaidUpgrade: 'in_2' } },
    2,
    yes('grace', day(8)),
    { unpaidUpgradeGrace: true },
  ],
  [
    'an active subscription grants what an update added',
    { item: { unpaidUpgrade: 'in_2' } },
    2,
    yes('active', day(33)),
  ],
  ['a trial that ended without a way to pay gets no grace', afterTrial, 2, no('trial_unpaid')],
  [
    'a trial that ended without a way to pay gets grace when the policy says so',
    afterTrial,
    2,
    yes('grace', day(8)),
    { trialUnpaidGrace: true },
  ],
  [
    'it gets grace while the way to pay is not known',
    { ...afterTrial, hasPaymentMethod: null },
    2,
    yes('grace', day(8)),
  ],
  ['it gets grace in a later period', { ...afterTrial, item: { periodStart: day(1) } }, 2, yes('grace', day(8))],
  ...['cancel', 'pause'].map((trialEndBehavior): Case => [
    `a trial that Stripe will ${trialEndBehavior} without a way to pay grants to its very end`,
    { status: 'trialing', trialEnd: day(14), trialEndBehavior, hasPaymentMethod: false },
    14,
    no('trial_over', day(14)),
  ]),
  [
    'a trial with a way to pay grants a while more',
    { status: 'trialing', trialEnd: day(14), trialEndBehavior: 'cancel', hasPaymentMethod: true },
    14,
    yes('trialing', day(17)),
  ],
  ['a period that was refunded in full ends then', given({ amountRefundedMinor: 2_000 }), 5, no('refunded', day(4))],
  ['a period that was refunded in part goes on', given({ amountRefundedMinor: 1_999 }), 5, yes('active', day(33))],
  [
    'a period that was paid by two invoices goes on while one is not refunded',
    given({ amountRefundedMinor: 2_000 }, { invoice: 'in_2' }),
    5,
    yes('active', day(33)),
  ],
  [
    'a period whose other invoice asked for nothing ends with the refund',
    given({ amountRefundedMinor: 2_000 }, { invoice: 'in_2', amountPaidMinor: 0 }),
    5,
    no('refunded', day(4)),
  ],
  ['a free period was not refunded', given({ amountPaidMinor: 0 }), 5, yes('active', day(33))],
  ['a lost dispute ends the period', given({ amountLostMinor: 2_000 }), 5, no('dispute_lost', day(4))],
  [
    'a refund and a lost dispute end the period together',
    given({ amountRefundedMinor: 500, amountLostMinor: 1_500 }),
    5,
    no('dispute_lost', day(4)),
  ],
  ['a dispute that is not decided changes nothing', given({ amountDisputedMinor: 2_000 }), 5, yes('active', day(33))],
  [
    'a dispute that is not decided ends the period when the policy says so',
    given({ amountDisputedMinor: 2_000 }),
    5,
    no('disputed', day(4)),
    { givenBackDenies: ['open_disputes'] },
  ],
  [
    'a refund changes nothing when the policy says so',
    given({ amountRefundedMinor: 2_000 }),
    5,
    yes('active', day(33)),
    { givenBackDenies: ['lost_disputes'] },
  ],
  [
    'canceled keeps no period that was refunded',
    { ...canceled, ...given({ amountRefundedMinor: 2_000 }) },
    6,
    no('refunded', day(4)),
    { canceledUntilPeriodEnd: true },
  ],
  [
    'canceled grants nothing though its period is paid later',
    { ...canceled, endedAt: day(5), ...given({ paidAt: day(6) }) },
    7,
    no('canceled'),
  ],
  [
    'canceled grants a period that is paid later when the policy says so',
    { ...canceled, endedAt: day(5), ...given({ paidAt: day(6) }) },
    7,
    yes('paid_after_end', day(30)),
    { paidAfterEnd: true },
  ],
  [
    'canceled grants no period that was paid before when only later ones count',
    { ...canceled, endedAt: day(5), ...given({ paidAt: day(4) }) },
    7,
    no('canceled'),
    { paidAfterEnd: true },
  ],
  [
    'pausing collection otherwise ends access when the policy says so',
    pause('keep_as_draft'),
    1,
    no('collection_paused'),
    { pauseCollectionDenies: ['keep_as_draft'] },
  ],
];

describe('a subscription and access to what it is for', () => {
  it.each(cases)('%s', (_, { item: own = {}, ...fields }, at, expected, policy = {}) => {
    const only = item(own);
    const one = subscription({ items: [only], ...fields });
    expect(decide(one, only, { ...DEFAULT_ACCESS_POLICY, ...policy }, day(at))).toEqual(expected);
  });

  const monthly = item();
  const yearly = item({ product: 'prod_year', periodEnd: day(365) });
  const untilOf = (one: ItemFact, fields: Partial<SubscriptionFact>) =>
    decide(subscription({ items: [monthly, yearly], ...fields }), one, DEFAULT_ACCESS_POLICY, day(10)).until;

  it('grants each item to the end of its own period', () => {
    expect([untilOf(monthly, {}), untilOf(yearly, {})]).toEqual([day(33), day(368)]);
  });

  it('of periods that differ, cancel_at_period_end ends all with the first', () => {
    const fields = { cancelAtPeriodEnd: true };
    expect([untilOf(monthly, fields), untilOf(yearly, fields)]).toEqual([day(30), day(30)]);
  });

  it('ends all items at cancel_at, and earlier those whose renewal has not arrived', () => {
    const fields = { cancelAt: day(365) };
    expect([untilOf(monthly, fields), untilOf(yearly, fields)]).toEqual([day(33), day(365)]);
  });

  it('ends a trial for all items at once', () => {
    const fields = { status: 'trialing', trialEnd: day(14) };
    expect([untilOf(monthly, fields), untilOf(yearly, fields)]).toEqual([day(17), day(17)]);
  });
});
