import { amountDueMinor } from './amounts.js';
import { isBasilOrLater } from './api-version.js';
import type { Charge, Invoice, InvoiceLine, InvoicePayment } from './books.js';
import { DAY, MINUTE, type Seconds } from './calendar.js';
import {
  attempted,
  collectAtOnce,
  draftInvoice,
  finalized,
  lay,
  openIntent,
  paid,
  recordApplication,
  recordAttempt,
  recordBalance,
  recordFailure,
  recordInvoice,
  recordPaid,
  voided,
  writtenOff,
  type Attempt,
} from './collection.js';
import { creditOpenInvoice } from './credit-notes.js';
import type { Operation } from './journal.js';
import { refundPart } from './money-back.js';
import { invoiceItemShape } from './shapes/invoice-item.js';
import { invoicePaymentShape } from './shapes/invoice.js';
import { chargeShape, paymentIntentShape } from './shapes/payment.js';
import { newId, updateCustomer, type Stage } from './stage.js';
import { taxed } from './taxes.js';

const DAYS_UNTIL_DUE = 14;

/** Invoices one-off work without a subscription: charged by card at once, or sent to be paid. */
export function oneOffInvoice(stage: Stage, operation: Operation): void {
  const { at } = operation;
  const lines = Array.from({ length: stage.random.integer(1, 2) }, () => pendingLine(stage, operation));
  const isSent = stage.random.chance(0.6);
  const ofSubscription = draftInvoice(stage, at, { reason: 'manual', lines: [], periodStart: at, periodEnd: at });
  const draft: Invoice = {
    ...ofSubscription,
    lines: taxed(stage, lines),
    subscription: null,
    discount: null,
    dueAt: isSent ? at + DAYS_UNTIL_DUE * DAY : null,
  };
  recordInvoice(operation, { type: 'invoice.created', invoice: draft });
  const final = finalized(stage, at, draft);
  // A sent invoice gets its payment intent when it is paid.
  const open = isSent ? { ...final, intent: null } : final;
  recordInvoice(operation, { type: 'invoice.finalized', invoice: open });
  if (!isSent) return collectAtOnce(stage, operation, open);
  recordBalance(stage, operation, open);
  recordInvoice(operation, { type: 'invoice.sent', invoice: open });
  if (mayPayInParts(stage, open) && stage.random.chance(0.6)) return payTooMuch(stage, operation, open);
  settle(stage, open, at + stage.random.integer(1, 5) * DAY);
}

function pendingLine(stage: Stage, { at, record }: Operation): InvoiceLine {
  const { id: customer } = stage.customer;
  const { currency } = stage.subscription;
  const invoiceItem = newId(stage, 'ii');
  const line: InvoiceLine = {
    id: newId(stage, 'il'),
    item: null,
    invoiceItem,
    quantity: 1,
    amountMinor: stage.random.integer(500, 90_000),
    discountMinor: 0,
    tax: null,
    description: 'Onboarding',
    proration: false,
    periodStart: at,
    periodEnd: at,
  };
  record('invoiceitem.created', (view) =>
    invoiceItemShape(view, { id: invoiceItem, line, subscription: null, customer, currency, createdAt: at }),
  );
  return line;
}

/** Ends a sent invoice: paid by card or outside Stripe, voided, written off when overdue, or left open. */
function settle(stage: Stage, sent: Invoice, at: Seconds): void {
  const { random, journal } = stage;
  const open = random.chance(0.4) ? creditOpenInvoice(stage, sent, at) : sent;
  const operation = journal.operation(at + random.integer(2, 5) * DAY, 'merchant');
  // Voiding would have to return what the customer's balance paid.
  const usedBalance = open.startingBalanceMinor !== open.endingBalanceMinor;
  switch (
    random.weighted({
      card: amountDueMinor(open) > 0 ? 3 : 0,
      outside: 3,
      void: usedBalance ? 0 : 1,
      uncollectible: 1,
      open: 1,
      inParts: mayPayInParts(stage, open) ? 4 : 0,
      debit: mayPayByDebit(stage, open) ? 3 : 0,
    })
  ) {
    case 'card':
      return reopen(stage, open, payByCard(stage, operation, open));
    case 'inParts':
      return payInParts(stage, operation, open);
    case 'debit':
      return payByDebit(stage, operation, open);
    case 'outside':
      recordPaid(stage, operation, { ...paid(operation.at, open, null), paidOutside: true });
      return undefined;
    case 'void':
      return recordInvoice(operation, { type: 'invoice.voided', invoice: voided(stage, operation.at, open) });
    case 'uncollectible':
      return writeOff(stage, open);
    case 'open':
      return undefined;
  }
}

