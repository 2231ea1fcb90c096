import { expect } from '@jest/globals';
import type { CustomerMrr, MrrOverTime, Retentions, MrrTrials } from '../../packages/client/src/openapi.js';
import type { Asked } from './asked.js';
import type { Example } from './example.js';
import { second, type Told } from './told.js';

const MONTHLY = [{ amount: 3000 }];
const ended = (at: string) => ({ status: 'canceled', ended_at: second(at) });

/** A coupon on a subscription from some time on. */
const discounts = (told: Told, coupon: object, start: string, end: string | null = null) => ({
  discounts: [
    {
      ...{ id: told.id('di_1'), object: 'discount', customer: told.id('cus_1'), start: second(start) },
      ...{ end: end === null ? null : second(end), promotion_code: null, subscription: told.id('sub_1') },
      coupon: {
        ...{ id: told.id('coupon_1'), object: 'coupon', amount_off: null, currency: null, percent_off: null },
        ...{ duration: 'forever', duration_in_months: null, valid: true, ...coupon },
      },
    },
  ],
});

const moves =
  (...expected: readonly string[]) =>
  async (asked: Asked): Promise<void> =>
    expect(await asked.mrr()).toEqual(expected);

const one = (
  id: string,
  about: string,
  tell: (told: Told) => unknown,
  expected: readonly string[],
  other?: readonly string[],
): Example => ({
  ...{ id, about, isShuffled: true, stages: [{ tell, check: moves(...expected) }] },
  ...(other === undefined ? {} : { other: moves(...other) }),
});

const series = async (asked: Asked, from: string, to: string): Promise<MrrOverTime['data'][number] | undefined> =>
  (await asked.get<MrrOverTime>(`/mrr?from=${from}&to=${to}&account=${asked.told.whose.account}`)).data[0];

const tiersOf = (told: Told, terms: object = {}) => ({
  ...{
    amount: null,
    quantity: 8,
    price: told.id('price_tiered'),
    billing_scheme: 'tiered',
    tiers_mode: 'graduated',
    ...terms,
  },
});

