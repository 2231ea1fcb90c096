import { amountDueMinor, priceMinor, taxMinor, totalMinor } from './amounts.js';
import type { Movement } from './bank/ledger.js';
import type { BillingReason, Charge, Intent, Invoice, InvoiceLine, InvoicePayment } from './books.js';
import { DAY, HOUR, type Seconds } from './calendar.js';
import { isBasilOrLater } from './api-version.js';
import { discounted } from './discounts.js';
import type { Operation } from './journal.js';
import { invoicePaymentShape, invoiceShape } from './shapes/invoice.js';
import { chargeShape, paymentIntentShape } from './shapes/payment.js';
import { realTime } from './shapes/view.js';
import { taxed } from './taxes.js';
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
      tax: null,
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
    lines: taxed(stage, discount === null ? plan.lines : discounted(plan.lines, discount)),
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
    partPaidMinor: 0,
    overpaidMinor: 0,
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
  bookInvoice(stage, at, due);
  return {
    ...due,
    number: `${invoicePrefix}-${String(nextInvoiceSequence).padStart(4, '0')}`,
    status: 'open',
    finalizedAt: at,
    nextAttemptAt: null,
    intent: amountDueMinor(due) > 0 ? newId(stage, 'pi') : null,
  };
}

function bookInvoice({ ledger }: Stage, at: Seconds, invoice: Invoice): void {
  const { id, currency, customer, startingBalanceMinor, endingBalanceMinor } = invoice;
  const appliedMinor = (endingBalanceMinor ?? startingBalanceMinor) - startingBalanceMinor;
  const tax = taxMinor(invoice);
  ledger.post(
    at,
    currency,
    ['receivable', id, totalMinor(invoice) - appliedMinor],
    ['credit', customer.id, appliedMinor],
    ['billed', id, tax - totalMinor(invoice)],
    ['taxed', id, -tax],
  );
}

/** Nothing more is asked for of an invoice; what the customer's credit had paid of it comes back. Gives the invoice as it then is. */
export function voided(stage: Stage, at: Seconds, invoice: Invoice): Invoice {
  const { id, currency, customer, startingBalanceMinor, endingBalanceMinor } = invoice;
  const appliedMinor = (endingBalanceMinor ?? startingBalanceMinor) - startingBalanceMinor;
  const openMinor = stage.ledger.balance('receivable', id);
  stage.customer = { ...stage.customer, balanceMinor: stage.customer.balanceMinor - appliedMinor };
  const tax = -stage.ledger.balance('taxed', id);
  stage.ledger.post(
    at,
    currency,
    ['receivable', id, -openMinor],
    ['credit', customer.id, -appliedMinor],
    ['taxed', id, tax],
    ['billed', id, openMinor + appliedMinor - tax],
  );
  return { ...invoice, status: 'void', voidedAt: at, autoAdvance: false };
}

/** Given up. */
export function writtenOff({ ledger }: Stage, at: Seconds, invoice: Invoice): Invoice {
  const openMinor = ledger.balance('receivable', invoice.id);
  ledger.post(at, invoice.currency, ['receivable', invoice.id, -openMinor], ['writtenOff', invoice.id, openMinor]);
  return { ...invoice, status: 'uncollectible', uncollectibleAt: at, autoAdvance: false };
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
  if (paid) moveAtStripe(stage, charge, { kind: 'charge', source: charge.id, amountMinor: charge.amountMinor });
  const isSettledLater = paid && stage.bank && isBasilOrLater(stage.journal.view.playedIn) && stage.random.chance(0.5);
  const made = isSettledLater ? { ...charge, balanceTransaction: null } : charge;
  operation.record(paid ? 'charge.succeeded' : 'charge.failed', (view) => chargeShape(view, made));
  operation.record(paid ? 'payment_intent.succeeded' : 'payment_intent.payment_failed', (view) =>
    paymentIntentShape(view, intent),
  );
  if (!isSettledLater) return;
  const settling = stage.journal.operation(operation.at + 1, 'stripe');
  settling.record('charge.updated', (view) => chargeShape(view, charge));
}

/** Money of a charge comes or goes at Stripe, which goes by real time. */
export function moveAtStripe(
  { ledger, journal }: Stage,
  charge: Charge,
  moved: Pick<Movement, 'kind' | 'source' | 'amountMinor'> & Partial<Pick<Movement, 'transaction' | 'feeMinor' | 'at'>>,
): void {
  const at = realTime(journal.view, moved.at ?? charge.endsAt ?? charge.createdAt);
  const transaction = moved.transaction ?? charge.balanceTransaction;
  if (transaction === null) throw new Error(`${charge.id} moved nothing.`);
  ledger.move({ feeMinor: 0, ...moved, transaction, charge: charge.id, currency: charge.currency, at });
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
export function recordPaid(stage: Stage, operation: Operation, invoice: Invoice): InvoicePayment | null {
  recordInvoice(operation, { type: 'invoice.paid', invoice });
  if (!invoice.paidOutside) recordInvoice(operation, { type: 'invoice.payment_succeeded', invoice });
  stage.invoices = [...stage.invoices, invoice];
  const dueMinor = amountDueMinor(invoice);
  if (invoice.paidOutside)
    stage.ledger.post(
      operation.at,
      invoice.currency,
      ['outside', invoice.id, dueMinor],
      ['receivable', invoice.id, -dueMinor],
    );
  else if (invoice.charge !== null)
    lay(stage, operation.at, { invoice, charge: invoice.charge, amountMinor: dueMinor });
  if (invoice.intent === null || !isBasilOrLater(stage.journal.view.playedIn)) return null;
  const { intent } = invoice;
  return recordApplication(stage, operation, { invoice, intent, amountMinor: amountDueMinor(invoice) });
}

/** What ties a payment to an invoice. */
export function recordApplication(
  stage: Stage,
  operation: Operation,
  { invoice, intent, amountMinor }: { invoice: Invoice; intent: string; amountMinor: number },
): InvoicePayment {
  const payment = {
    id: newId(stage, 'inpay'),
    invoice: invoice.id,
    intent,
    amountMinor,
    currency: invoice.currency,
    createdAt: invoice.finalizedAt ?? operation.at,
    paidAt: operation.at,
    canceledAt: null,
  };
  operation.record('invoice_payment.paid', (view) => invoicePaymentShape(view, payment));
  return payment;
}

/** Lays money of a charge to an invoice; less than nothing takes it off. */
export function lay(
  { ledger }: Stage,
  at: Seconds,
  { invoice, charge, amountMinor }: { invoice: Invoice; charge: string; amountMinor: number },
): void {
  ledger.post(at, invoice.currency, ['loose', charge, amountMinor], ['receivable', invoice.id, -amountMinor]);
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
