import { expectedRow, type ExpectedRow } from './expected-row.js';
import type { StripeObject } from '../../simulator/json.js';
import type { SimulatedLife } from '../../simulator/simulator.js';

/** The expected rows of one table from Stripe's objects, computed independently of the service's code. */
type Expectation = Readonly<{ objects: readonly string[]; rowsOf: (told: StripeObject) => readonly ExpectedRow[] }>;

const time = (seconds: unknown): string | null =>
  typeof seconds === 'number' ? new Date(seconds * 1000).toISOString() : null;
const one =
  (row: (told: StripeObject) => ExpectedRow) =>
  (told: StripeObject): ExpectedRow[] => [row(told)];

/** The expectations by table: which objects become rows, and which fields. */
export const oracle: Readonly<Record<string, Expectation>> = {
  subscriptions: { objects: ['subscription'], rowsOf: one(expectedRow) },
  invoices: { objects: ['invoice'], rowsOf: one(expectedInvoice) },
  payments: {
    objects: ['charge', 'payment_intent'],
    rowsOf: one((told) => ({
      id: told.id,
      object: told.object,
      status: told['status'],
      customer: told['customer'],
      currency: told['currency'],
      amountMinor: told['amount'],
      amountRefundedMinor: told['amount_refunded'] ?? null,
      payment: told['payment_intent'] ?? told.id,
      isDisputed: told['disputed'] ?? false,
      canceledAt: time(told['canceled_at']),
      createdAt: time(told['created']),
    })),
  },
  refunds: {
    objects: ['refund'],
    rowsOf: one((told) => ({
      id: told.id,
      status: told['status'],
      amountMinor: told['amount'],
      currency: told['currency'],
      charge: told['charge'],
      paymentIntent: told['payment_intent'],
      failureReason: told['failure_reason'] ?? null,
    })),
  },
  disputes: {
    objects: ['dispute'],
    rowsOf: one((told) => ({
      id: told.id,
      status: told['status'],
      amountMinor: told['amount'],
      currency: told['currency'],
      charge: told['charge'],
      reason: told['reason'],
      isInquiry: String(told['status']).startsWith('warning_'),
    })),
  },
  dispute_movements: {
    objects: ['dispute'],
    rowsOf: (told) =>
      (told['balance_transactions'] as unknown as ExpectedRow[]).map(({ id, amount, fee, net, currency }) => ({
        id,
        dispute: told.id,
        amountMinor: amount,
        feeMinor: fee,
        netMinor: net,
        currency,
      })),
  },
  invoice_payments: {
    objects: ['invoice_payment'],
    rowsOf: one((told) => ({
      id: told.id,
      invoice: told['invoice'],
      status: told['status'],
      amountPaidMinor: told['amount_paid'] ?? 0,
      isDefault: told['is_default'],
    })),
  },
  customers: {
    objects: ['customer'],
    rowsOf: one((told) => ({
      id: told.id,
      email: told['email'],
      name: told['name'],
      currency: told['currency'],
      balanceMinor: told['balance'],
      isDelinquent: told['delinquent'],
      testClock: told['test_clock'],
      isDeleted: false,
    })),
  },
};

/** The simulator's final objects: the last state of each, in true order. */
export function lastObjects({ events }: SimulatedLife): StripeObject[] {
  return [
    ...new Map(
      events.map(
        ({
          stripeEvent: {
            data: { object },
          },
        }) => [`${object.object} ${object.id}`, object],
      ),
    ).values(),
  ];
}

/** The expected row of an invoice. */
export function expectedInvoice(told: StripeObject): ExpectedRow {
  const invoice = told as unknown as Record<string, number | string | null> & {
    status_transitions: Record<string, number | null>;
    lines: { data: { id: string; amount: number; quantity: number | null }[] };
    total_discount_amounts: { amount: number }[];
    parent?: { subscription_details: { subscription: string } | null } | null;
  };
  const transitions = invoice.status_transitions;
  // Old versions do not count payments outside Stripe in `amount_paid`.
  const isPaidOutside = told['paid_out_of_band'] === true;
  return {
    id: invoice.id,
    number: invoice['number'],
    status: invoice['status'],
    customer: invoice['customer'],
    subscription: invoice.parent?.subscription_details?.subscription ?? invoice['subscription'] ?? null,
    currency: invoice['currency'],
    subtotalMinor: invoice['subtotal'],
    totalMinor: invoice['total'],
    amountDueMinor: invoice['amount_due'],
    amountPaidMinor: isPaidOutside ? invoice['amount_due'] : invoice['amount_paid'],
    amountRemainingMinor: isPaidOutside ? 0 : invoice['amount_remaining'],
    discountMinor: invoice.total_discount_amounts.reduce((sum, { amount }) => sum + amount, 0),
    startingBalanceMinor: invoice['starting_balance'],
    endingBalanceMinor: invoice['ending_balance'],
    billingReason: invoice['billing_reason'],
    attemptCount: invoice['attempt_count'],
    collectionMethod: invoice['collection_method'],
    nextPaymentAttempt: time(invoice['next_payment_attempt']),
    dueDate: time(invoice['due_date']),
    periodStart: time(invoice['period_start']),
    periodEnd: time(invoice['period_end']),
    createdAt: time(invoice['created']),
    finalizedAt: time(transitions['finalized_at']),
    paidAt: time(transitions['paid_at']),
    voidedAt: time(transitions['voided_at']),
    markedUncollectibleAt: time(transitions['marked_uncollectible_at']),
    prePaymentCreditNotesMinor: invoice['pre_payment_credit_notes_amount'],
    postPaymentCreditNotesMinor: invoice['post_payment_credit_notes_amount'],
    lines: invoice.lines.data
      .map(({ id, amount, quantity }) => ({ id, amountMinor: amount, quantity }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    testClock: invoice['test_clock'],
    isDeleted: false,
  };
}
