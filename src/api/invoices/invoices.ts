import { invoices } from '../../../projections/invoices.js';
import { paymentsOfInvoices, paymentsPaying } from '../payments/payment-queries.js';
import { invoiceAnswer } from './invoice-answer.js';
import { resourceOf } from '../resource.js';
import { creditNotesOf, withCreditNotes } from './credit-notes.js';
import { invoicesOfSubscriptions } from './of-subscriptions.js';
import { settledAnswer, unsettledIds } from './settled.js';

/** What the ledger knows of invoices; one by its id has the payments that it was, or was meant to be, paid by. */
export const INVOICES = {
  ...resourceOf(invoices, 'invoices', {
    name: 'invoices',
    kind: 'invoice',
    complete: async (connection, found, isOne) => {
      const ids = found.map(({ id }) => String(id));
      const notes = await creditNotesOf(connection, ids);
      const credited = found.map((invoice) => withCreditNotes(invoice, notes));
      if (!isOne) {
        const paying = await paymentsPaying(connection, unsettledIds(found));
        return credited.map((invoice) => settledAnswer(invoice, paying));
      }
      const payments = await paymentsOfInvoices(connection, ids);
      return credited.map((invoice) => invoiceAnswer(invoice, payments));
    },
  }),
  own: { subscription: (subscriptions: string) => `id in (${invoicesOfSubscriptions(subscriptions)})` },
  past: { kind: 'invoice', page: 'invoices', hasRevisions: false },
} as const;
