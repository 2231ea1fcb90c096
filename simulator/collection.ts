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

/** How invoices are created, and paid or not. */

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

/**
 * The lines of one full period of every item. A trial costs nothing; metered items charge the usage of the preceding
 * period, if any.
 */
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
 * The finalised invoice: numbered, with fixed amounts, and with a payment intent when something is due. Its total
 * consumes the customer's credit, or becomes credit when negative.
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

/** Voids an invoice and returns the customer's credit that it had consumed. Returns the new invoice. */
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

/** Marks an invoice uncollectible and writes off what is open. */
export function writtenOff({ ledger }: Stage, at: Seconds, invoice: Invoice): Invoice {
  const openMinor = ledger.balance('receivable', invoice.id);
  ledger.post(at, invoice.currency, ['receivable', invoice.id, -openMinor], ['writtenOff', invoice.id, openMinor]);
  return { ...invoice, status: 'uncollectible', uncollectibleAt: at, autoAdvance: false };
}

/** Records the customer's update when finalising an invoice changed the credit. */
export function recordBalance(
  stage: Stage,
  operation: Operation,
  { startingBalanceMinor, endingBalanceMinor }: Invoice,
): void {
  if (endingBalanceMinor !== startingBalanceMinor) recordCustomer(stage, operation, 'customer.updated');
}

/** Collects a finalised invoice with a valid card, or settles it when nothing is due. */
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

/** The payment intent of an open invoice before its first attempt. */
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

/** Books money that Stripe moves for a charge, in real time. */
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

/**
 * Records that an invoice is settled: both event types of Stripe, and since basil the payment that links intent and
 * invoice.
 */
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

/** Records the payment that links an intent to an invoice. */
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

/** Applies money of a charge to an invoice; a negative amount detaches it. */
export function lay(
  { ledger }: Stage,
  at: Seconds,
  { invoice, charge, amountMinor }: { invoice: Invoice; charge: string; amountMinor: number },
): void {
  ledger.post(at, invoice.currency, ['loose', charge, amountMinor], ['receivable', invoice.id, -amountMinor]);
}

/** Records a failed attempt. The next one follows three days later, until there is none (`nextAttemptAt` null). */
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