function payByCard(stage: Stage, operation: Operation, open: Invoice): InvoicePayment | null {
  const named = { ...open, intent: newId(stage, 'pi') };
  const { charge } = charged(stage, operation, named, amountDueMinor(named));
  return recordPaid(stage, operation, paid(operation.at, named, charge));
}

/** Pays by card with an intent of its own, for an invoice that names the intent. */
function charged(stage: Stage, operation: Operation, named: Invoice, amountMinor: number): Attempt {
  const intent = { ...openIntent(stage, operation.at, named), amountMinor };
  operation.record('payment_intent.created', (view) => paymentIntentShape(view, intent));
  const attempt = attempted(stage, operation.at, { intent, succeeds: true });
  recordAttempt(stage, operation, attempt);
  return attempt;
}

/** Under a test clock payments run on another time, and a debit takes time. */
const mayPayByDebit = ({ bank, journal }: Stage, open: Invoice): boolean =>
  bank && journal.view.clock === null && amountDueMinor(open) > 0;

/** Pays by bank debit, which takes days. When the bank refuses it, a card pays or nothing does. */
function payByDebit(stage: Stage, begun: Operation, open: Invoice): void {
  const { journal, random } = stage;
  const named = { ...open, intent: newId(stage, 'pi') };
  const intent = openIntent(stage, begun.at, named);
  begun.record('payment_intent.created', (view) => paymentIntentShape(view, intent));
  const endsAt = begun.at + random.integer(1, 5) * DAY;
  const attempt = attempted(stage, begun.at, { intent, succeeds: random.chance(0.7) });
  const debit = { ...attempt.charge, endsAt };
  const underWay: Charge = { ...debit, declineCode: null, balanceTransaction: null, isPending: true };
  begun.record('charge.pending', (view) => chargeShape(view, underWay));
  const processing = { ...intent, status: 'processing' as const, latestCharge: underWay };
  begun.record('payment_intent.processing', (view) => paymentIntentShape(view, processing));
  const ended = journal.operation(endsAt, 'stripe');
  recordAttempt(stage, ended, { charge: debit, intent: { ...attempt.intent, latestCharge: debit } });
  if (debit.declineCode === null) {
    recordPaid(stage, ended, paid(endsAt, named, debit));
    return;
  }
  const failed = recordFailure(stage, ended, { invoice: named, charge: debit, last: true });
  if (random.chance(0.5)) payByCard(stage, journal.operation(endsAt + random.integer(1, 3) * DAY, 'merchant'), failed);
}

/** Since basil one invoice can have several payments. */
const mayPayInParts = ({ bank, journal }: Stage, open: Invoice): boolean =>
  bank && isBasilOrLater(journal.view.playedIn) && amountDueMinor(open) > 1;

/** Pays part of an open invoice. Returns the new invoice. */
function payPart(stage: Stage, operation: Operation, open: Invoice, amountMinor: number): Invoice {
  const intent = newId(stage, 'pi');
  const { charge } = charged(stage, operation, { ...open, intent }, amountMinor);
  recordApplication(stage, operation, { invoice: open, intent, amountMinor });
  lay(stage, operation.at, { invoice: open, charge: charge.id, amountMinor });
  const partly = { ...open, partPaidMinor: open.partPaidMinor + amountMinor };
  recordInvoice(operation, { type: 'invoice.updated', invoice: partly });
  return partly;
}

/**
 * Pays the rest, or more, which becomes the customer's credit. The payment reports either its whole amount or the
 * amount due as paid.
 */
