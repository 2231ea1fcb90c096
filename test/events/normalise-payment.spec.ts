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

describe('a payment from a charge', () => {
  const charge = { id: 'ch_1', object: 'charge', amount: 100, currency: 'usd' };

  it('of 2013 has its status from `paid`', () => {
    expect(recorded('stripe-mock-data-2013-08-13/charge.failed.json')).toMatchObject({
      kind: 'payment',
      object: 'charge',
      status: 'failed',
      amountReceivedMinor: 0,
    });
    expect(
      about(
        {
          ...charge,
          paid: true,
          card: { id: 'card_1' },
          invoice: 'in_1',
          dispute: null,
          refunds: [
            { amount: 40, currency: 'usd', created: 1_381_510_413, object: 'refund', balance_transaction: 'txn_1' },
          ],
          amount_refunded: 40,
        },
        '2013-08-13',
      ),
    ).toMatchObject({
      status: 'succeeded',
      amountReceivedMinor: 100,
      amountRefundedMinor: 40,
      invoice: 'in_1',
      paymentMethod: 'card_1',
      isDisputed: false,
      refunds: [
        {
          id: null,
          status: 'succeeded',
          amountMinor: 40,
          balanceTransaction: 'txn_1',
          createdAt: '2013-10-11T16:53:33.000Z',
        },
      ],
    });
  });

  it('of 2015 that is authorised only has received nothing', () => {
    expect(about({ ...charge, status: 'succeeded', paid: true, captured: false }, '2015-10-01')).toMatchObject({
      amountReceivedMinor: 0,
      status: 'succeeded',
    });
  });

  it('of 2020 lists its refunds, and names invoice and intent', () => {
    expect(recorded('supabase-stripe-sync-engine/charge.refunded.json')).toMatchObject({
      id: 'ch_3Kl36gJDPojXS6LN0DCM4A8l',
      status: 'succeeded',
      amountMinor: 2500,
      amountReceivedMinor: 2500,
      amountRefundedMinor: 2500,
      invoice: 'in_1KJdKkJDPojXS6LNSwSWkZSN',
      paymentIntent: 'pi_3Kl36gJDPojXS6LN02fQVtKR',
      charge: 'ch_3Kl36gJDPojXS6LN0DCM4A8l',
      balanceTransaction: 'txn_3Kl36gJDPojXS6LN0BbaNIHm',
      refunds: [{ id: 're_3Kl36gJDPojXS6LN0eP4yPDz', amountMinor: 2500, charge: 'ch_3Kl36gJDPojXS6LN0DCM4A8l' }],
    });
  });

  it('from 2022-11-15 on, typed as Stripe’s library has it, tells the sum of its refunds alone', () => {
    const object = {
      ...charge,
      object: 'charge',
      paid: true,
      captured: true,
      status: 'succeeded',
      amount_captured: 90,
      amount_refunded: 30,
      refunded: false,
      disputed: true,
      payment_intent: 'pi_1',
      payment_method: 'pm_1',
      failure_code: null,
      created: 1_790_000_000,
      balance_transaction: null,
    } satisfies Partial<Stripe.Charge>;
    expect(about(object, '2026-09-30.endive')).toMatchObject({
      amountReceivedMinor: 90,
      // The 10 that were authorised and not captured are not a refund.
      amountRefundedMinor: 20,
      refunds: [],
      isDisputed: true,
      invoice: null,
      paymentIntent: 'pi_1',
      createdAt: '2026-09-21T14:13:20.000Z',
    });
  });
});

