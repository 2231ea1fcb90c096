import { invoices } from '../../../projections/invoices.js';
import { paymentsOfInvoice } from '../payments/payment-queries.js';
import { invoiceAnswer } from './invoice-answer.js';
import { resourceOf } from '../resource.js';
import { withCreditNotes } from './credit-notes.js';

/** What the ledger knows of invoices, with their credit notes; one by its id has the payments that it was, or was meant to be, paid by. */
export const INVOICES = {
  ...resourceOf(invoices, 'invoices', {
    name: 'invoices',
    kind: 'invoice',
    complete: async (connection, found, isOne) => {
      const invoicesFound = await withCreditNotes(connection, found);
      const [invoice] = invoicesFound;
      if (!isOne || invoice === undefined) return invoicesFound;
      return [invoiceAnswer(invoice, await paymentsOfInvoice(connection, String(invoice['id'])))];
    },
  }),
  past: { kind: 'invoice', page: 'invoices', hasRevisions: false },
} as const;
