import { invoices } from '../../../projections/invoices.js';
import { paymentsOfInvoices } from '../payments/payment-queries.js';
import { invoiceAnswer } from './invoice-answer.js';
import { resourceOf } from '../resource.js';
import { creditNotesOf, withCreditNotes } from './credit-notes.js';

/** What the ledger knows of invoices; one by its id has its credit notes, and the payments that it was, or was meant to be, paid by. */
export const INVOICES = {
  ...resourceOf(invoices, 'invoices', {
    name: 'invoices',
    kind: 'invoice',
    complete: async (connection, found, isOne) => {
      const [invoice] = found;
      if (!isOne || invoice === undefined) return found;
      const id = String(invoice['id']);
      const credited = withCreditNotes(invoice, await creditNotesOf(connection, id));
      return [invoiceAnswer(credited, await paymentsOfInvoices(connection, [id]))];
    },
  }),
  past: { kind: 'invoice', page: 'invoices', hasRevisions: false },
} as const;
