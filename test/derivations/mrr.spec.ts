import { describe, expect, it } from '@jest/globals';
import type { CouponRow, SubscriptionFacts, TermsDiscount, TermsItem, TermsRow } from '../../derivations/mrr/facts.js';
import { churnRates, growth, retention } from '../../derivations/mrr/metrics.js';
import { customerMrr } from '../../derivations/mrr/movements.js';
import { subscriptionMrr } from '../../derivations/mrr/subscription.js';
import { defaultPolicy, type MoneyPolicy } from '../../derivations/policy.js';
import { at, cause, second } from './invoice-life.js';

/** A monthly item at this unit amount in minor units. */
const item = (unit: number | string | null, more: Partial<TermsItem> = {}): TermsItem => ({
  ...{
    id: 'si_1',
    price: 'price_1',
    product: 'prod_1',
    quantity: 1,
    currency: 'usd',
    periodStart: null,
    periodEnd: null,
  },
  ...{
    discounts: [],
    billingScheme: 'per_unit',
    unitAmountDecimal: unit === null ? null : String(unit),
    tiers: null,
    tiersMode: null,
  },
  ...{ transformQuantity: null, usageType: 'licensed', interval: 'month', intervalCount: 1, ...more },
});

const coupon = (more: Partial<CouponRow>): CouponRow => ({
  ...{
    percentOff: null,
    amountOffMinor: null,
    currency: null,
    duration: 'forever',
    durationInMonths: null,
    products: null,
  },
  ...more,
});
const discount = (
  terms: CouponRow | null,
  startsAt: string,
  endsAt: string | null = null,
  id = 'di_1',
): TermsDiscount => ({
  ...{ id, coupon: 'coupon_1', terms, startsAt: at(startsAt), endsAt: endsAt === null ? null : at(endsAt) },
});

type Change = Partial<Omit<TermsRow, 'effective_at' | 'items'>> & { items?: readonly TermsItem[] };

/** A subscription given by its changes; each adds to the one before. */
function subscription(
  changes: readonly (readonly [string, Change])[],
  more: Partial<SubscriptionFacts> = {},
): SubscriptionFacts {
  let row: TermsRow | null = null;
  const terms = changes.map(([time, change], place): TermsRow => {
    const before: TermsRow | null = row;
    row = {
      ...{
        no: place,
        effective_at: at(time),
        status: 'active',
        currency: 'usd',
        items: [],
        has_all_items: true,
        discounts: [],
      },
      ...{
        pause: null,
        created_at: at(changes[0]?.[0] ?? time),
        started_at: at(changes[0]?.[0] ?? time),
        trial_start: null,
      },
      ...{ cancel_at: null, cancel_at_period_end: false, canceled_at: null, ended_at: null },
      ...before,
      ...cause(`evt_${more.subscription ?? 'sub_1'}_${place}`, time),
      stripe_event_type: place === 0 ? 'customer.subscription.created' : 'customer.subscription.updated',
      ...change,
      ...{ no: place, effective_at: at(time) },
    };
    return row;
  });
  return {
    ...{
      subscription: 'sub_1',
      customer: 'cus_1',
      terms,
      prices: new Map(),
      coupons: new Map(),
      discounts: [],
      lines: [],
    },
    firstPaidAt: null,
    ...more,
  };
}

const of = (facts: SubscriptionFacts, policy: Partial<MoneyPolicy> = {}) =>
  subscriptionMrr(facts, { ...defaultPolicy, ...policy });
const together = (all: readonly SubscriptionFacts[], policy: Partial<MoneyPolicy> = {}) =>
  customerMrr(
    all.flatMap((facts) => of(facts, policy).parts),
    { ...defaultPolicy, ...policy },
  );
/** Each movement as `2026-01-01 new 3000`. */
const movements = (
  facts: SubscriptionFacts | readonly SubscriptionFacts[],
  policy: Partial<MoneyPolicy> = {},
): string[] =>
  together(
    Array.isArray(facts) ? (facts as readonly SubscriptionFacts[]) : [facts as SubscriptionFacts],
    policy,
  ).movements.map(
    ({ at: moment, kind, amountMinor }) =>
      `${new Date(moment * 1000).toISOString().slice(0, 10)} ${kind} ${amountMinor}`,
  );