describe('a payment from a payment intent', () => {
  const intent = { id: 'pi_1', object: 'payment_intent', amount: 100, currency: 'jpy' };

  it('before 2022-11-15 has the latest of its charges, and names its invoice', () => {
    expect(
      about(
        {
          ...intent,
          status: 'requires_source',
          invoice: 'in_1',
          source: 'src_1',
          charges: { data: [{ id: 'ch_2' }, { id: 'ch_1' }] },
          last_payment_error: { code: 'card_declined' },
        },
        '2018-02-28',
      ),
    ).toMatchObject({
      kind: 'payment',
      object: 'payment_intent',
      status: 'requires_source',
      charge: 'ch_2',
      invoice: 'in_1',
      paymentMethod: 'src_1',
      failureCode: 'card_declined',
      amountReceivedMinor: 0,
      amountRefundedMinor: null,
    });
  });

  it('recorded at 2020-03-02 is read', () => {
    expect(recorded('supabase-stripe-sync-engine/payment_intent.succeeded.json')).toMatchObject({
      object: 'payment_intent',
      id: 'pi_1IqxJOJDPojXS6LN9uOebAea',
      paymentIntent: 'pi_1IqxJOJDPojXS6LN9uOebAea',
      currency: 'usd',
    });
  });

  it('from 2025-03-31.basil on, typed as Stripe’s library has it, may hint at its invoice', () => {
    const object = {
      ...intent,
      object: 'payment_intent',
      status: 'canceled',
      latest_charge: 'ch_1',
      amount_received: 0,
      canceled_at: 1_790_000_000,
      cancellation_reason: 'void_invoice',
      payment_method: 'pm_1',
      customer: 'cus_1',
      payment_details: { order_reference: 'in_1' } as Stripe.PaymentIntent.PaymentDetails,
    } satisfies Partial<Stripe.PaymentIntent>;
    expect(about(object, '2025-11-17.clover')).toMatchObject({
      charge: 'ch_1',
      orderReference: 'in_1',
      invoice: null,
      canceledAt: '2026-09-21T14:13:20.000Z',
      cancellationReason: 'void_invoice',
      status: 'canceled',
    });
  });
});

describe('a refund', () => {
  it('recorded in 2022 is read whole', () => {
    expect(recorded('stripe-ruby-mock/charge.refund.updated.json')).toEqual({
      kind: 'refund',
      id: 're_000000000000000000000000',
      status: 'succeeded',
      amountMinor: 100,
      currency: 'usd',
      charge: 'ch_000000000000000000000000',
      paymentIntent: null,
      balanceTransaction: 'txn_000000000000000000000000',
      failureBalanceTransaction: null,
      failureReason: null,
      reason: null,
      createdAt: '2022-03-26T18:39:05.000Z',
      customer: null,
      account: null,
      livemode: false,
    });
  });

  it('typed as Stripe’s library has it, may fail after it succeeded', () => {
    const object = {
      id: 're_1',
      object: 'refund',
      amount: 5,
      currency: 'usd',
      status: 'failed',
      failure_reason: 'lost_or_stolen_card',
      failure_balance_transaction: 'txn_2',
      balance_transaction: 'txn_1',
      charge: { id: 'ch_1' } as Stripe.Charge,
      payment_intent: 'pi_1',
      reason: 'requested_by_customer',
      created: 1_790_000_000,
      customer: 'cus_1',
    } satisfies Partial<Stripe.Refund>;
    expect(about(object, '2026-09-30.endive')).toMatchObject({
      status: 'failed',
      failureReason: 'lost_or_stolen_card',
      failureBalanceTransaction: 'txn_2',
      balanceTransaction: 'txn_1',
      charge: 'ch_1',
      customer: 'cus_1',
    });
  });
});

