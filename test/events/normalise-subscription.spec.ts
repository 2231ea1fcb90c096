import { describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { isFinalStatus, normalise, type SubscriptionSnapshot } from '../../src/events/normalise.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { recordedEvent } from '../fixtures/recorded-events.js';
import { stripeEventAbout } from './stripe-events.js';

const recorded = (file: string): SubscriptionSnapshot =>
  normalise(asStripeEvent(recordedEvent(file).stripeEvent)) as SubscriptionSnapshot;
const read = (object: object, apiVersion: string): SubscriptionSnapshot =>
  normalise(
    stripeEventAbout(
      { id: 'sub_1', object: 'subscription', customer: 'cus_1', status: 'active', ...object },
      { api_version: apiVersion },
    ),
  ) as SubscriptionSnapshot;

describe('a subscription', () => {
  it('of 2013 has its plan and quantity for its only item', () => {
    expect(recorded('stripe-mock-data-2013-08-13/customer.subscription.updated.json')).toMatchObject({
      id: 'su_00000000000000',
      customer: 'cus_00000000000000',
      status: 'trialing',
      currency: 'usd',
      items: [
        {
          id: null,
          price: 'gold-v1_00000000000000',
          product: null,
          quantity: 1,
          interval: 'month',
          intervalCount: 1,
          unitAmountMinor: 7900,
          unitAmountDecimal: '7900',
          currency: 'usd',
          usageType: 'licensed',
          billingScheme: 'per_unit',
          periodStart: '2013-10-11T14:49:19.000Z',
          periodEnd: '2013-11-10T14:49:19.000Z',
        },
      ],
      periodStart: '2013-10-11T14:49:19.000Z',
      periodEnd: '2013-11-10T14:49:19.000Z',
      trialStart: '2013-10-11T14:49:19.000Z',
      trialEnd: '2013-11-10T14:49:19.000Z',
      startedAt: '2013-10-11T18:17:36.000Z',
      collectionMethod: 'charge_automatically',
      cancelAtPeriodEnd: false,
    });
  });

  it('of 2015 that was deleted is canceled, with the time it ended', () => {
    expect(recorded('stripe-mock-data-2015-10-01/customer.subscription.deleted.json')).toMatchObject({
      status: 'canceled',
      endedAt: '2015-10-02T23:42:48.000Z',
      items: [{ price: 'pl_00000000000000' }],
    });
  });

  it('of 2018 has items with plans, and `billing` for the collection method', () => {
    const plan = {
      id: 'gold',
      product: 'prod_1',
      interval: 'year',
      interval_count: 1,
      amount: 5000,
      currency: 'eur',
      usage_type: 'metered',
      billing_scheme: 'tiered',
    };
    expect(
      read(
        {
          billing: 'send_invoice',
          days_until_due: 30,
          start: 1_500_000_000,
          created: 1_400_000_000,
          current_period_start: 1_500_000_000,
          current_period_end: 1_531_536_000,
          items: { data: [{ id: 'si_1', plan }] },
        },
        '2018-11-08',
      ),
    ).toMatchObject({
      collectionMethod: 'send_invoice',
      startedAt: '2014-05-13T16:53:20.000Z',
      items: [
        {
          id: 'si_1',
          price: 'gold',
          product: 'prod_1',
          interval: 'year',
          quantity: null,
          usageType: 'metered',
          billingScheme: 'tiered',
          unitAmountMinor: 5000,
          periodEnd: '2018-07-14T02:40:00.000Z',
        },
      ],
    });
  });

  it('of 2022 is read whole', () => {
    expect(recorded('hookdeck-webhook-samples/customer.subscription.created.json')).toEqual({
      kind: 'subscription',
      id: 'sub_1MhUZrE0b6fckueSZfQ2Ytz6',
      customer: 'cus_NSPOMxl5eL01qM',
      status: 'trialing',
      currency: 'usd',
      items: [
        {
          id: 'si_NSPOg1R6mHTgyg',
          price: 'price_1M3wjkE0b6fckueSKPgfRMSG',
          product: 'prod_MnXpcVDdQq8wCY',
          quantity: 10,
          interval: 'month',
          intervalCount: 1,
          unitAmountMinor: 700,
          unitAmountDecimal: '700',
          currency: 'usd',
          usageType: 'licensed',
          billingScheme: 'per_unit',
          tiers: null,
          tiersMode: null,
          transformQuantity: null,
          discounts: [],
          periodStart: '2023-03-03T09:06:59.000Z',
          periodEnd: '2023-04-02T09:06:59.000Z',
        },
      ],
      hasAllItems: true,
      periodStart: '2023-03-03T09:06:59.000Z',
      periodEnd: '2023-04-02T09:06:59.000Z',
      trialStart: '2023-03-03T09:06:59.000Z',
      trialEnd: '2023-04-02T09:06:59.000Z',
      createdAt: '2023-03-03T09:06:59.000Z',
      startedAt: '2023-03-03T09:06:59.000Z',
      billingCycleAnchor: '2023-04-02T09:06:59.000Z',
      cancelAt: null,
      cancelAtPeriodEnd: false,
      canceledAt: null,
      endedAt: null,
      cancellationReason: null,
      pauseCollection: null,
      paused: null,
      trialEndBehavior: 'cancel',
      pendingUpdateExpiresAt: null,
      collectionMethod: 'charge_automatically',
      billingMode: null,
      defaultPaymentMethod: 'pm_1MhUZoE0b6fckueSNbTLQLkm',
      discounts: [],
      latestInvoice: 'in_1MhUZrE0b6fckueSp9LCa3Rr',
      metadata: {},
      pendingSetupIntent: null,
      schedule: null,
      testClock: null,
      account: null,
      livemode: false,
    });
  });

  it('from 2025-03-31.basil on has periods on its items, and spans from the first start to the last end', () => {
    const item = (id: string, start: number, end: number): object => ({
      id,
      quantity: 1,
      current_period_start: start,
      current_period_end: end,
      price: {
        id: `price_${id}`,
        currency: 'jpy',
        unit_amount: 500,
        recurring: { interval: 'month', interval_count: 3, usage_type: 'licensed' },
      },
    });
    expect(
      read(
        { items: { data: [item('si_1', 1_745_000_000, 1_747_592_000), item('si_2', 1_744_000_000, 1_746_592_000)] } },
        '2025-03-31.basil',
      ),
    ).toMatchObject({
      currency: 'jpy',
      periodStart: '2025-04-07T04:26:40.000Z',
      periodEnd: '2025-05-18T18:13:20.000Z',
      items: [
        { periodStart: '2025-04-18T18:13:20.000Z', periodEnd: '2025-05-18T18:13:20.000Z', intervalCount: 3 },
        { periodStart: '2025-04-07T04:26:40.000Z', periodEnd: '2025-05-07T04:26:40.000Z' },
      ],
    });
  });

  it('of 2026-09-30.endive, typed as Stripe’s library has it, says why it is paused', () => {
    const object = {
      id: 'sub_1',
      object: 'subscription',
      status: 'paused',
      billing_mode: { type: 'flexible' } as Stripe.Subscription.BillingMode,
      pause_collection: { behavior: 'void', resumes_at: 1_790_000_000 },
      status_details: {
        paused: { type: 'subscription', subscription: { type: 'pause_requested' }, transitioned_at: 1_789_000_000 },
      },
      pending_update: { expires_at: 1_789_000_100 } as Stripe.Subscription.PendingUpdate,
      cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: 'payment_failed' },
      trial_settings: {
        end_behavior: { missing_payment_method: 'pause' } as Stripe.Subscription.TrialSettings.EndBehavior,
      },
      discounts: ['di_1'],
      schedule: 'sub_sched_1',
      test_clock: 'clock_1',
      currency: 'usd',
    } satisfies Partial<Stripe.Subscription>;
    expect(read(object, '2026-09-30.endive')).toMatchObject({
      status: 'paused',
      billingMode: 'flexible',
      pauseCollection: { behavior: 'void', resumesAt: '2026-09-21T14:13:20.000Z' },
      paused: { reason: 'pause_requested', at: '2026-09-10T00:26:40.000Z' },
      pendingUpdateExpiresAt: '2026-09-10T00:28:20.000Z',
      cancellationReason: 'payment_failed',
      trialEndBehavior: 'pause',
      schedule: 'sub_sched_1',
      testClock: 'clock_1',
      items: [],
      currency: 'usd',
      discounts: [{ id: 'di_1', coupon: null, terms: null }],
    });
  });

  it('may have its expandable fields expanded', () => {
    expect(
      read(
        {
          customer: { id: 'cus_2', object: 'customer' },
          latest_invoice: { id: 'in_1', status: 'paid' },
          schedule: { id: 'sub_sched_1' },
          items: [{ id: 'si_1', price: { id: 'price_1', product: { id: 'prod_1' } } }],
        },
        '2026-03-25.dahlia',
      ),
    ).toMatchObject({
      customer: 'cus_2',
      latestInvoice: 'in_1',
      schedule: 'sub_sched_1',
      items: [{ product: 'prod_1' }],
    });
  });

  it('has no amount in minor units for a tiered price or a fraction of a cent', () => {
    const price = {
      id: 'price_1',
      unit_amount: null,
      unit_amount_decimal: '0.5',
      billing_scheme: 'per_unit',
      recurring: { interval: 'month', interval_count: 1, usage_type: 'metered' },
    };
    expect(read({ items: [{ id: 'si_1', price }] }, '2026-03-25.dahlia').items[0]).toMatchObject({
      unitAmountMinor: null,
      unitAmountDecimal: '0.5',
      usageType: 'metered',
      quantity: null,
    });
  });

  it('says when it has more items than the event shows', () => {
    expect(read({ items: { data: [], has_more: true } }, '2026-03-25.dahlia').hasAllItems).toBe(false);
  });

  it.each([
    [
      'one discount with its coupon, before 2020-08-27',
      {
        discount: {
          coupon: { id: '25OFF', percent_off: 25.5, duration: 'repeating', duration_in_months: 3 },
          start: 1_500_000_000,
          end: null,
        },
      },
      {
        id: null,
        coupon: '25OFF',
        terms: {
          percentOff: '25.5',
          amountOffMinor: null,
          currency: null,
          duration: 'repeating',
          durationInMonths: 3,
          products: null,
        },
        promotionCode: null,
        startsAt: '2017-07-14T02:40:00.000Z',
        endsAt: null,
      },
    ],
    [
      'an id beside the one of 2020 to 2025 that has the coupon',
      { discount: { id: 'di_1', coupon: { id: 'x', percent_off: 5 }, start: 1_500_000_000 }, discounts: ['di_1'] },
      {
        id: 'di_1',
        coupon: 'x',
        terms: {
          percentOff: '5',
          amountOffMinor: null,
          currency: null,
          duration: null,
          durationInMonths: null,
          products: null,
        },
        promotionCode: null,
        startsAt: '2017-07-14T02:40:00.000Z',
        endsAt: null,
      },
    ],
    [
      'an id alone',
      { discount: null, discounts: ['di_1'] },
      { id: 'di_1', coupon: null, terms: null, promotionCode: null, startsAt: null, endsAt: null },
    ],
    [
      'an expanded one whose coupon is its source’s, from 2025-09-30.clover on',
      {
        discounts: [
          {
            id: 'di_1',
            source: { type: 'coupon', coupon: 'x' },
            promotion_code: 'promo_1',
            start: 1_500_000_000,
            end: 1_500_000_001,
          },
        ],
      },
      {
        id: 'di_1',
        coupon: 'x',
        terms: null,
        promotionCode: 'promo_1',
        startsAt: '2017-07-14T02:40:00.000Z',
        endsAt: '2017-07-14T02:40:01.000Z',
      },
    ],
  ])('has its discounts, whether %s', (_, object, discount) => {
    expect(read(object, '2025-09-30.clover').discounts).toEqual([discount]);
  });

  it('is over for good when canceled or incomplete_expired, and in no other status', () => {
    const statuses = [
      'incomplete',
      'incomplete_expired',
      'trialing',
      'active',
      'past_due',
      'unpaid',
      'canceled',
      'paused',
      'new_status',
    ];
    expect(statuses.filter(isFinalStatus)).toEqual(['incomplete_expired', 'canceled']);
  });
});