const mrrOf = (items: readonly TermsItem[], more: Change = {}, facts: Partial<SubscriptionFacts> = {}): number[] => {
  const { items: worth } = of(subscription([['2026-01-01', { items, ...more }]], facts));
  return worth.map(({ mrrMinor }) => mrrMinor);
};

describe('the MRR of an item', () => {
  it('M1: is its monthly price', () => {
    const [monthly] = mrrOf([item(10000)]);
    const [yearly] = mrrOf([item(60000, { interval: 'year' })]);
    expect(100 * (monthly ?? 0) + 50 * (yearly ?? 0)).toBe(1250000);
  });

  it('M17: counts 365 days, 52 weeks, 12 months a year', () => {
    expect(mrrOf([item(1000, { interval: 'week' })])).toEqual([4333]);
    expect(mrrOf([item(1000, { interval: 'week', intervalCount: 2 })])).toEqual([2167]);
    expect(mrrOf([item(100, { interval: 'day' })])).toEqual([3042]);
    expect(mrrOf([item(3000, { intervalCount: 3 })])).toEqual([1000]);
    expect(mrrOf([item(24000, { interval: 'year', intervalCount: 2 })])).toEqual([1000]);
  });

  it('M15: adds up items of several intervals, and a year is not twelve rounded months', () => {
    const { items } = of(
      subscription([['2026-01-01', { items: [item(1000), item(12000, { id: 'si_2', interval: 'year' })] }]]),
    );
    expect(items.map(({ mrrMinor, annualMinor }) => [mrrMinor, annualMinor])).toEqual([
      [1000, 12000],
      [1000, 12000],
    ]);
    const [yearly] = of(subscription([['2026-01-01', { items: [item(10000, { interval: 'year' })] }]])).items;
    expect([yearly?.mrrMinor, yearly?.annualMinor]).toEqual([833, 10000]);
  });

  it('counts packages, and fractions of a minor unit', () => {
    expect(mrrOf([item(500, { quantity: 25, transformQuantity: { divideBy: 10, round: 'up' } })])).toEqual([1500]);
    expect(mrrOf([item(500, { quantity: 25, transformQuantity: { divideBy: 10, round: 'down' } })])).toEqual([1000]);
    expect(mrrOf([item('0.5', { quantity: 333 })])).toEqual([167]);
  });

  const tiers = [
    { upTo: 5, unitAmountDecimal: '1000', flatAmountDecimal: null },
    { upTo: null, unitAmountDecimal: '800', flatAmountDecimal: '1000' },
  ];
  const tiered = (quantity: number, tiersMode: string, more: Partial<TermsItem> = {}): TermsItem =>
    item(null, { billingScheme: 'tiered', quantity, tiersMode, tiers, ...more });

  it('M5: goes through tiers, or to the one that is reached', () => {
    expect(mrrOf([tiered(8, 'graduated')])).toEqual([8400]);
    expect(mrrOf([tiered(8, 'volume')])).toEqual([7400]);
    expect(mrrOf([tiered(5, 'graduated')])).toEqual([5000]);
  });

  it('M5: is unknown while tiers are, then what a whole period was billed, from the start', () => {
    const facts = (more: Partial<SubscriptionFacts> = {}) =>
      subscription([['2026-01-01', { items: [tiered(8, 'graduated', { tiers: null })] }]], more);
    const unknown = of(facts());
    expect(unknown.items.map(({ isUnknown, why, mrrMinor }) => [isUnknown, why, mrrMinor])).toEqual([
      [true, 'tiers_not_known', 0],
    ]);
    expect([unknown.parts, unknown.wants]).toEqual([[], ['price_1']]);
    const line = {
      subscription_item: 'si_1',
      price: 'price_1',
      quantity: 8,
      amount_minor: 8400,
      finalized_at: at('2026-01-02'),
    };
    expect(movements(facts({ lines: [line] }))).toEqual(['2026-01-01 new 8400']);
    const price = { ...tiered(8, 'graduated'), tiers };
    expect(movements(facts({ lines: [line], prices: new Map([['price_1', price]]) }))).toEqual(['2026-01-01 new 8400']);
    expect(of(facts({ lines: [{ ...line, quantity: 9 }] })).items[0]?.isUnknown).toBe(true);
  });

  it('leaves out metered items, or takes the mean of three lines', () => {
    const metered = item(5, { usageType: 'metered', quantity: null });
    expect(mrrOf([metered])).toEqual([0]);
    const lines = [900, 300, 400, 500].map((amount, place) => ({
      ...{ subscription_item: 'si_1', price: 'price_1', quantity: null, amount_minor: amount },
      finalized_at: at(`2026-0${place + 1}-01`),
    }));
    const facts = subscription([['2026-01-01', { items: [metered] }]], { lines });
    expect(of(facts, { mrrMetered: 'trailing' }).items[0]?.mrrMinor).toBe(400);
  });
});