function payRest(stage: Stage, operation: Operation, partly: Invoice, tooMuchMinor: number): Charge {
  const restMinor = amountDueMinor(partly) - partly.partPaidMinor;
  const intent = newId(stage, 'pi');
  const { charge } = charged(stage, operation, { ...partly, intent }, restMinor + tooMuchMinor);
  const paidMinor = restMinor + (stage.random.chance(0.5) ? tooMuchMinor : 0);
  const invoice = { ...paid(operation.at, partly, charge), overpaidMinor: tooMuchMinor };
  recordApplication(stage, operation, { invoice, intent, amountMinor: paidMinor });
  recordInvoice(operation, { type: 'invoice.paid', invoice });
  lay(stage, operation.at, { invoice, charge: charge.id, amountMinor: restMinor + tooMuchMinor });
  if (tooMuchMinor === 0) return charge;
  stage.ledger.post(
    operation.at,
    invoice.currency,
    ['receivable', invoice.id, tooMuchMinor],
    ['credit', stage.customer.id, -tooMuchMinor],
  );
  recordInvoice(operation, { type: 'invoice.overpaid', invoice });
  updateCustomer(stage, operation, { balanceMinor: stage.customer.balanceMinor - tooMuchMinor });
  return charge;
}

function payInParts(stage: Stage, operation: Operation, open: Invoice): void {
  const dueMinor = amountDueMinor(open);
  const partly = payPart(stage, operation, open, stage.random.integer(1, dueMinor - 1));
  if (stage.random.chance(0.2)) return;
  payRest(stage, stage.journal.operation(operation.at + stage.random.integer(1, 3 * DAY), 'merchant'), partly, 0);
}

/** Two payments that together exceed the amount due; part of the second may be refunded. */
function payTooMuch(stage: Stage, operation: Operation, open: Invoice): void {
  const partly = payPart(stage, operation, open, stage.random.integer(1, amountDueMinor(open) - 1));
  const charge = payRest(stage, operation, partly, stage.random.integer(1, 5_000));
  if (stage.journal.view.clock !== null || !stage.random.chance(0.6)) return;
  const refunding = stage.journal.operation(operation.at + stage.random.integer(1, 5) * DAY, 'merchant');
  refundPart(stage, refunding, { charge, amountMinor: stage.random.integer(1, charge.amountMinor) });
}

/** Detaches the payment from the invoice, which is open again and then paid with another card, or not. */
function reopen(stage: Stage, open: Invoice, payment: InvoicePayment | null): void {
  const invoice = stage.invoices.at(-1);
  const charge = stage.charges.find(({ id }) => id === invoice?.charge);
  if (payment === null || invoice === undefined || charge === undefined) return;
  // Under a test clock payments run on another time, so the order of a refund and this could not be determined.
  if (stage.journal.view.clock !== null || !mayPayInParts(stage, open) || !stage.random.chance(0.7)) return;
  const paidAt = invoice.paidAt ?? invoice.createdAt;
  const operation = stage.journal.operation(paidAt + stage.random.integer(1, 3) * DAY, 'merchant');
  const { at } = operation;
  stage.invoices = stage.invoices.filter((other) => other !== invoice);
  stage.ledger.takenOff.set(charge.id, at);
  lay(stage, at, { invoice, charge: charge.id, amountMinor: -amountDueMinor(invoice) });
  const opened = { ...open, attemptCount: invoice.attemptCount };
  // Not every account receives the event about the payment itself.
  if (stage.random.chance(0.5))
    operation.record('invoice_payment.detached', (view) => invoicePaymentShape(view, { ...payment, canceledAt: at }));
  recordInvoice(operation, { type: 'invoice.updated', invoice: opened });
  if (stage.random.chance(0.4))
    refundPart(stage, stage.journal.operation(at + MINUTE, 'merchant'), {
      charge,
      amountMinor: stage.random.integer(1, charge.amountMinor),
    });
  if (stage.random.chance(0.6))
    payByCard(stage, stage.journal.operation(at + stage.random.integer(1, 3) * DAY, 'merchant'), opened);
}

function writeOff(stage: Stage, open: Invoice): void {
  const overdueAt = open.dueAt ?? open.createdAt;
  recordInvoice(stage.journal.operation(overdueAt, 'stripe'), { type: 'invoice.overdue', invoice: open });
  const operation = stage.journal.operation(overdueAt + 30 * DAY, 'merchant');
  const invoice = writtenOff(stage, operation.at, open);
  recordInvoice(operation, { type: 'invoice.marked_uncollectible', invoice });
}
