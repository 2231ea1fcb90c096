import { amountDueMinor } from './amounts.js';
import type { Invoice, InvoiceLine } from './books.js';
import { DAY, type Seconds } from './calendar.js';
import {
  attempted,
  collectAtOnce,
  draftInvoice,
  finalized,
  openIntent,
  paid,
  recordAttempt,
  recordBalance,
  recordInvoice,
  recordPaid,
} from './collection.js';
import { creditOpenInvoice } from './credit-notes.js';
import type { Operation } from './journal.js';
import { invoiceItemShape } from './shapes/invoice-item.js';
import { paymentIntentShape } from './shapes/payment.js';
import { newId, type Stage } from './stage.js';

const DAYS_UNTIL_DUE = 14;

/** Work that is charged once, on an invoice of no subscription: by card at once, or sent to be paid. */
export function oneOffInvoice(stage: Stage, operation: Operation): void {
  const { at } = operation;
  const lines = Array.from({ length: stage.random.integer(1, 2) }, () => pendingLine(stage, operation));
  const isSent = stage.random.chance(0.6);
  const ofSubscription = draftInvoice(stage, at, { reason: 'manual', lines: [], periodStart: at, periodEnd: at });
  const draft: Invoice = {
    ...ofSubscription,
    lines,
    subscription: null,
    discount: null,
    dueAt: isSent ? at + DAYS_UNTIL_DUE * DAY : null,
  };
  recordInvoice(operation, { type: 'invoice.created', invoice: draft });
  const final = finalized(stage, at, draft);
  // A sent invoice has its payment intent when it is paid.
  const open = isSent ? { ...final, intent: null } : final;
  recordInvoice(operation, { type: 'invoice.finalized', invoice: open });
  if (!isSent) return collectAtOnce(stage, operation, open);
  recordBalance(stage, operation, open);
  recordInvoice(operation, { type: 'invoice.sent', invoice: open });
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

/** How a sent invoice ends: paid by card or outside Stripe, void, written off after it was overdue, or not at all. */
function settle(stage: Stage, sent: Invoice, at: Seconds): void {
  const { random, journal } = stage;
  const open = random.chance(0.4) ? creditOpenInvoice(stage, sent, at) : sent;
  const operation = journal.operation(at + random.integer(2, 5) * DAY, 'merchant');
  // What the customer's balance paid would have to come back with a void invoice.
  const usedBalance = open.startingBalanceMinor !== open.endingBalanceMinor;
  switch (
    random.weighted({
      card: amountDueMinor(open) > 0 ? 3 : 0,
      outside: 3,
      void: usedBalance ? 0 : 1,
      uncollectible: 1,
      open: 1,
    })
  ) {
    case 'card':
      return payByCard(stage, operation, open);
    case 'outside':
      return recordPaid(stage, operation, { ...paid(operation.at, open, null), paidOutside: true });
    case 'void':
      return recordInvoice(operation, {
        type: 'invoice.voided',
        invoice: { ...open, status: 'void', voidedAt: operation.at, autoAdvance: false },
      });
    case 'uncollectible':
      return writeOff(stage, open);
    case 'open':
      return undefined;
  }
}

function payByCard(stage: Stage, operation: Operation, open: Invoice): void {
  const named = { ...open, intent: newId(stage, 'pi') };
  const intent = openIntent(stage, operation.at, named);
  operation.record('payment_intent.created', (view) => paymentIntentShape(view, intent));
  const attempt = attempted(stage, operation.at, { intent, succeeds: true });
  recordAttempt(stage, operation, attempt);
  recordPaid(stage, operation, paid(operation.at, named, attempt.charge));
}

function writeOff(stage: Stage, open: Invoice): void {
  const overdueAt = open.dueAt ?? open.createdAt;
  recordInvoice(stage.journal.operation(overdueAt, 'stripe'), { type: 'invoice.overdue', invoice: open });
  const operation = stage.journal.operation(overdueAt + 30 * DAY, 'merchant');
  recordInvoice(operation, {
    type: 'invoice.marked_uncollectible',
    invoice: { ...open, status: 'uncollectible', uncollectibleAt: operation.at, autoAdvance: false },
  });
}
