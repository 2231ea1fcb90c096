import { describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { Json, JsonObject } from '../../src/events/json.js';
import { normalise, type InvoiceSnapshot, type Snapshot } from '../../src/events/normalise.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { basilInvoiceEvent, recordedEvent } from '../fixtures/recorded-events.js';
import { stripeEventAbout } from './stripe-events.js';

const snapshot = (stripeEvent: Json): Snapshot => normalise(asStripeEvent(stripeEvent));
const recorded = (file: string): Snapshot => snapshot(recordedEvent(file).stripeEvent);
const about = (object: object, apiVersion: string): Snapshot =>
  normalise(stripeEventAbout(object as JsonObject, { api_version: apiVersion }));
const invoice = (object: object, apiVersion: string): InvoiceSnapshot =>
  about(
    { id: 'in_1', object: 'invoice', currency: 'usd', amount_due: 100, subtotal: 100, total: 100, ...object },
    apiVersion,
  ) as InvoiceSnapshot;

describe('an invoice', () => {
  it('of 2013 that is paid was paid in full', () => {
    expect(recorded('stripe-mock-data-2013-08-13/invoice.updated.json')).toMatchObject({
      kind: 'invoice',
      id: 'in_00000000000000',
      status: 'paid',
      subscription: null,
      amountDueMinor: 0,
      amountPaidMinor: 0,
      amountRemainingMinor: 0,
      startingBalanceMinor: 0,
      endingBalanceMinor: null,
      createdAt: '2013-10-11T14:49:19.000Z',
      taxMinor: null,
      hasAllLines: true,
      lines: [
        {
          id: 'su_2jdlFxq6XpjkJ1',
          subscription: 'su_2jdlFxq6XpjkJ1',
          amountMinor: 0,
          price: 'gold-v1',
          unitAmountDecimal: '7900',
          isProration: false,
          quantity: 1,
          periodEnd: '2013-11-10T14:49:19.000Z',
        },
      ],
    });
  });

  it('of 2015 whose payment failed is open, and names its subscription and charge', () => {
    expect(recorded('stripe-mock-data-2015-10-01/invoice.payment_failed.json')).toMatchObject({
      status: 'open',
      subscription: 'sub_00000000000000',
      charge: 'ch_00000000000000',
      attemptCount: 1,
      amountDueMinor: 212,
      amountPaidMinor: 0,
      amountRemainingMinor: 212,
    });
  });

  it.each([
    [{ paid: true, closed: true }, 'paid'],
    [{ forgiven: true, closed: true }, 'uncollectible'],
    [{ closed: true }, 'open'],
    [{ attempted: false, number: 'N-1' }, 'open'],
    [{ attempted: false, due_date: 1_532_000_000 }, 'open'],
    [{ attempted: true, closed: false }, 'open'],
    [{ attempted: false, closed: false }, 'draft'],
    [{ status: 'open', paid: true }, 'open'],
  ])('before 2018-11-08 with %j is %s', (object, status) => {
    expect(invoice(object, '2018-02-28').status).toBe(status);
  });

  it('of 2022 has status, times and amounts of its own', () => {
    expect(recorded('hookdeck-webhook-samples/invoice.paid.json')).toMatchObject({
      status: 'paid',
      subscription: 'sub_1MhUT5E0b6fckueSYAo1LoiF',
      customer: 'cus_NSPHp4fOlXGw8P',
      number: '3DAA104C-0001',
      billingReason: 'subscription_create',
      paidOutOfBand: false,
      finalizedAt: '2023-03-03T08:59:59.000Z',
      paidAt: '2023-03-03T08:59:59.000Z',
      voidedAt: null,
      taxMinor: 0,
      discountMinor: 0,
      endingBalanceMinor: 0,
      lines: [
        {
          id: 'il_1MhUT5E0b6fckueSJCaQVbIe',
          subscription: 'sub_1MhUT5E0b6fckueSYAo1LoiF',
          description: 'Trial period for Meetin Grande',
          taxMinor: 0,
        },
      ],
    });
  });

  it('before 2025-03-31.basil has tax, discount and credit notes in total', () => {
    expect(
      invoice(
        {
          tax: 19,
          total_tax_amounts: [{ amount: 12 }, { amount: 7 }],
          total_discount_amounts: [{ amount: 5, discount: 'di_1' }],
          pre_payment_credit_notes_amount: 3,
          post_payment_credit_notes_amount: 2,
          charge: { id: 'ch_1' },
          payment_intent: 'pi_1',
          quote: 'qt_1',
        },
        '2024-06-20',
      ),
    ).toMatchObject({
      taxMinor: 19,
      discountMinor: 5,
      prePaymentCreditNotesMinor: 3,
      postPaymentCreditNotesMinor: 2,
      charge: 'ch_1',
      paymentIntent: 'pi_1',
      quote: 'qt_1',
    });
  });

  it('of 2025-03-31.basil finds its subscription in its parent, and so do its lines', () => {
    expect(snapshot(basilInvoiceEvent())).toMatchObject({
      status: 'paid',
      subscription: 'SubscriptionID_1',
      amountDueMinor: 190,
      amountPaidMinor: 190,
      amountOverpaidMinor: 0,
      paidOutOfBand: null,
      charge: null,
      paymentIntent: null,
      taxMinor: 0,
      lines: [
        {
          id: 'IlID_1',
          subscription: 'SubscriptionID_1',
          subscriptionItem: 'SubscriptionItemID_1',
          invoiceItem: null,
          price: 'PriceID_1',
          product: 'PlanID_1',
          unitAmountDecimal: 'AmountDecimal_1',
          isProration: false,
          taxMinor: 0,
        },
      ],
    });
  });

  it('of 2026-03-25.dahlia, typed as Stripe’s library has it, is overpaid partly outside Stripe', () => {
    const object = {
      amount_overpaid: 20,
      amount_paid: 120,
      amount_remaining: 0,
      amount_paid_off_stripe: 30,
      total_taxes: [{ amount: 15 } as Stripe.Invoice.TotalTax],
      starting_balance: -50,
      ending_balance: -70,
      parent: { type: 'quote_details', quote_details: { quote: 'qt_1' }, subscription_details: null },
      next_payment_attempt: 1_790_000_000,
      due_date: 1_790_000_001,
      status_transitions: {
        finalized_at: 1_789_000_000,
        marked_uncollectible_at: 1_789_000_001,
        paid_at: null,
        voided_at: 1_789_000_002,
      },
      test_clock: 'clock_1',
      attempt_count: 4,
      collection_method: 'send_invoice',
      status: 'void',
      lines: {
        object: 'list',
        has_more: true,
        url: '',
        data: [
          {
            id: 'il_1',
            object: 'line_item',
            amount: -400,
            currency: 'usd',
            quantity: 2,
            period: { start: 1_789_000_000, end: 1_790_000_000 },
            taxes: [{ amount: -40 } as Stripe.InvoiceLineItem.Tax],
            discount_amounts: [{ amount: 7, discount: 'di_1' }],
            discounts: ['di_1'],
            parent: {
              type: 'invoice_item_details',
              subscription_item_details: null,
              invoice_item_details: {
                invoice_item: 'ii_1',
                proration: true,
                proration_details: null,
                subscription: 'sub_1',
              },
            },
          } as unknown as Stripe.InvoiceLineItem,
        ],
      },
    } satisfies Partial<Stripe.Invoice>;
    expect(invoice(object, '2026-03-25.dahlia')).toMatchObject({
      quote: 'qt_1',
      subscription: null,
      amountOverpaidMinor: 20,
      amountPaidMinor: 120,
      amountPaidOffStripeMinor: 30,
      taxMinor: 15,
      startingBalanceMinor: -50,
      endingBalanceMinor: -70,
      nextPaymentAttempt: '2026-09-21T14:13:20.000Z',
      dueDate: '2026-09-21T14:13:21.000Z',
      finalizedAt: '2026-09-10T00:26:40.000Z',
      markedUncollectibleAt: '2026-09-10T00:26:41.000Z',
      voidedAt: '2026-09-10T00:26:42.000Z',
      attemptCount: 4,
      collectionMethod: 'send_invoice',
      status: 'void',
      testClock: 'clock_1',
      hasAllLines: false,
      lines: [
        {
          id: 'il_1',
          amountMinor: -400,
          isProration: true,
          invoiceItem: 'ii_1',
          subscription: 'sub_1',
          subscriptionItem: null,
          taxMinor: -40,
          discountMinor: 7,
          price: null,
          discounts: [{ id: 'di_1' }],
        },
      ],
    });
  });

  it('that is only a preview has no id, and a kind of its own', () => {
    expect(recorded('stripe-ruby-mock/invoice.upcoming.json')).toMatchObject({
      kind: 'upcoming_invoice',
      subscription: 'sub_00000000000000',
    });
    expect(recorded('stripe-ruby-mock/invoice.upcoming.json')).not.toHaveProperty('id');
    expect(invoice({ id: 'upcoming_in_1' }, '2025-09-30.clover')).toMatchObject({ kind: 'upcoming_invoice' });
  });

  it('cannot do without its amounts', () => {
    expect(() => invoice({ amount_due: null }, '2026-03-25.dahlia')).toThrow('"invoice.amount_due" is absent');
  });
});

describe('an invoice item', () => {
  it('of 2013 has no subscription', () => {
    expect(recorded('stripe-mock-data-2013-08-13/invoiceitem.created.json')).toMatchObject({
      kind: 'invoice_item',
      subscription: null,
      isProration: false,
    });
  });

  it('before 2025-03-31.basil names subscription, item and price itself', () => {
    expect(recorded('stripe-ruby-mock/invoiceitem.created.json')).toMatchObject({
      kind: 'invoice_item',
      amountMinor: -1500,
      currency: 'usd',
      isProration: true,
      subscription: 'sub_000000000000000000000000',
      subscriptionItem: 'si_00000000000000',
      price: 'price_000000000000000000000000',
      product: 'prod_00000000000000',
      unitAmountDecimal: '-1500',
      invoice: null,
      createdAt: '2022-03-26T18:41:37.000Z',
      periodEnd: '2022-04-26T18:41:36.000Z',
    });
  });

  it('from 2025-03-31.basil on names them in parent and pricing', () => {
    const object = {
      id: 'ii_1',
      object: 'invoiceitem',
      amount: 5,
      currency: 'usd',
      customer: 'cus_1',
      proration: true,
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: 'sub_1', subscription_item: 'si_1' },
      },
      pricing: {
        type: 'price_details',
        price_details: { price: 'price_1', product: 'prod_1' },
        unit_amount_decimal: '5',
      },
    };
    expect(about(object, '2025-03-31.basil')).toMatchObject({
      subscription: 'sub_1',
      subscriptionItem: 'si_1',
      price: 'price_1',
      product: 'prod_1',
      unitAmountDecimal: '5',
      isProration: true,
    });
  });
});