describe('a dispute', () => {
  it('of 2013 is named by its charge', () => {
    expect(recorded('stripe-mock-data-2013-08-13/charge.dispute.closed.json')).toMatchObject({
      kind: 'dispute',
      id: 'ch_00000000000000',
      charge: 'ch_00000000000000',
      status: 'won',
      evidenceDueBy: '2013-10-30T23:59:59.000Z',
      movements: [],
    });
  });

  it('of 2015 has an id and details of evidence', () => {
    expect(recorded('stripe-mock-data-2015-10-01/charge.dispute.funds_withdrawn.json')).toMatchObject({
      id: 'dp_00000000000000',
      status: 'needs_response',
      isInquiry: false,
      evidenceDueBy: '2015-10-24T23:59:59.000Z',
      amountMinor: 1000,
    });
  });

  it('of 2026, typed as Stripe’s library has it, lists its movements in the currency of the account', () => {
    const withdrawal = {
      id: 'txn_1',
      amount: -1000,
      fee: 1500,
      net: -2500,
      currency: 'usd',
      created: 1_790_000_000,
    } as Stripe.BalanceTransaction;
    const object = {
      id: 'du_1',
      object: 'dispute',
      amount: 900,
      currency: 'eur',
      charge: 'ch_1',
      payment_intent: 'pi_1',
      status: 'lost',
      reason: 'fraudulent',
      balance_transactions: [withdrawal],
      created: 1_790_000_000,
    } satisfies Partial<Stripe.Dispute>;
    expect(about(object, '2026-03-25.dahlia')).toMatchObject({
      id: 'du_1',
      currency: 'eur',
      paymentIntent: 'pi_1',
      movements: [
        {
          id: 'txn_1',
          amountMinor: -1000,
          feeMinor: 1500,
          netMinor: -2500,
          currency: 'usd',
          createdAt: '2026-09-21T14:13:20.000Z',
        },
      ],
    });
  });

  it('passes on the statuses of clover and endive, as types of Stripe’s library have them', () => {
    for (const status of [
      'prevented',
      'appeal_needs_response',
      'appeal_under_review',
    ] satisfies Stripe.Dispute.Status[]) {
      expect(
        about(
          { id: 'du_1', object: 'dispute', amount: 1, currency: 'usd', charge: 'ch_1', status },
          '2026-09-30.endive',
        ),
      ).toMatchObject({ status, isInquiry: false, movements: [] });
    }
  });

  it('that is a question of the bank is an inquiry', () => {
    expect(
      about(
        { id: 'dp_1', object: 'dispute', amount: 1, currency: 'usd', charge: 'ch_1', status: 'warning_under_review' },
        '2022-08-01',
      ),
    ).toMatchObject({ isInquiry: true });
  });
});

describe('a credit note', () => {
  const note = {
    id: 'cn_1',
    object: 'credit_note',
    invoice: 'in_1',
    status: 'issued',
    currency: 'usd',
    amount: 100,
    subtotal: 90,
    total: 100,
  };

  it('recorded at 2020-03-02 is wholly before payment, as its type says', () => {
    expect(recorded('supabase-stripe-sync-engine/credit_note.created.json')).toMatchObject({
      kind: 'credit_note',
      id: 'cn_1MxvRqLkdIwHu7ixY0xbUcxk',
      invoice: 'in_1MxvRkLkdIwHu7ixABNtI99m',
      type: 'pre_payment',
      status: 'issued',
      amountMinor: 1099,
      prePaymentAmountMinor: 1099,
      postPaymentAmountMinor: 0,
      taxMinor: 0,
      refunds: [],
    });
  });

  it('before 2025-03-31.basil has one refund at most', () => {
    expect(
      about(
        { ...note, type: 'post_payment', refund: 're_1', tax_amounts: [{ amount: 10 }], out_of_band_amount: 20 },
        '2024-06-20',
      ),
    ).toMatchObject({
      prePaymentAmountMinor: 0,
      postPaymentAmountMinor: 100,
      refunds: [{ refund: 're_1', amountMinor: 80 }],
      taxMinor: 10,
      outOfBandAmountMinor: 20,
    });
  });

  it('from 2025-05-28.basil on, typed as Stripe’s library has it, is mixed with several refunds', () => {
    const object = {
      ...note,
      object: 'credit_note',
      status: 'issued',
      type: 'mixed',
      pre_payment_amount: 30,
      post_payment_amount: 70,
      refunds: [
        { refund: 're_1', amount_refunded: 50 },
        { refund: { id: 're_2' }, amount_refunded: 20 },
      ] as unknown as Stripe.CreditNote.Refund[],
      total_taxes: [{ amount: 10 } as Stripe.CreditNote.TotalTax],
      voided_at: 1_790_000_000,
      discount_amount: 4,
      customer_balance_transaction: 'cbtxn_1',
    } satisfies Partial<Stripe.CreditNote>;
    expect(about(object, '2025-05-28.basil')).toMatchObject({
      type: 'mixed',
      prePaymentAmountMinor: 30,
      postPaymentAmountMinor: 70,
      refunds: [
        { refund: 're_1', amountMinor: 50 },
        { refund: 're_2', amountMinor: 20 },
      ],
      taxMinor: 10,
      discountMinor: 4,
      voidedAt: '2026-09-21T14:13:20.000Z',
      customerBalanceTransaction: 'cbtxn_1',
    });
  });
});