describe('discounts', () => {
  const percent = coupon({ percentOff: '20' });

  it('apply to items first, then to the rest of all of them', () => {
    const items = [
      item(3000, { discounts: [discount(percent, '2026-01-01')] }),
      item(1000, { id: 'si_2', discounts: [discount(percent, '2026-01-01')] }),
    ];
    expect(mrrOf(items)).toEqual([2400, 800]);
    expect(
      mrrOf(items, {
        discounts: [discount(coupon({ amountOffMinor: 500, currency: 'usd' }), '2026-01-01', null, 'di_2')],
      }),
    ).toEqual([2025, 675]);
  });

  it('M8: are taken of a whole period', () => {
    const off = coupon({ amountOffMinor: 12000, currency: 'usd' });
    expect(mrrOf([item(120000, { interval: 'year' })], { discounts: [discount(off, '2026-01-01')] })).toEqual([9000]);
  });

  it('are never more than the amount, and only of the products that they are for', () => {
    expect(
      mrrOf([item(300)], { discounts: [discount(coupon({ amountOffMinor: 500, currency: 'usd' }), '2026-01-01')] }),
    ).toEqual([0]);
    const forOther = coupon({ percentOff: '50', products: ['prod_2'] });
    const items = [item(300), item(300, { id: 'si_2', product: 'prod_2' })];
    expect(mrrOf(items, { discounts: [discount(forOther, '2026-01-01')] })).toEqual([300, 150]);
  });

  it("are the customer's where the subscription has none", () => {
    const span = {
      id: 'di_c',
      coupon: 'c',
      terms: percent,
      starts_at: at('2026-02-01'),
      ends_at: null,
      removed_at: at('2026-03-01'),
      is_customers: true,
    };
    expect(movements(subscription([['2026-01-01', { items: [item(1000)] }]], { discounts: [span] }))).toEqual([
      '2026-01-01 new 1000',
      '2026-02-01 contraction -200',
      '2026-03-01 expansion 200',
    ]);
  });

  it('M7: end by themselves', () => {
    const facts = (duration: string, end: string | null) =>
      subscription([
        ['2026-01-01', { items: [item(5000)], discounts: [discount({ ...percent, duration }, '2026-01-01', end)] }],
      ]);
    expect(movements(facts('repeating', '2026-04-01'))).toEqual(['2026-01-01 new 4000', '2026-04-01 expansion 1000']);
    const [, end] = of(facts('repeating', '2026-04-01')).parts;
    expect([end?.cause, end?.by]).toEqual(['discount_ended', 'discount.end of di_1']);
    expect(movements(facts('repeating', '2026-04-01'), { mrrDiscounts: 'forever' })).toEqual(['2026-01-01 new 5000']);
    expect(movements(facts('forever', null), { mrrDiscounts: 'forever' })).toEqual(['2026-01-01 new 4000']);
    expect(movements(facts('once', null))).toEqual(['2026-01-01 new 5000']);
  });

  it('M7: end when an event removes them, and only once', () => {
    const terms = { ...percent, duration: 'repeating' };
    const facts = subscription([
      ['2026-01-01', { items: [item(5000)], discounts: [discount(terms, '2026-01-01', '2026-04-01')] }],
      ['2026-03-10', { discounts: [] }],
    ]);
    expect(movements(facts)).toEqual(['2026-01-01 new 4000', '2026-03-10 expansion 1000']);
  });

  it('M6: are distinguished from an upgrade in the same second', () => {
    const facts = subscription([
      ['2026-01-01', { items: [item(3000)], discounts: [discount(percent, '2026-01-01')] }],
      ['2026-02-01', { items: [item(5000, { price: 'price_2' })], discounts: [] }],
    ]);
    expect(movements(facts)).toEqual(['2026-01-01 new 2400', '2026-02-01 expansion 2600']);
    expect(
      of(facts)
        .parts.slice(1)
        .map(({ cause: why, mrrMinor }) => [why, mrrMinor]),
    ).toEqual([
      ['price', 1600],
      ['discount_ended', 1000],
    ]);
  });

  it('with unknown terms make the MRR unknown until the coupon is known', () => {
    const facts = (more: Partial<SubscriptionFacts> = {}) =>
      subscription([['2026-01-01', { items: [item(1000)], discounts: [discount(null, '2026-01-01')] }]], more);
    expect(of(facts()).items[0]).toMatchObject({ isUnknown: true, why: 'discount_not_known' });
    expect(movements(facts({ coupons: new Map([['coupon_1', percent]]) }))).toEqual(['2026-01-01 new 800']);
  });

  it('M20: of all of it leave nothing that could be new', () => {
    const free = discount(coupon({ percentOff: '100' }), '2026-01-01');
    const facts = subscription([
      ['2026-01-01', { items: [item(1000)], discounts: [free] }],
      ['2026-05-01', { discounts: [] }],
    ]);
    expect(movements(facts)).toEqual(['2026-05-01 new 1000']);
  });
});

