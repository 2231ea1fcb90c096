import { amountDueMinor, amountRefundedMinor } from './amounts.js';
import type { CreditNote, Invoice, Refund } from './books.js';
import { DAY, type Seconds } from './calendar.js';
import { recordInvoice } from './collection.js';
import type { Operation } from './journal.js';
import { chargesBy, refundPart } from './money-back.js';
import { creditNoteShape } from './shapes/credit-note.js';
import { newId, updateCustomer, type Stage } from './stage.js';

/** Returns part of a paid invoice, as a refund or as credit of the customer. */
export function creditPaidInvoice(stage: Stage, operation: Operation): void {
  const { random } = stage;
  const creditable = stage.invoices.flatMap((invoice) => {
    const charge = chargesBy(stage, operation).find(({ id }) => id === invoice.charge);
    const leftMinor =
      charge === undefined
        ? 0
        : Math.min(charge.amountMinor - amountRefundedMinor(charge), amountDueMinor(invoice) - invoice.postCreditMinor);
    return charge === undefined || leftMinor <= 0 ? [] : [{ invoice, charge, leftMinor }];
  });
  const chosen = creditable.at(-1);
  if (chosen === undefined) return;
  const { invoice, charge, leftMinor } = chosen;
  const amountMinor = random.chance(0.3) ? leftMinor : random.integer(1, leftMinor);
  const refund = random.chance(0.5) ? refundPart(stage, operation, { charge, amountMinor }) : null;
  if (refund === null) {
    updateCustomer(stage, operation, { balanceMinor: stage.customer.balanceMinor - amountMinor });
    const legs = [
      ['credit', stage.customer.id, -amountMinor],
      ['givenBack', charge.id, amountMinor],
    ] as const;
    stage.ledger.post(operation.at, invoice.currency, ...legs);
  }
  recordNote(operation, 'created', newNote(stage, invoice, { amountMinor, refund, at: operation.at }));
  const credited = { ...invoice, postCreditMinor: invoice.postCreditMinor + amountMinor };
  stage.invoices = stage.invoices.map((other) => (other === invoice ? credited : other));
  recordInvoice(operation, { type: 'invoice.updated', invoice: credited });
}

/**
 * Reduces the amount due of an open invoice with a credit note; voiding the note restores it. Returns the new invoice.
 */
export function creditOpenInvoice(stage: Stage, open: Invoice, at: Seconds): Invoice {
  const dueMinor = amountDueMinor(open);
  if (dueMinor < 2) return open;
  const operation = stage.journal.operation(at, 'merchant');
  const amountMinor = stage.random.integer(1, dueMinor - 1);
  const note = newNote(stage, open, { amountMinor, refund: null, at });
  const credited = { ...open, preCreditMinor: amountMinor };
  const ask = (when: Seconds, minor: number): void =>
    stage.ledger.post(when, open.currency, ['receivable', open.id, minor], ['billed', open.id, -minor]);
  ask(at, -amountMinor);
  recordNote(operation, 'created', note);
  recordInvoice(operation, { type: 'invoice.updated', invoice: credited });
  if (stage.random.chance(0.7)) return credited;
  const undoing = stage.journal.operation(at + stage.random.integer(1, DAY), 'merchant');
  ask(undoing.at, amountMinor);
  recordNote(undoing, 'voided', { ...note, status: 'void', voidedAt: undoing.at });
  recordInvoice(undoing, { type: 'invoice.updated', invoice: open });
  return open;
}

function newNote(
  stage: Stage,
  invoice: Invoice,
  { amountMinor, refund, at }: { amountMinor: number; refund: Refund | null; at: Seconds },
): CreditNote {
  return {
    id: newId(stage, 'cn'),
    number: `${String(invoice.number)}-CN-${stage.random.integer(1, 99)}`,
    invoice,
    amountMinor,
    refund,
    status: 'issued',
    createdAt: at,
    voidedAt: null,
  };
}

function recordNote(operation: Operation, what: 'created' | 'voided', note: CreditNote): void {
  operation.record(`credit_note.${what}`, (view) => creditNoteShape(view, note));
}
