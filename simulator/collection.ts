import { amountDueMinor, priceMinor, totalMinor } from './amounts.js';
import type { BillingReason, Charge, Intent, Invoice, InvoiceLine } from './books.js';
import { DAY, HOUR, type Seconds } from './calendar.js';
import { isBasilOrLater } from './api-version.js';
import { discounted } from './discounts.js';
import type { Operation } from './journal.js';
import { invoicePaymentShape, invoiceShape } from './shapes/invoice.js';
import { chargeShape, paymentIntentShape } from './shapes/payment.js';
import { newId, recordCustomer, updateCustomer, type Stage } from './stage.js';

/** How invoices come to be and are paid, or not. */

const DESCRIPTIONS: Readonly<Record<BillingReason, string>> = {
  subscription_create: 'Subscription creation',
  subscription_cycle: 'Subscription update',
  subscription_update: 'Subscription update',
  manual: 'Payment for Invoice',
};

export interface InvoicePlan {
  readonly reason: BillingReason;
  readonly lines: readonly InvoiceLine[];
  readonly periodStart: Seconds;
  readonly periodEnd: Seconds;
}

export interface Period {
  readonly start: Seconds;
  readonly end: Seconds;
}

/** The lines of a whole period of every item: a trial costs nothing, and metered items charge for what was used in the period before, if any. */
export function periodLines(
  stage: Stage,
  period: Period & { readonly trial?: boolean; readonly used?: Period },
): InvoiceLine[] {
  return stage.subscription.items.map((item) => {
    const { productName, unitAmountMinor, currency, interval } = item.price;
    const used = item.quantity === null ? period.used : undefined;
    const quantity = item.quantity ?? (used === undefined ? 0 : stage.random.integer(0, 5_000));
    return {
      id: newId(stage, 'il'),
      item,
      invoiceItem: null,
      quantity,
      amountMinor: period.trial === true ? 0 : priceMinor(item.price, quantity),
      discountMinor: 0,
      description:
        period.trial === true
          ? `Trial period for ${productName}`
          : `${quantity} × ${productName} (${unitAmountMinor === null ? 'tiers' : `at ${unitAmountMinor}`} ${currency} / ${interval})`,
      proration: false,
      periodStart: (used ?? period).start,
      periodEnd: (used ?? period).end,
    };
  });
}

export function draftInvoice(stage: Stage, at: Seconds, plan: InvoicePlan): Invoice {
  const { discount } = stage.subscription;
  return {
    id: newId(stage, 'in'),
    number: null,
    subscription: stage.subscription.id,
    customer: stage.customer,
    currency: stage.subscription.currency,
    reason: plan.reason,
    status: 'draft',
    discount,
    dueAt: null,
    lines: discount === null ? plan.lines : discounted(plan.lines, discount),
    periodStart: plan.periodStart,
    periodEnd: plan.periodEnd,
    createdAt: at,
    finalizedAt: null,
    paidAt: null,
    voidedAt: null,
    uncollectibleAt: null,
    startingBalanceMinor: 0,
    endingBalanceMinor: null,
    preCreditMinor: 0,
    postCreditMinor: 0,
    paidOutside: false,
    attemptCount: 0,
    nextAttemptAt: plan.reason === 'subscription_cycle' ? at + HOUR : null,
    autoAdvance: true,
    intent: null,
    charge: null,
    hostedToken: stage.random.alphanumeric(60),
  };
}

/**
 * The finalised invoice: numbered, immutable in its amounts, with a payment intent when there is something to pay.
 * Its total uses up the customer's credit, or, when negative, becomes credit.
 */
export function finalized(stage: Stage, at: Seconds, invoice: Invoice): Invoice {
  const { invoicePrefix, nextInvoiceSequence } = stage.customer;
  const startingBalanceMinor = stage.customer.balanceMinor;
  const endingBalanceMinor = Math.min(0, startingBalanceMinor + totalMinor(invoice));
  stage.customer = {
    ...stage.customer,
    nextInvoiceSequence: nextInvoiceSequence + 1,
    balanceMinor: endingBalanceMinor,
  };
  const due = { ...invoice, startingBalanceMinor, endingBalanceMinor };
  return {
    ...due,
    number: `${invoicePrefix}-${String(nextInvoiceSequence).padStart(4, '0')}`,
    status: 'open',
    finalizedAt: at,
    nextAttemptAt: null,
    intent: amountDueMinor(due) > 0 ? newId(stage, 'pi') : null,
  };
}

/** Says when finalising an invoice moved the customer's credit. */
export function recordBalance(
  stage: Stage,
  operation: Operation,
  { startingBalanceMinor, endingBalanceMinor }: Invoice,
): void {
  if (endingBalanceMinor !== startingBalanceMinor) recordCustomer(stage, operation, 'customer.updated');
}

