import { describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { JsonObject } from '../../src/events/json.js';
import { normalise, type Snapshot } from '../../src/events/normalise.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { recordedEvent } from '../fixtures/recorded-events.js';
import { stripeEventAbout } from './stripe-events.js';

const recorded = (file: string): Snapshot => normalise(asStripeEvent(recordedEvent(file).stripeEvent));
const about = (object: object, apiVersion: string): Snapshot =>
  normalise(stripeEventAbout(object as JsonObject, { api_version: apiVersion }));

describe('a customer', () => {
  it('of 2013 has its balance in account_balance, and a default card', () => {
    expect(recorded('stripe-mock-data-2013-08-13/customer.updated.json')).toMatchObject({
      kind: 'customer',
      id: 'cus_00000000000000',
      balanceMinor: 0,
      isDelinquent: false,
      defaultPaymentMethod: 'card_2jcPZBywLcGWwb',
      name: null,
    });
    expect(about({ id: 'cus_1', object: 'customer', account_balance: -500 }, '2018-02-28')).toMatchObject({
      balanceMinor: -500,
    });
  });

  it('of 2022 has a name and an email', () => {
    expect(recorded('hookdeck-webhook-samples/customer.updated.json')).toMatchObject({
      email: 'hook@me.com',
      name: 'Martin',
      createdAt: '2023-03-03T08:59:58.000Z',
    });
  });

  it('of 2026-09-30.endive, typed as Stripe’s library has it, has a discount without its coupon’s terms', () => {
    const object = {
      id: 'cus_1',
      object: 'customer',
      balance: 700,
      currency: 'eur',
      delinquent: true,
      test_clock: 'clock_1',
      invoice_settings: { default_payment_method: 'pm_1' } as Stripe.Customer.InvoiceSettings,
      discount: {
        id: 'di_1',
        source: { type: 'coupon', coupon: 'co_1' },
        start: 1_790_000_000,
        end: null,
      } as Stripe.Discount,
    } satisfies Partial<Stripe.Customer>;
    expect(about(object, '2026-09-30.endive')).toMatchObject({
      balanceMinor: 700,
      isDelinquent: true,
      testClock: 'clock_1',
      defaultPaymentMethod: 'pm_1',
      discounts: [{ id: 'di_1', coupon: 'co_1', terms: null }],
    });
  });
});

describe('entitlements', () => {
  it('are those that the summary lists', () => {
    expect(recorded('supabase-stripe-sync-engine/entitlements.active_entitlement_summary.updated.json')).toEqual({
      kind: 'entitlements',
      customer: 'cus_Sll319ReSxCmEi',
      hasAllEntitlements: true,
      account: null,
      livemode: false,
      entitlements: [
        {
          id: 'ent_test_61SzbY9Pui5KGP3yf41BRSrwpzKxHTFY',
          feature: 'feat_test_61SzbVaDzF2GIc5ng41BRSrwpzKxHABs',
          lookupKey: 'journeys',
        },
      ],
    });
  });
});

describe('a discount', () => {
  it('of 2015 has no id, and its coupon with its terms', () => {
    expect(recorded('stripe-mock-data-2015-10-01/customer.discount.created.json')).toMatchObject({
      kind: 'discount',
      id: null,
      customer: 'cus_00000000000000',
      subscription: null,
      coupon: '25OFF_00000000000000',
      terms: { percentOff: '25', duration: 'repeating', durationInMonths: 3 },
      startsAt: '2015-10-05T08:02:53.000Z',
      endsAt: '2016-01-05T08:02:53.000Z',
    });
  });

  it('from 2025-09-30.clover on, typed as Stripe’s library has it, has the coupon of its source', () => {
    const object = {
      id: 'di_1',
      object: 'discount',
      customer: 'cus_1',
      subscription: 'sub_1',
      subscription_item: 'si_1',
      invoice: null,
      promotion_code: 'promo_1',
      source: {
        type: 'coupon',
        coupon: { id: 'co_1', amount_off: 500, currency: 'usd', duration: 'once' } as Stripe.Coupon,
      },
      start: 1_790_000_000,
      end: null,
    } satisfies Partial<Stripe.Discount>;
    expect(about(object, '2025-09-30.clover')).toMatchObject({
      id: 'di_1',
      coupon: 'co_1',
      subscription: 'sub_1',
      subscriptionItem: 'si_1',
      promotionCode: 'promo_1',
      terms: { amountOffMinor: 500, currency: 'usd', duration: 'once', percentOff: null },
    });
  });
});

describe('the catalogue', () => {
  it('has coupons with their terms', () => {
    expect(recorded('stripe-mock-data-2015-10-01/coupon.created.json')).toMatchObject({
      kind: 'coupon',
      id: '25OFF_00000000000000',
      terms: { percentOff: '25', amountOffMinor: null, duration: 'repeating', durationInMonths: 3 },
    });
  });

  it('has plans of 2013 with a name, and no product', () => {
    expect(recorded('stripe-mock-data-2013-08-13/plan.updated.json')).toMatchObject({
      kind: 'plan',
      id: 'gold-v1_00000000000000',
      nickname: 'Gold',
      product: null,
      interval: 'month',
      unitAmountMinor: 7900,
      active: true,
    });
  });

  it('has prices that recur, and prices that do not', () => {
    expect(recorded('supabase-stripe-sync-engine/price.created.json')).toMatchObject({
      kind: 'price',
      id: 'price_1J02UOJDPojXS6LNDao8fiaO',
      product: 'prod_IsRLOp58Z7V4XN',
      usageType: 'licensed',
      billingScheme: 'per_unit',
    });
    expect(
      about(
        {
          id: 'price_1',
          object: 'price',
          currency: 'usd',
          recurring: null,
          unit_amount: null,
          unit_amount_decimal: '12.5',
          product: { id: 'prod_1', deleted: true },
        },
        '2026-03-25.dahlia',
      ),
    ).toMatchObject({
      interval: null,
      intervalCount: null,
      unitAmountMinor: null,
      unitAmountDecimal: '12.5',
      product: 'prod_1',
    });
  });

  it('has products', () => {
    expect(recorded('stripe-mock-data-2015-10-01/product.created.json')).toMatchObject({
      kind: 'product',
      id: 'prod_00000000000000',
      active: true,
    });
  });
});

describe('a Checkout Session', () => {
  it('recorded at 2022-11-15 ties customer, subscription and invoice together', () => {
    expect(recorded('hookdeck-webhook-samples/checkout.session.completed.json')).toMatchObject({
      kind: 'checkout_session',
      mode: 'subscription',
      status: 'complete',
      paymentStatus: 'paid',
      customer: 'cus_NSPHp4fOlXGw8P',
      subscription: 'sub_1MhUT5E0b6fckueSYAo1LoiF',
      invoice: 'in_1MhUT5E0b6fckueSfPlY05Fw',
      paymentIntent: null,
      paymentLink: 'plink_1MhUOwE0b6fckueSjmvf9Yea',
      currency: 'usd',
      amountTotalMinor: 0,
      expiresAt: '2023-03-04T08:57:29.000Z',
    });
  });

  it('without a customer, mode or amount is read all the same', () => {
    expect(about({ id: 'cs_1', object: 'checkout.session' }, '2019-03-14')).toMatchObject({
      mode: null,
      customer: null,
      amountTotalMinor: null,
    });
  });
});

describe('a subscription schedule', () => {
  it('recorded at 2020-08-27 has phases with prices', () => {
    expect(recorded('stripe-ruby-mock/subscription_schedule.updated.json')).toMatchObject({
      kind: 'subscription_schedule',
      status: 'active',
      subscription: 'sub_000000000000000000000000',
      endBehavior: 'release',
      currentPhase: { startsAt: '2022-03-26T18:41:50.000Z', endsAt: '2022-04-26T18:41:50.000Z' },
      phases: [
        { endsAt: '2022-04-26T18:41:50.000Z', items: [{ price: 'price_000000000000000000000000', quantity: 1 }] },
        { startsAt: '2022-04-26T18:41:50.000Z', items: [{ quantity: 2 }] },
      ],
    });
  });

  it('before 2020-08-27 has phases with plans', () => {
    expect(
      about(
        {
          id: 'sub_sched_1',
          object: 'subscription_schedule',
          status: 'active',
          renewal_behavior: 'release',
          phases: [{ plans: [{ plan: 'gold', quantity: 2 }], start_date: 1_500_000_000, end_date: 1_500_000_001 }],
        },
        '2019-05-16',
      ),
    ).toMatchObject({
      endBehavior: 'release',
      phases: [{ items: [{ price: 'gold', quantity: 2 }], startsAt: '2017-07-14T02:40:00.000Z' }],
    });
  });

  it('since clover without iterations, and since endive with planned pauses, has the same phases', () => {
    const schedule = {
      id: 'sub_sched_1',
      object: 'subscription_schedule',
      status: 'not_started',
      end_behavior: 'release',
      phases: [{ items: [{ price: 'price_1', quantity: 2 }], start_date: 1_790_000_000, end_date: 1_800_000_000 }],
    };
    const [basil, clover, endive] = [
      about(schedule, '2025-07-30.basil'),
      about(schedule, '2025-09-30.clover'),
      about({ ...schedule, pause_schedules: [{ key: 'summer', pauses_at: 1_795_000_000 }] }, '2026-09-30.endive'),
    ];
    expect(basil).toMatchObject({
      status: 'not_started',
      currentPhase: null,
      phases: [
        {
          items: [{ price: 'price_1', quantity: 2 }],
          startsAt: '2026-09-21T14:13:20.000Z',
          endsAt: '2027-01-15T08:00:00.000Z',
        },
      ],
    });
    expect([clover, endive]).toEqual([basil, basil]);
  });

  it('that expires, recorded at 2020-03-02, has no present phase', () => {
    expect(recorded('supabase-stripe-sync-engine/subscription_schedule.expiring.json')).toMatchObject({
      id: 'sub_sched_1N2DK3JDPojXS6LNG6Coiiir',
      customer: 'cus_J2KKjtkuVwFRoZ',
      currentPhase: null,
      endBehavior: 'release',
    });
  });

  it('once released, typed as Stripe’s library has it, names the subscription it steered', () => {
    const object = {
      id: 'sub_sched_1',
      object: 'subscription_schedule',
      status: 'released',
      subscription: null,
      released_subscription: 'sub_1',
      released_at: 1_790_000_000,
      customer: 'cus_1',
      end_behavior: 'cancel',
      phases: [],
    } satisfies Partial<Stripe.SubscriptionSchedule>;
    expect(about(object, '2026-09-30.endive')).toMatchObject({
      subscription: 'sub_1',
      status: 'released',
      releasedAt: '2026-09-21T14:13:20.000Z',
      currentPhase: null,
    });
  });
});