describe('when a subscription counts', () => {
  const monthly = [item(3000)];

  it('M9: until it has ended, or until its end is asked for', () => {
    const asked: Change = { cancel_at_period_end: true, canceled_at: at('2026-03-03') };
    const ended: Change = { status: 'canceled', ended_at: at('2026-04-01') };
    const facts = subscription([
      ['2026-01-01', { items: monthly }],
      ['2026-03-03', asked],
      ['2026-04-01', ended],
    ]);
    expect(movements(facts)).toEqual(['2026-01-01 new 3000', '2026-04-01 churn -3000']);
    expect(movements(facts, { mrrChurns: 'cancel' })).toEqual(['2026-01-01 new 3000', '2026-03-03 churn -3000']);
    const withdrawn = subscription([
      ['2026-01-01', { items: monthly }],
      ['2026-03-03', asked],
      ['2026-03-10', { cancel_at_period_end: false, canceled_at: null }],
    ]);
    expect(movements(withdrawn)).toEqual(['2026-01-01 new 3000']);
    expect(movements(withdrawn, { mrrChurns: 'cancel' })).toEqual([
      '2026-01-01 new 3000',
      '2026-03-03 churn -3000',
      '2026-03-10 reactivation 3000',
    ]);
  });

  it('M10: not while its collection is paused, and again when that ends', () => {
    const pause = (behavior: string) => ({ pause: { behavior, resumesAt: at('2026-04-10') } });
    const facts = (behavior: string) =>
      subscription([
        ['2026-01-01', { items: monthly }],
        ['2026-03-10', pause(behavior)],
      ]);
    expect(movements(facts('void'))).toEqual([
      '2026-01-01 new 3000',
      '2026-03-10 churn -3000',
      '2026-04-10 reactivation 3000',
    ]);
    expect(of(facts('void')).parts.at(-1)).toMatchObject({ cause: 'resumed', by: 'resumes_at' });
    expect(movements(facts('keep_as_draft'))).toEqual(['2026-01-01 new 3000']);
    expect(movements(facts('keep_as_draft'), { mrrPaused: 'drop' })).toHaveLength(3);
    expect(movements(facts('void'), { mrrPaused: 'keep' })).toHaveLength(1);
  });

  it('M11: while it is past due, not when it is unpaid', () => {
    const facts = subscription([
      ['2026-01-01', { items: monthly }],
      ['2026-03-01', { status: 'past_due' }],
      ['2026-03-22', { status: 'unpaid' }],
      ['2026-03-25', { status: 'active' }],
    ]);
    expect(movements(facts)).toEqual(['2026-01-01 new 3000', '2026-03-22 churn -3000', '2026-03-25 reactivation 3000']);
    expect(movements(facts, { mrrPastDueDays: 7 })[1]).toBe('2026-03-08 churn -3000');
  });

  it('M12: as if a late event had come on time', () => {
    const seats = (quantity: number) => ({ items: [item(1000, { quantity })] });
    const before = subscription([
      ['2026-01-01', seats(2)],
      ['2026-02-20', seats(1)],
    ]);
    expect(movements(before).at(-1)).toBe('2026-02-20 contraction -1000');
    const after = subscription([
      ['2026-01-01', seats(2)],
      ['2026-02-05', seats(3)],
      ['2026-02-20', seats(1)],
    ]);
    expect(movements(after).slice(1)).toEqual(['2026-02-05 expansion 1000', '2026-02-20 contraction -2000']);
    expect(of(after).parts.map(({ cause: why }) => why)).toEqual(['subscription_started', 'quantity', 'quantity']);
  });

  it('M18: not in its trial, whose end may convert it', () => {
    const facts = subscription([
      ['2026-01-01', { status: 'trialing', trial_start: at('2026-01-01'), items: monthly }],
      ['2026-01-15', { status: 'active' }],
    ]);
    expect(movements(facts)).toEqual(['2026-01-15 new 3000']);
    expect(of(facts).items[0]).toMatchObject({ mrrMinor: 0, trialingMinor: 3000, counting: 'trialing' });
    const end = second('2026-01-15');
    expect(of(facts).trials).toEqual([{ startedAt: second('2026-01-01'), endedAt: end, convertedAt: end }]);
    const left = subscription([
      ['2026-01-01', { status: 'trialing', trial_start: at('2026-01-01'), items: monthly }],
      ['2026-01-10', { status: 'canceled', ended_at: at('2026-01-10') }],
    ]);
    expect(of(left).trials).toEqual([
      { startedAt: second('2026-01-01'), endedAt: second('2026-01-10'), convertedAt: null },
    ]);
  });

  it('from its first payment on where that is the policy', () => {
    const facts = subscription([['2026-01-01', { items: monthly }]], { firstPaidAt: at('2026-01-03') });
    expect(movements(facts, { mrrStarts: 'paid' })).toEqual(['2026-01-03 new 3000']);
  });

  it('M19: from the beginning of the ledger on, as opening, when it is older', () => {
    const facts = subscription([
      [
        '2026-05-01',
        {
          items: monthly,
          stripe_event_type: 'customer.subscription.updated',
          created_at: at('2025-02-01'),
          started_at: at('2025-02-01'),
        },
      ],
    ]);
    expect(movements(facts)).toEqual(['2026-05-01 opening 3000']);
    expect(movements(facts, { mrrOpening: 'start_date' })).toEqual(['2025-02-01 new 3000']);
  });
});