/** Collects a finalised invoice with a good card, or settles it when there is nothing to pay. */
export function collectAtOnce(stage: Stage, operation: Operation, open: Invoice): void {
  recordBalance(stage, operation, open);
  if (open.intent === null) {
    recordPaid(stage, operation, paid(operation.at, open, null));
    return;
  }
  const intent = openIntent(stage, operation.at, open);
  operation.record('payment_intent.created', (view) => paymentIntentShape(view, intent));
  const attempt = attempted(stage, operation.at, { intent, succeeds: true });
  recordAttempt(stage, operation, attempt);
  recordPaid(stage, operation, paid(operation.at, open, attempt.charge));
}

export function recordInvoice(operation: Operation, fact: { type: string; invoice: Invoice }): void {
  operation.record(fact.type, (view) => invoiceShape(view, fact.invoice), fact.invoice.subscription ?? undefined);
}

/** The intent that collects an open invoice, as it is before its first attempt. */
export function openIntent(stage: Stage, at: Seconds, invoice: Invoice): Intent {
  if (invoice.intent === null) throw new Error(`Invoice ${invoice.id} has nothing to pay.`);
  return {
    id: invoice.intent,
    invoice: invoice.id,
    customer: stage.customer,
    amountMinor: amountDueMinor(invoice),
    currency: invoice.currency,
    description: DESCRIPTIONS[invoice.reason],
    status: 'requires_payment_method',
    latestCharge: null,
    paymentMethod: stage.paymentMethod,
    secret: stage.random.alphanumeric(25),
    createdAt: at,
  };
}

/** An attempt to collect: the charge, and the intent after it. */
export interface Attempt {
  readonly charge: Charge;
  readonly intent: Intent;
}

export function attempted(stage: Stage, at: Seconds, attempt: { intent: Intent; succeeds: boolean }): Attempt {
  const { intent, succeeds } = attempt;
  const charge: Charge = {
    id: newId(stage, 'ch'),
    intent: intent.id,
    invoice: intent.invoice,
    customer: stage.customer,
    paymentMethod: stage.paymentMethod,
    amountMinor: intent.amountMinor,
    refunds: [],
    currency: intent.currency,
    description: intent.description,
    declineCode: succeeds ? null : stage.random.pick(['insufficient_funds', 'do_not_honor', 'expired_card']),
    balanceTransaction: succeeds ? newId(stage, 'txn') : null,
    riskScore: stage.random.integer(1, 60),
    createdAt: at,
  };
  return {
    charge,
    intent: { ...intent, latestCharge: charge, status: succeeds ? 'succeeded' : 'requires_payment_method' },
  };
}

export function recordAttempt(stage: Stage, operation: Operation, { charge, intent }: Attempt): void {
  const paid = charge.declineCode === null;
  if (paid) stage.charges = [...stage.charges, charge];
  operation.record(paid ? 'charge.succeeded' : 'charge.failed', (view) => chargeShape(view, charge));
  operation.record(paid ? 'payment_intent.succeeded' : 'payment_intent.payment_failed', (view) =>
    paymentIntentShape(view, intent),
  );
}

export function paid(at: Seconds, invoice: Invoice, charge: Charge | null): Invoice {
  return {
    ...invoice,
    status: 'paid',
    paidAt: at,
    attemptCount: invoice.attemptCount + (charge === null ? 0 : 1),
    nextAttemptAt: null,
    autoAdvance: false,
    charge: charge?.id ?? null,
  };
}

/** What says that an invoice is settled: both event types that Stripe sends, and since basil the payment that ties intent and invoice. */
export function recordPaid(stage: Stage, operation: Operation, invoice: Invoice): void {
  recordInvoice(operation, { type: 'invoice.paid', invoice });
  if (!invoice.paidOutside) recordInvoice(operation, { type: 'invoice.payment_succeeded', invoice });
  stage.invoices = [...stage.invoices, invoice];
  if (invoice.intent === null || !isBasilOrLater(stage.journal.view.playedIn)) return;
  const payment = {
    id: newId(stage, 'inpay'),
    invoice: invoice.id,
    intent: invoice.intent,
    amountMinor: amountDueMinor(invoice),
    currency: invoice.currency,
    createdAt: invoice.finalizedAt ?? operation.at,
    paidAt: operation.at,
  };
  operation.record('invoice_payment.paid', (view) => invoicePaymentShape(view, payment));
}

/** A failed attempt: the next one is three days later, until there is none (`nextAttemptAt` null). */
export function recordFailure(
  stage: Stage,
  operation: Operation,
  failure: { invoice: Invoice; charge: Charge; last: boolean },
): Invoice {
  const invoice = {
    ...failure.invoice,
    attemptCount: failure.invoice.attemptCount + 1,
    nextAttemptAt: failure.last ? null : operation.at + 3 * DAY,
    charge: failure.charge.id,
  };
  recordInvoice(operation, { type: 'invoice.updated', invoice });
  recordInvoice(operation, { type: 'invoice.payment_failed', invoice });
  if (!stage.customer.delinquent) updateCustomer(stage, operation, { delinquent: true });
  return invoice;
}