describe('an invoice payment', () => {
  it('ties a payment intent to an invoice', () => {
    expect(recorded('supabase-stripe-sync-engine/invoice_payment.paid.json')).toEqual({
      kind: 'invoice_payment',
      id: 'inpay_1M3USa2eZvKYlo2CBjuwbq0N',
      invoice: 'in_103Q0w2eZvKYlo2C5PYwf6Wf',
      status: 'paid',
      currency: 'usd',
      amountRequestedMinor: 2000,
      amountPaidMinor: 2000,
      isDefault: true,
      paymentIntent: 'pi_103Q0w2eZvKYlo2C364X582Z',
      charge: null,
      paymentRecord: null,
      createdAt: '2014-02-01T21:02:34.000Z',
      paidAt: '2014-02-01T21:02:34.000Z',
      canceledAt: null,
      account: null,
      livemode: false,
    });
  });

  it('of 2025-10-29.clover may be one outside Stripe, and not yet paid', () => {
    const object = {
      id: 'inpay_1',
      object: 'invoice_payment',
      invoice: 'in_1',
      status: 'open',
      currency: 'usd',
      amount_requested: 500,
      amount_paid: null,
      is_default: false,
      created: 1_790_000_000,
      payment: { type: 'payment_record', payment_record: 'prec_1' },
      status_transitions: { canceled_at: null, paid_at: null },
    } satisfies Partial<Stripe.InvoicePayment>;
    expect(about(object, '2025-10-29.clover')).toMatchObject({
      amountRequestedMinor: 500,
      amountPaidMinor: 0,
      paymentRecord: 'prec_1',
      paymentIntent: null,
      paidAt: null,
    });
  });
});
