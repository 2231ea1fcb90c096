import { invoices } from '../../../projections/invoices.js';
import { paymentsOfInvoices } from '../payments/payment-queries.js';
import { invoiceAnswer } from './invoice-answer.js';
import { resourceOf } from '../resource.js';
import { creditNotesOf, withCreditNotes } from './credit-notes.js';

/** What the ledger knows of invoices; one by its id has the payments that it was, or was meant to be, paid by. */
export const INVOICES = {
  ...resourceOf(invoices, 'invoices', {
    name: 'invoices',
    kind: 'invoice',
    complete: async (connection, found, isOne) => {
      const ids = found.map(({ id }) => String(id));
      const notes = await creditNotesOf(connection, ids);
      const credited = found.map((invoice) => withCreditNotes(invoice, notes));
      if (!isOne) return credited;
      const payments = await paymentsOfInvoices(connection, ids);
      return credited.map((invoice) => invoiceAnswer(invoice, payments));
    },
  }),
  past: { kind: 'invoice', page: 'invoices', hasRevisions: false },
} as const;
