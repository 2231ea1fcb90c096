import { BASIL, charge, invoicePayment, stripeEvent } from './stripe-objects.js';
import { START, subscriptionObject } from './subscription-events.js';

/** Unix seconds of a day's midnight in UTC, e.g. of `2026-02-01`. */
export const secondOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 1000;

/** A separate account and mode, so that a test's sums contain only what it sent. */
export type Whose = Readonly<{ account: string; livemode: boolean }>;

export const eventOf =
  (whose: Whose) => (type: string, object: Parameters<typeof stripeEvent>[1], day: string, previous?: object) =>
    stripeEvent(type, object, {
      ...whose,
      after: secondOf(day) - START,
      ...(previous === undefined ? {} : { previous }),
    });

type LineOf = Readonly<{ id: string; amount: number; tax?: number; from?: string; to?: string }>;

/** An invoice in US dollars finalised on a day, in basil's shape. */
export function bill(
  id: string,
  {
    customer,
    day,
    lines,
    ...fields
  }: Readonly<{ customer: string; day: string; lines: readonly LineOf[] }> & Record<string, unknown>,
) {
  const tax = lines.reduce((sum, line) => sum + (line.tax ?? 0), 0);
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0);
  const at = secondOf(day);
  return {
    ...{ id, object: 'invoice', status: 'open', customer, currency: 'usd', number: `N-${id}` },
    ...{
      subtotal,
      total: subtotal + tax,
      amount_due: subtotal + tax,
      amount_paid: 0,
      amount_remaining: subtotal + tax,
    },
    ...{ starting_balance: 0, ending_balance: 0, attempt_count: 0, billing_reason: 'manual' },
    ...{ collection_method: 'charge_automatically', created: at, period_start: at, period_end: at, parent: null },
    status_transitions: { finalized_at: at, paid_at: null, voided_at: null, marked_uncollectible_at: null },
    total_taxes: tax === 0 ? [] : [{ amount: tax, tax_behavior: 'exclusive' }],
    lines: {
      object: 'list',
      has_more: false,
      data: lines.map((line) => ({
        ...{
          id: line.id,
          object: 'line_item',
          amount: line.amount,
          currency: 'usd',
          quantity: 1,
          description: 'A line',
        },
        period: { start: secondOf(line.from ?? day), end: secondOf(line.to ?? day) },
        taxes: line.tax === undefined ? [] : [{ amount: line.tax, tax_behavior: 'exclusive' }],
        pricing: {
          type: 'price_details',
          price_details: { price: 'price_1', product: 'prod_1' },
          unit_amount_decimal: String(line.amount),
        },
      })),
    },
    ...fields,
  };
}

/** The additional fields of a paid invoice. */
export const paid = (amount: number) => ({
  ...{ status: 'paid', amount_paid: amount, amount_remaining: 0 },
});

/** A charge in US dollars and its application to an invoice. */
export const paymentOf = (
  { ch, inpay, invoice, customer }: Readonly<Record<'ch' | 'inpay' | 'invoice' | 'customer', string>>,
  { day, amount }: Readonly<{ day: string; amount: number }>,
) => {
  const at = secondOf(day);
  return [
    [
      'charge.succeeded',
      charge(ch, BASIL, { amount, amount_captured: amount, currency: 'usd', customer, created: at }),
    ],
    [
      'invoice_payment.paid',
      invoicePayment(inpay, {
        ...{ invoice, status: 'paid', currency: 'usd', amount_requested: amount, amount_paid: amount, created: at },
        payment: { type: 'charge', charge: ch },
        status_transitions: { paid_at: at, canceled_at: null },
      }),
    ],
  ] as const;
};

/** A subscription in US dollars with one item at a monthly price per unit. */
export function subscribed(
  id: string,
  {
    customer,
    amount,
    quantity = 1,
    interval = 'month',
    ...fields
  }: Readonly<{ customer: string; amount: number; quantity?: number; interval?: string }> & Record<string, unknown>,
) {
  const base = subscriptionObject(id);
  return {
    ...base,
    ...{ customer, currency: 'usd' },
    items: {
      ...base.items,
      data: base.items.data.map((item) => ({
        ...item,
        id: `si_${id}`,
        quantity,
        price: {
          ...{
            id: `price_${amount}_${interval}`,
            object: 'price',
            currency: 'usd',
            product: 'prod_1',
            type: 'recurring',
          },
          ...{ unit_amount: amount, unit_amount_decimal: String(amount), billing_scheme: 'per_unit', active: true },
          recurring: { interval, interval_count: 1, usage_type: 'licensed' },
        },
      })),
    },
    ...fields,
  };
}