/** Scenarios of MRR; `M1` and `M2` come from Stripe and ChartMogul. */
export const mrrExamples: readonly Example[] = [
  {
    id: 'M1',
    about: 'Stripe’s level: 100 at 100.00 a month and 50 at 600.00 a year',
    stages: [
      {
        tell: (told) => {
          for (let no = 1; no <= 150; no += 1) {
            const items = [no <= 100 ? { amount: 10000 } : { amount: 60000, interval: 'year' }];
            told.subscribed('2026-01-01', 'created', { sub: `sub_${no}`, customer: `cus_${no}`, items });
          }
        },
        check: async (asked) =>
          expect((await series(asked, '2026-01-01', '2026-01-31'))?.periods).toMatchObject([
            { mrrMinor: 1250000, customers: 150, newMinor: 1250000 },
          ]),
      },
    ],
  },
  one(
    'M2',
    'ChartMogul’s Syncalytics',
    (told) => {
      const gold = [{ amount: 200000, interval: 'year', item: {} }];
      const silver = [{ amount: 6000 }];
      return told
        .subscribed('2026-01-01', 'created', { items: gold })
        .subscribed('2026-02-01', 'created', { sub: 'sub_2', items: silver })
        .subscribed('2026-03-01', 'deleted', { sub: 'sub_2', items: silver, ...ended('2026-03-01') })
        .subscribed('2027-01-01', 'deleted', { items: gold, ...ended('2027-01-01') })
        .subscribed('2027-02-01', 'created', { sub: 'sub_3', items: [{ amount: 15000 }] });
    },
    [
      ...['2026-01-01 new 16667', '2026-02-01 expansion 6000', '2026-03-01 contraction -6000'],
      ...['2027-01-01 churn -16667', '2027-02-01 reactivation 15000'],
    ],
  ),
  {
    id: 'M3',
    about: 'growth adds up; exchange rates are a view',
    stages: [
      {
        tell: (told) => {
          const is = (
            sub: string,
            amount: number,
            at: string,
            type: 'created' | 'updated' | 'deleted' = 'created',
            more = {},
          ) => told.subscribed(at, type, { sub: `sub_${sub}`, customer: `cus_${sub}`, items: [{ amount }], ...more });
          is('a', 50000, '2026-01-01');
          is('b', 44000, '2026-01-01');
          is('c', 6000, '2026-01-01');
          is('d', 10000, '2026-02-02');
          is('a', 55000, '2026-02-03', 'updated');
          is('b', 40000, '2026-02-04', 'updated');
          is('c', 6000, '2026-02-05', 'deleted', ended('2026-02-05'));
        },
        check: async (asked) =>
          expect((await series(asked, '2026-01-01', '2026-02-28'))?.periods).toMatchObject([
            { mrrMinor: 100000 },
            {
              ...{ mrrMinor: 100000 + 10000 + 5000 - 4000 - 6000, newMinor: 10000, expansionMinor: 5000 },
              ...{ contractionMinor: 4000, churnMinor: 6000 },
            },
          ]),
      },
    ],
  },
  {
    id: 'M4',
    about: 'retention',
    stages: [
      {
        tell: (told) => {
          const is = (
            sub: string,
            amount: number,
            at: string,
            type: 'created' | 'updated' | 'deleted' = 'created',
            more = {},
          ) => told.subscribed(at, type, { sub: `sub_${sub}`, customer: `cus_${sub}`, items: [{ amount }], ...more });
          for (const sub of ['a', 'b', 'c']) is(sub, 100, '2026-01-05');
          is('a', 150, '2026-02-03', 'updated');
          is('b', 100, '2026-02-04', 'deleted', ended('2026-02-04'));
          is('c', 80, '2026-02-05', 'updated');
          is('d', 50, '2026-02-06');
        },
        check: async (asked) => {
          const path = `/mrr/retention?from=2026-02-01&to=2026-02-28&account=${asked.told.whose.account}`;
          expect((await asked.get<Retentions>(path)).data).toMatchObject([
            {
              ...{
                startMinor: 300,
                endMinor: 280,
                newMinor: 50,
                expansionMinor: 50,
                contractionMinor: 20,
                churnMinor: 100,
              },
              nrr: { part: 230, whole: 300, percent: '76.67' },
              grr: { part: 180, whole: 300, percent: '60.00' },
              logoChurn: { part: 1, whole: 3, percent: '33.33' },
              netChurn: { part: 70, whole: 300, percent: '23.33' },
            },
          ]);
        },
      },
    ],
  },
  {
    id: 'M5',
    about: 'tiers that no event tells: unknown, then by what was billed, then by the price',
    isShuffled: true,
    stages: [
      {
        tell: (told) => told.subscribed('2026-01-01', 'created', { items: [tiersOf(told)] }),
        check: async (asked) => {
          expect(await asked.mrr()).toEqual([]);
          const path = `/customers/${asked.told.id('cus_1')}/mrr`;
          expect((await asked.get<CustomerMrr>(path)).items).toMatchObject([
            { isUnknown: true, why: 'tiers_not_known' },
          ]);
        },
      },
      {
        tell: (told) => {
          const subscribed = {
            subscription: told.id('sub_1'),
            subscription_item: told.id('si_1_sub_1'),
            proration: false,
          };
          const fields = {
            quantity: 8,
            parent: { type: 'subscription_item_details', subscription_item_details: subscribed },
            pricing: {
              ...{ type: 'price_details', unit_amount_decimal: null },
              price_details: { price: told.id('price_tiered'), product: 'prod_1' },
            },
          };
          const parent = { type: 'subscription_details', subscription_details: { subscription: told.id('sub_1') } };
          return told.finalized('2026-01-02', [{ amount: 8400, from: '2026-01-01', to: '2026-02-01', fields }], {
            parent,
          });
        },
        check: moves('2026-01-01 new 8400'),
      },
      {
        tell: (told) =>
          told.observed({
            ...{ id: told.id('price_tiered'), object: 'price', active: true, currency: 'usd', product: 'prod_1' },
            ...{ billing_scheme: 'tiered', tiers_mode: 'graduated', unit_amount: null, unit_amount_decimal: null },
            ...{ created: second('2026-01-01'), livemode: true, nickname: null, lookup_key: null, metadata: {} },
            ...{ type: 'recurring', recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' } },
            transform_quantity: null,
            tiers: [
              {
                up_to: 5,
                unit_amount: 1000,
                unit_amount_decimal: '1000',
                flat_amount: null,
                flat_amount_decimal: null,
              },
              {
                up_to: null,
                unit_amount: 800,
                unit_amount_decimal: '800',
                flat_amount: 1000,
                flat_amount_decimal: '1000',
              },
            ],
          }),
        check: moves('2026-01-01 new 8400'),
      },
    ],
  },
  {
    id: 'M6',
    about: 'an upgrade, and the end of a discount in the same second, told apart',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .subscribed('2026-01-01', 'created', {
              items: MONTHLY,
              ...discounts(told, { percent_off: 20 }, '2026-01-01'),
            })
            .subscribed('2026-02-01', 'updated', { items: [{ amount: 5000 }] }),
        check: async (asked) => {
          const [, upgrade] = await asked.mrrMovements();
          expect(upgrade).toMatchObject({ kind: 'expansion', amountMinor: 2600 });
          expect(upgrade?.parts.map(({ cause, amountMinor }) => [cause, amountMinor])).toEqual([
            ['price', 1600],
            ['discount_ended', 1000],
          ]);
        },
      },
    ],
  },
  one(
    'M7',
    'a repeating coupon ends by itself',
    (told) =>
      told.subscribed('2026-01-01', 'created', {
        items: [{ amount: 5000 }],
        ...discounts(
          told,
          { percent_off: 20, duration: 'repeating', duration_in_months: 3 },
          '2026-01-01',
          '2026-04-01',
        ),
      }),
    ['2026-01-01 new 4000', '2026-04-01 expansion 1000'],
  ),
  one(
    'M7 removed',
    'a repeating coupon that an event takes away does not end again',
    (told) =>
      told
        .subscribed('2026-01-01', 'created', {
          items: [{ amount: 5000 }],
          ...discounts(
            told,
            { percent_off: 20, duration: 'repeating', duration_in_months: 3 },
            '2026-01-01',
            '2026-04-01',
          ),
        })
        .subscribed('2026-03-10', 'updated', { items: [{ amount: 5000 }] }),
    ['2026-01-01 new 4000', '2026-03-10 expansion 1000'],
  ),
  one(
    'M8',
    'an amount off a year',
    (told) =>
      told.subscribed('2026-01-01', 'created', {
        items: [{ amount: 120000, interval: 'year' }],
        ...discounts(told, { amount_off: 12000, currency: 'usd' }, '2026-01-01'),
      }),
    ['2026-01-01 new 9000'],
  ),
  one(
    'M9',
    'a cancellation at the end of the period: at the end, or when it is asked for',
    (told) => {
      const asked = { items: MONTHLY, cancel_at_period_end: true, canceled_at: second('2026-03-03') };
      return told
        .subscribed('2026-01-01', 'created', { items: MONTHLY })
        .subscribed('2026-03-03', 'updated', asked)
        .subscribed('2026-04-01', 'deleted', { ...asked, ...ended('2026-04-01') });
    },
    ['2026-01-01 new 3000', '2026-04-01 churn -3000'],
    ['2026-01-01 new 3000', '2026-03-03 churn -3000'],
  ),
  one(
    'M9 withdrawn',
    'a cancellation that is withdrawn',
    (told) =>
      told
        .subscribed('2026-01-01', 'created', { items: MONTHLY })
        .subscribed('2026-03-03', 'updated', {
          items: MONTHLY,
          cancel_at_period_end: true,
          canceled_at: second('2026-03-03'),
        })
        .subscribed('2026-03-10', 'updated', { items: MONTHLY }),
    ['2026-01-01 new 3000'],
    ['2026-01-01 new 3000', '2026-03-03 churn -3000', '2026-03-10 reactivation 3000'],
  ),
  one(
    'M10',
    'a pause that voids, and ends without an event',
    (told) =>
      told.subscribed('2026-01-01', 'created', { items: MONTHLY }).subscribed('2026-03-10', 'updated', {
        items: MONTHLY,
        pause_collection: { behavior: 'void', resumes_at: second('2026-04-10') },
      }),
    ['2026-01-01 new 3000', '2026-03-10 churn -3000', '2026-04-10 reactivation 3000'],
  ),
  one(
    'M10 kept',
    'a pause that keeps drafts',
    (told) =>
      told.subscribed('2026-01-01', 'created', { items: MONTHLY }).subscribed('2026-03-10', 'updated', {
        items: MONTHLY,
        pause_collection: { behavior: 'keep_as_draft', resumes_at: second('2026-04-10') },
      }),
    ['2026-01-01 new 3000'],
  ),
  one(
    'M11',
    'dunning: past due counts, unpaid does not',
    (told) =>
      told
        .subscribed('2026-01-01', 'created', { items: MONTHLY })
        .subscribed('2026-03-01', 'updated', { items: MONTHLY, status: 'past_due' })
        .subscribed('2026-03-22', 'updated', { items: MONTHLY, status: 'unpaid' })
        .subscribed('2026-03-25', 'updated', { items: MONTHLY, status: 'active' }),
    ['2026-01-01 new 3000', '2026-03-22 churn -3000', '2026-03-25 reactivation 3000'],
  ),
  {
    id: 'M12',
    about: 'a late event',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .subscribed('2026-01-01', 'created', { items: [{ amount: 1000, quantity: 2 }] })
            .subscribed('2026-02-20', 'updated', { items: [{ amount: 1000, quantity: 1 }] }),
        check: moves('2026-01-01 new 2000', '2026-02-20 contraction -1000'),
      },
      {
        tell: (told) => told.subscribed('2026-02-05', 'updated', { items: [{ amount: 1000, quantity: 3 }] }),
        check: moves('2026-01-01 new 2000', '2026-02-05 expansion 1000', '2026-02-20 contraction -2000'),
      },
    ],
  },
  one(
    'M13',
    'a move by hand: churn and reactivation, or nothing where what follows within an hour is one',
    (told) =>
      told
        .subscribed('2026-01-01', 'created', { items: MONTHLY })
        .subscribed('2026-02-01 10:00', 'deleted', { items: MONTHLY, ...ended('2026-02-01 10:00') })
        .subscribed('2026-02-01 10:40', 'created', { sub: 'sub_2', items: MONTHLY }),
    ['2026-01-01 new 3000', '2026-02-01 churn -3000', '2026-02-01 reactivation 3000'],
    ['2026-01-01 new 3000'],
  ),
  one(
    'M13 more',
    'a move by hand to more',
    (told) =>
      told
        .subscribed('2026-01-01', 'created', { items: MONTHLY })
        .subscribed('2026-02-01 10:00', 'deleted', { items: MONTHLY, ...ended('2026-02-01 10:00') })
        .subscribed('2026-02-01 10:40', 'created', { sub: 'sub_2', items: [{ amount: 5000 }] }),
    ['2026-01-01 new 3000', '2026-02-01 churn -3000', '2026-02-01 reactivation 5000'],
    ['2026-01-01 new 3000', '2026-02-01 expansion 2000'],
  ),
  {
    id: 'M14',
    about: 'one upgrade under two event ids',
    isShuffled: true,
    stages: [
      {
        tell: (told) => {
          told.subscribed('2026-01-01', 'created', { items: MONTHLY });
          for (const name of ['evt_b', 'evt_a'])
            told.subscribed('2026-02-01', 'updated', { items: [{ amount: 5000 }], id: told.id(name) });
        },
        check: async (asked) => {
          await moves('2026-01-01 new 3000', '2026-02-01 expansion 2000')(asked);
          expect((await asked.mrrMovements())[1]?.parts).toMatchObject([{ stripeEventId: asked.told.id('evt_a') }]);
        },
      },
    ],
  },
  {
    id: 'M15',
    about: 'items of several intervals',
    stages: [
      {
        tell: (told) =>
          told.subscribed('2026-01-01', 'created', { items: [{ amount: 1000 }, { amount: 12000, interval: 'year' }] }),
        check: async (asked) =>
          expect((await series(asked, '2026-01-01', '2026-01-31'))?.periods).toMatchObject([
            { mrrMinor: 2000, annualMinor: 24000 },
          ]),
      },
    ],
  },
  one(
    'M16',
    'another currency',
    (told) =>
      told
        .subscribed('2026-01-01', 'created', { items: [{ amount: 1000 }] })
        .subscribed('2026-02-01', 'deleted', { items: [{ amount: 1000 }], ...ended('2026-02-01') })
        .subscribed('2026-02-02', 'created', { sub: 'sub_2', currency: 'eur', items: [{ amount: 900 }] }),
    ['2026-01-01 new 1000', '2026-02-01 churn -1000', '2026-02-02 new 900 eur'],
  ),
  one(
    'M17',
    'weeks, days, quarters and years',
    (told) =>
      [
        { amount: 1000, interval: 'week' },
        { amount: 1000, interval: 'week', count: 2 },
        { amount: 100, interval: 'day' },
        { amount: 3000, count: 3 },
        { amount: 24000, interval: 'year', count: 2 },
      ].forEach((item, place) =>
        told.subscribed(`2026-01-0${place + 1}`, 'created', {
          sub: `sub_${place}`,
          customer: `cus_${place}`,
          items: [item],
        }),
      ),
    [
      ...['2026-01-01 new 4333', '2026-01-02 new 2167', '2026-01-03 new 3042', '2026-01-04 new 1000'],
      '2026-01-05 new 1000',
    ],
  ),
  {
    id: 'M18',
    about: 'trials that ended, and those that converted',
    stages: [
      {
        tell: (told) => {
          const trial = { trial_start: second('2026-01-01'), trial_end: second('2026-01-15') };
          for (let no = 1; no <= 100; no += 1) {
            const whose = { sub: `sub_${no}`, customer: `cus_${no}`, items: MONTHLY };
            told.subscribed('2026-01-01', 'created', { ...whose, status: 'trialing', ...trial });
            if (no <= 15) told.subscribed('2026-01-15', 'updated', { ...whose, ...trial });
            else told.subscribed('2026-01-15', 'deleted', { ...whose, ...trial, ...ended('2026-01-15') });
          }
          const longer = { sub: 'sub_longer', customer: 'cus_longer', items: MONTHLY, status: 'trialing', ...trial };
          told
            .subscribed('2026-01-01', 'created', longer)
            .subscribed('2026-01-10', 'updated', { ...longer, trial_end: second('2026-03-01') });
        },
        check: async (asked) => {
          const path = `/mrr/trials?from=2026-01-01&to=2026-01-30&account=${asked.told.whose.account}`;
          expect((await asked.get<MrrTrials>(path)).data).toMatchObject([
            { ended: 100, converted: 15, conversion: { percent: '15.00' } },
          ]);
        },
      },
    ],
  },
  one(
    'M19',
    'a ledger that begins in the middle',
    (told) =>
      told.subscribed('2026-01-10', 'updated', {
        items: MONTHLY,
        ...{ created: second('2025-03-01'), start_date: second('2025-03-01') },
      }),
    ['2026-01-10 opening 3000'],
  ),
  one(
    'M20',
    'free for ever, then not',
    (told) =>
      told
        .subscribed('2026-01-01', 'created', {
          items: [{ amount: 1000 }],
          ...discounts(told, { percent_off: 100 }, '2026-01-01'),
        })
        .subscribed('2026-05-01', 'updated', { items: [{ amount: 1000 }] }),
    ['2026-05-01 new 1000'],
  ),
];
