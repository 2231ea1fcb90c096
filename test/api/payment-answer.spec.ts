import { describe, expect, it } from '@jest/globals';
import type { Row } from '../../src/api/answer.js';
import { paymentAnswer } from '../../src/api/payments/payment-answer.js';

const intent = (status: string, receivedMinor = 0): Row => ({
  id: 'pi_1',
  object: 'payment_intent',
  payment: 'pi_1',
  status,
  customer: null,
  currency: 'eur',
  amount_minor: 1900,
  amount_received_minor: receivedMinor,
  amount_refunded_minor: null,
  created_at: new Date(0),
});
const attempt = (id: string, status: string, receivedMinor: number, at = 1): Row => ({
  ...intent(status, receivedMinor),
  id,
  object: 'charge',
  customer: 'cus_1',
  amount_refunded_minor: 0,
  created_at: new Date(at),
});
const answer = (...members: Row[]) =>
  paymentAnswer('pi_1', {
    members,
    links: [],
    refunds: [],
    refundEvidence: [],
    disputes: [],
    movements: [],
    invoicePayments: [],
    invoices: [],
  });

describe('one payment from its intent and its attempts', () => {
  it('has the status of the intent while no attempt has received money', () => {
    expect(answer(intent('requires_payment_method'), attempt('ch_1', 'failed', 0))).toMatchObject({
      status: 'requires_payment_method',
      amountReceivedMinor: 0,
      customer: 'cus_1',
    });
  });

  it('has succeeded when an attempt has received money, though the intent’s last event has not come', () => {
    expect(
      answer(intent('processing'), attempt('ch_1', 'failed', 0), attempt('ch_2', 'succeeded', 1900)),
    ).toMatchObject({ status: 'succeeded', amountReceivedMinor: 1900 });
  });

  it('waits for its capture when an attempt is authorised only', () => {
    expect(answer(intent('requires_capture'), attempt('ch_1', 'succeeded', 0))).toMatchObject({
      status: 'requires_capture',
      amountReceivedMinor: 0,
    });
  });

  it('counts the money received once, though both intent and charge report it', () => {
    expect(answer(intent('succeeded', 1900), attempt('ch_1', 'succeeded', 1900))).toMatchObject({
      status: 'succeeded',
      amountMinor: 1900,
      amountReceivedMinor: 1900,
      amountRefundedMinor: 0,
    });
  });

  it('shows the latest attempt while the intent is not known', () => {
    expect(answer(attempt('ch_1', 'pending', 0, 2), attempt('ch_2', 'failed', 0, 1))).toMatchObject({
      status: 'pending',
      paymentIntent: null,
    });
  });

  it('does not know the refunds while no charge is known', () => {
    expect(answer(intent('succeeded', 1900))).toMatchObject({
      amountReceivedMinor: 1900,
      amountRefundedMinor: null,
      charges: [],
    });
  });
});
