import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { subscriptions as subscriptionRows } from '../../projections/subscriptions.js';
import { accessAnswer } from '../../src/access/answer.js';
import { decide as decideItem, type Decision } from '../../src/access/decision.js';
import type { ItemFact, PaidInvoice, SubscriptionFact } from '../../src/access/facts.js';
import { nextChangeAt } from '../../src/access/next-change.js';
import { DEFAULT_ACCESS_POLICY, GIVEN_BACK, type AccessPolicy } from '../../src/access/policy.js';
import { isSameAccess } from '../../src/access-changes/change.js';
import { accessFactsOf } from '../../src/api/access/access-facts.js';
import { pastRows } from '../../src/as-of/past-rows.js';
import { day, facts, item, subscription } from '../access/subscription-facts.js';
import { byStream, recordedInOrder } from '../support/recorded.js';
import type { StripeObject } from '../../simulator/json.js';
import { lives, type SimulatedLife } from '../../simulator/simulator.js';

const STATUSES = [
  'active',
  'trialing',
  'past_due',
  'unpaid',
  'paused',
  'incomplete',
  'canceled',
  'incomplete_expired',
  'hibernating',
];
const FINAL = ['canceled', 'incomplete_expired'];
const time = fc.integer({ min: -10, max: 60 }).map(day);
const maybe = fc.option(time);
const days = fc.nat(40);
const behavior = fc.constantFrom('void', 'keep_as_draft', 'mark_uncollectible');

const policies = fc.record<AccessPolicy>({
  trialing: fc.boolean(),
  graceDays: fc.record({ past_due: days, unpaid: days, paused: days, incomplete: days }),
  renewalGraceHours: fc.nat(200),
  pauseCollectionDenies: fc.uniqueArray(behavior),
  canceledUntilPeriodEnd: fc.boolean(),
  whileRetried: fc.boolean(),
  unpaidUpgradeGrace: fc.boolean(),
  trialUnpaidGrace: fc.boolean(),
  givenBackDenies: fc.subarray([...GIVEN_BACK]),
  paidAfterEnd: fc.boolean(),
});
const amount = fc.constantFrom(0, 500, 1_000, 2_000);
const paidInvoice = fc.record<PaidInvoice>({
  invoice: fc.constantFrom('in_1', 'in_2'),
  currency: fc.constant('eur'),
  paidAt: maybe,
  amountPaidMinor: amount,
  amountRefundedMinor: amount,
  amountLostMinor: amount,
  amountDisputedMinor: amount,
  givenBackAt: maybe,
});
const items = fc
  .record({
    periodStart: maybe,
    periodEnd: maybe,
    quantity: fc.option(fc.nat(3)),
    renewedUntil: maybe,
    paid: fc.array(paidInvoice, { maxLength: 2 }),
    isPaid: fc.boolean(),
    unpaidUpgrade: fc.option(fc.constant('in_3')),
  })
  .map((fields): ItemFact => item(fields));
const subscriptions = fc
  .record({
    id: fc.constantFrom('sub_1', 'sub_2', 'sub_3'),
    status: fc.constantFrom(...STATUSES),
    statusSince: time,
    previousStatus: fc.option(fc.constantFrom(...STATUSES)),
    items: fc.array(items, { minLength: 1, maxLength: 3 }),
    trialEnd: maybe,
    trialEndBehavior: fc.option(fc.constantFrom('cancel', 'pause', 'create_invoice')),
    pastDueSince: maybe,
    nextPaymentAttempt: maybe,
    hasPaymentMethod: fc.option(fc.boolean()),
    endedAt: maybe,
    cancelAt: maybe,
    cancelAtPeriodEnd: fc.boolean(),
    cancellationReason: fc.option(fc.constantFrom('payment_failed', 'cancellation_requested')),
    pauseCollection: fc.option(fc.record({ behavior, resumesAt: maybe })),
  })
  .map((fields): SubscriptionFact => subscription(fields));

/** The decision for the first item. Further items matter only for decisions about the whole subscription. */
const decide = (one: SubscriptionFact, policy: AccessPolicy, at: Date): Decision =>
  decideItem(one, one.items[0] as ItemFact, policy, at);
const endOf = ({ granted, until }: { granted: boolean; until: Date | null }): number =>
  granted ? (until?.getTime() ?? Infinity) : -Infinity;
