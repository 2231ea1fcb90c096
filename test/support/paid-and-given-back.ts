import {
  charge,
  creditNote,
  dispute,
  invoice,
  invoicePayment,
  OLD,
  paidInvoice,
  paymentIntent,
  refund,
  stripeEvent,
  withdrawal,
} from './stripe-objects.js';
import { randomId } from './subscription-events.js';

/** Ids of one customer's objects, unique per test. */
export const newIds = () => ({
  sub: randomId('sub'),
  cus: randomId('cus'),
  inv: randomId('in'),
  pi: randomId('pi'),
  ch: randomId('ch'),
  re: randomId('re'),
  dp: randomId('dp'),
  cn: randomId('cn'),
  inpay: randomId('inpay'),
});
export type Ids = ReturnType<typeof newIds>;

/**
 * A paid subscription invoice whose payment was partly refunded, by a credit note, and disputed: one event per ten
 * seconds.
 */
export function paidAndGivenBack(
  { sub, cus, inv, pi, ch, re, dp, cn, inpay }: Ids,
  apiVersion: string,
): ReturnType<typeof stripeEvent>[] {
  const old = { charge: ch, payment_intent: pi };
  const told: ReturnType<typeof stripeEvent>[] = [
    stripeEvent(
      'invoice.paid',
      invoice(inv, apiVersion, {
        ...paidInvoice,
        customer: cus,
        subscription: sub,
        ...(apiVersion === OLD ? old : {}),
      }),
      { apiVersion },
    ),
    stripeEvent(
      'payment_intent.succeeded',
      paymentIntent(pi, apiVersion, {
        status: 'succeeded',
        amount_received: 1900,
        latest_charge: ch,
        customer: cus,
        invoice: inv,
      }),
      { apiVersion },
    ),
    stripeEvent(
      'charge.refunded',
      charge(ch, apiVersion, { payment_intent: pi, customer: cus, invoice: inv, amount_refunded: 500, disputed: true }),
      { apiVersion },
    ),
    ...(apiVersion === OLD
      ? []
      : [
          stripeEvent(
            'invoice_payment.paid',
            invoicePayment(inpay, {
              invoice: inv,
              status: 'paid',
              amount_paid: 1900,
              payment: { type: 'payment_intent', payment_intent: pi },
            }),
            { apiVersion },
          ),
        ]),
    stripeEvent('charge.refund.updated', refund(re, { charge: ch, payment_intent: pi }), { apiVersion }),
    stripeEvent('refund.updated', refund(re, { charge: ch, payment_intent: pi }), { apiVersion }),
    stripeEvent(
      'credit_note.created',
      creditNote(cn, {
        invoice: inv,
        customer: cus,
        ...(apiVersion === OLD ? { refund: re } : { refunds: [{ refund: re, amount_refunded: 500 }] }),
      }),
      { apiVersion },
    ),
    stripeEvent(
      'charge.dispute.created',
      dispute(dp, { charge: ch, payment_intent: pi, balance_transactions: [withdrawal] }),
      { apiVersion },
    ),
    stripeEvent(
      'charge.dispute.funds_withdrawn',
      dispute(dp, { charge: ch, payment_intent: pi, balance_transactions: [withdrawal] }),
      { apiVersion },
    ),
  ];
  return told.map((event, at) => ({ ...event, created: event.created + 10 * at }));
}
