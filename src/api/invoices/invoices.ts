import { invoices } from '../../../projections/invoices.js';
import { paymentsOfInvoice } from '../payments/payment-queries.js';
import { invoiceAnswer } from './invoice-answer.js';
import { resourceOf } from '../resource.js';

/** What the ledger knows of invoices; one by its id has the payments that it was, or was meant to be, paid by. */
export const INVOICES = {
  ...resourceOf(invoices, 'invoices', {
    name: 'invoices',
    kind: 'invoice',
    complete: async (connection, found, isOne) => {
      const [invoice] = found;
      if (!isOne || invoice === undefined) return found;
      return [invoiceAnswer(invoice, await paymentsOfInvoice(connection, String(invoice['id'])))];
    },
  }),
  past: { kind: 'invoice', page: 'invoices', hasRevisions: false },
} as const;