/** Whether `a` neither removes access that `b` grants, nor ends it earlier. */
const isAtLeast = (a: Parameters<typeof endOf>[0], b: Parameters<typeof endOf>[0]): boolean => endOf(a) >= endOf(b);
const wanted = { kind: 'product', product: 'prod_1' } as const;

describe('the laws of every policy', () => {
  it('a final status grants nothing, except what the policy keeps of a paid period', () => {
    fc.assert(
      fc.property(
        subscriptions.filter(({ status }) => FINAL.includes(status)),
        policies,
        time,
        (one, policy, at) => {
          expect(decide(one, { ...policy, canceledUntilPeriodEnd: false, paidAfterEnd: false }, at).granted).toBe(
            false,
          );
          const { granted, until } = decide(one, policy, at);
          if (granted)
            expect([one.status, (until as Date) <= (one.items[0]?.periodEnd as Date)]).toEqual(['canceled', true]);
        },
      ),
    );
  });

  it('more grace never removes or shortens access', () => {
    fc.assert(
      fc.property(
        subscriptions,
        policies,
        time,
        fc.record({ past_due: days, unpaid: days, paused: days, incomplete: days, renewal: days }),
        (one, policy, at, more) => {
          const { graceDays } = policy;
          const lenient = {
            ...policy,
            renewalGraceHours: policy.renewalGraceHours + more.renewal,
            graceDays: {
              past_due: graceDays.past_due + more.past_due,
              unpaid: graceDays.unpaid + more.unpaid,
              paused: graceDays.paused + more.paused,
              incomplete: graceDays.incomplete + more.incomplete,
            },
          };
          expect(isAtLeast(decide(one, lenient, at), decide(one, policy, at))).toBe(true);
        },
      ),
    );
  });

  it('a later failure, or another attempt, never lengthens grace', () => {
    const failing = subscriptions.map((one) => ({ ...one, status: 'past_due', pastDueSince: one.statusSince }));
    fc.assert(
      fc.property(failing, policies, time, time, maybe, (one, policy, at, statusSince, nextPaymentAttempt) => {
        const later = { ...one, statusSince, nextPaymentAttempt };
        const fixed = { ...policy, whileRetried: false };
        expect(decide(later, fixed, at)).toEqual(decide(one, fixed, at));
      }),
    );
  });

  it('returned money never grants or lengthens access', () => {
    fc.assert(
      fc.property(subscriptions, policies, time, fc.nat(2_000), (one, policy, at, more) => {
        const [first, ...others] = one.items as [ItemFact, ...ItemFact[]];
        const paid = first.paid.map((each) => ({ ...each, amountRefundedMinor: each.amountRefundedMinor + more }));
        const refunded = { ...one, items: [{ ...first, paid }, ...others] };
        expect(isAtLeast(decide(one, policy, at), decide(refunded, policy, at))).toBe(true);
      }),
    );
  });

  it('without events an answer changes only at the time that it announced', () => {
    const several = fc.uniqueArray(subscriptions, { selector: ({ id }) => id, maxLength: 3 });
    fc.assert(
      fc.property(several, policies, time, (all, policy, at) => {
        const known = [facts({ subscriptions: all })];
        const answerAt = (moment: Date) => accessAnswer({ kind: 'anything' }, known, { policy, at: moment });
        const next = nextChangeAt(answerAt(at), known, at);
        const end = next?.getTime() ?? at.getTime() + 90 * 86_400_000;
        for (let part = 0; part < 20; part += 1) {
          const later = new Date(at.getTime() + ((end - at.getTime()) * part) / 20);
          expect([later, isSameAccess(answerAt(later), answerAt(at))]).toEqual([later, true]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('what a policy permits in addition never removes access', () => {
    fc.assert(
      fc.property(subscriptions, policies, time, (one, policy, at) => {
        expect(
          isAtLeast(
            decide(one, { ...policy, trialing: true, canceledUntilPeriodEnd: true, pauseCollectionDenies: [] }, at),
            decide(one, policy, at),
          ),
        ).toBe(true);
        for (const more of [
          { whileRetried: true },
          { unpaidUpgradeGrace: true },
          { trialUnpaidGrace: true },
          { givenBackDenies: policy.givenBackDenies.slice(1) },
          { paidAfterEnd: true },
        ])
          expect(isAtLeast(decide(one, { ...policy, ...more }, at), decide(one, policy, at))).toBe(true);
      }),
    );
  });

  it('what is granted until a time is granted up to it, and no longer', () => {
    fc.assert(
      fc.property(
        subscriptions,
        policies,
        time,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (one, policy, at, share) => {
          const { granted, until } = decide(one, policy, at);
          fc.pre(granted && until !== null);
          const [from, to] = [at.getTime(), until.getTime()];
          expect(decide(one, policy, new Date(from + Math.floor((to - from) * share)))).toMatchObject({
            granted: true,
            until,
          });
          expect(decide(one, policy, until).granted).toBe(false);
        },
      ),
    );
  });

  it('no access lasts beyond the time for which a subscription was canceled', () => {
    fc.assert(
      fc.property(subscriptions, policies, time, (one, policy, at) => {
        const periods = one.items.map(({ periodEnd }) => periodEnd);
        const ends = [one.cancelAt, ...(one.cancelAtPeriodEnd ? periods : [])].filter((end) => end !== null);
        const decision = decide(one, policy, at);
        for (const end of ends) expect(endOf(decision)).toBeLessThanOrEqual(end.getTime());
      }),
    );
  });

  it('access is what the best subscription grants, in any order of them', () => {
    fc.assert(
      fc.property(
        fc
          .array(subscriptions, { maxLength: 5 })
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        policies,
        time,
        ([all, shuffled], policy, at) => {
          const answer = accessAnswer(wanted, [facts({ subscriptions: all })], { policy, at });
          const other = accessAnswer(wanted, [facts({ subscriptions: shuffled })], { policy, at });
          expect([other.granted, other.until, other.products]).toEqual([answer.granted, answer.until, answer.products]);
          const ends = all.flatMap((one) => one.items.map((each) => endOf(decideItem(one, each, policy, at))));
          expect(endOf(answer)).toBe(Math.max(-Infinity, ...ends));
        },
      ),
    );
  });
});

type Told = Readonly<{ at: number; object: StripeObject }>;
const life = fc
  .record({
    seed: fc.nat(),
    subscriptions: fc.constant(1),
    apiVersion: fc.constant('mixed' as const),
    several: fc.constant(false),
  })
  .map((options) => [...lives(options)][0] as SimulatedLife);

/**
 * Whether a subscription grants access at the time of its last event under the default policy, computed from Stripe's
 * own objects.
 */
function isGrantedByBooks(told: readonly Told[]): boolean {
  const { at, object } = told.at(-1) as Told;
  const status = String(object['status']);
  const pause = object['pause_collection'] as { behavior: string; resumes_at: number | null } | null;
  if (pause?.behavior === 'void' && (pause.resumes_at === null || at < pause.resumes_at)) return false;
  if (status !== 'past_due') return status === 'active' || status === 'trialing';
  const before = told.findLastIndex((one) => one.object['status'] !== 'past_due');
  return at < (told[before + 1] as Told).at + 7 * 86_400;
}

describe('access in a simulated life', () => {
  it('is at every moment what the simulator’s own books grant, whatever the order of arrival', () => {
    fc.assert(
      fc.property(
        life.chain((one) =>
          fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.events], { minLength: one.events.length })),
        ),
        ([one, arrived]) => {
          const streams = byStream(recordedInOrder(arrived));
          const told = one.events
            .map(({ stripeEvent }) => ({ at: stripeEvent.created, object: stripeEvent.data.object }))
            .filter(({ object }) => object.object === 'subscription');
          for (const { at } of told) {
            const trueAt = new Date(at * 1000);
            const { subscriptions: rows } = pastRows(subscriptionRows, streams, {
              trueAt,
              knownAt: null,
              revision: null,
            });
            const known = accessFactsOf([...new Set(rows.map(({ customer }) => String(customer)))], {
              customers: [],
              subscriptions: rows,
              entitlements: [],
              summaries: [],
              named: [],
              risks: [],
              invoices: [],
              payments: [],
              creditNotes: [],
              clocks: null,
            });
            const answer = accessAnswer({ kind: 'anything' }, known, { policy: DEFAULT_ACCESS_POLICY, at: trueAt });
            expect([at, answer.granted]).toEqual([at, isGrantedByBooks(told.filter((event) => event.at <= at))]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