describe('the movements of a customer', () => {
  const named = (name: string, changes: Parameters<typeof subscription>[0]) =>
    subscription(changes, { subscription: name });
  const ends = (time: string): [string, Change] => [time, { status: 'canceled', ended_at: at(time) }];

  it("M2: are those of ChartMogul's example", () => {
    const gold = named('sub_1', [
      ['2026-01-01', { items: [item(50000, { interval: 'year', quantity: 4 })] }],
      ends('2027-01-01'),
    ]);
    const silver = named('sub_2', [['2026-02-01', { items: [item(3000, { quantity: 2 })] }], ends('2026-03-01')]);
    const again = named('sub_3', [['2027-02-01', { items: [item(5000, { quantity: 3 })] }]]);
    expect(movements([gold, silver, again])).toEqual([
      '2026-01-01 new 16667',
      '2026-02-01 expansion 6000',
      '2026-03-01 contraction -6000',
      '2027-01-01 churn -16667',
      '2027-02-01 reactivation 15000',
    ]);
  });

  it('M13: are one where the policy groups what follows within an hour', () => {
    const moved = (amount: number) => [
      named('sub_1', [['2026-01-01', { items: [item(3000)] }], ends('2026-02-01 10:00')]),
      named('sub_2', [['2026-02-01 10:40', { items: [item(amount)] }]]),
    ];
    expect(movements(moved(3000)).slice(1)).toEqual(['2026-02-01 churn -3000', '2026-02-01 reactivation 3000']);
    expect(movements(moved(3000), { mrrGroupMinutes: 60 })).toEqual(['2026-01-01 new 3000']);
    expect(movements(moved(5000), { mrrGroupMinutes: 60 }).slice(1)).toEqual(['2026-02-01 expansion 2000']);
  });

  it('are new again after this many days where the policy sets it', () => {
    const both = [
      named('sub_1', [['2026-01-01', { items: [item(3000)] }], ends('2026-02-01')]),
      named('sub_2', [['2026-06-01', { items: [item(3000)] }]]),
    ];
    expect(movements(both).at(-1)).toBe('2026-06-01 reactivation 3000');
    expect(movements(both, { mrrReactivationDays: 90 }).at(-1)).toBe('2026-06-01 new 3000');
  });

  it('have parts that add up to them, and steps that add up to the MRR', () => {
    const facts = named('sub_1', [
      ['2026-01-01', { items: [item(3000), item(1000, { id: 'si_2' })] }],
      ['2026-02-01', { items: [item(3500), item(700, { id: 'si_3' })] }],
      ends('2026-03-01'),
    ]);
    const { movements: all, steps } = together([facts]);
    for (const { amountMinor, parts } of all)
      expect(parts.reduce((sum, part) => sum + part.mrrMinor, 0)).toBe(amountMinor);
    expect(steps.map(({ mrrMinor }) => mrrMinor)).toEqual([4000, 4200, 0]);
    expect(all[1]?.parts.map(({ item: name, cause: why, mrrMinor }) => [name, why, mrrMinor])).toEqual([
      ['si_1', 'price', 500],
      ['si_2', 'item_removed', -1000],
      ['si_3', 'item_added', 700],
    ]);
  });

  it('M14: reported by two events are one: the second changes no terms', () => {
    const facts = named('sub_1', [
      ['2026-01-01', { items: [item(3000)] }],
      ['2026-02-01', { items: [item(5000)] }],
      ['2026-02-01', {}],
    ]);
    expect(movements(facts)).toEqual(['2026-01-01 new 3000', '2026-02-01 expansion 2000']);
  });
});

describe('what is made of movements', () => {
  it('M4: retention and churn', () => {
    const start = new Map([
      ['A', 100],
      ['B', 100],
      ['C', 100],
    ]);
    const end = new Map([
      ['A', 150],
      ['C', 80],
      ['D', 50],
    ]);
    expect(retention(start, end)).toEqual({
      nrr: { part: 230, whole: 300 },
      grr: { part: 180, whole: 300 },
      logoChurn: { part: 1, whole: 3 },
    });
    const sums = {
      openingMinor: 0,
      newMinor: 50,
      reactivationMinor: 0,
      expansionMinor: 50,
      contractionMinor: 20,
      churnMinor: 100,
    };
    expect(churnRates(sums, 300)).toEqual({ gross: { part: 120, whole: 300 }, net: { part: 70, whole: 300 } });
    expect(retention(new Map(), end).nrr).toBeNull();
  });

  it('M3: growth adds up', () => {
    const of30 = subscription([
      ['2026-01-01', { items: [item(3000)] }],
      ['2026-02-01', { items: [item(5000)] }],
    ]);
    const sums = growth(together([of30]).movements);
    expect(sums).toMatchObject({ newMinor: 3000, expansionMinor: 2000, churnMinor: 0 });
  });
});
