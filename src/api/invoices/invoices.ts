import { invoices } from '../../../projections/invoices.js';
import { paymentsOfInvoices } from '../payments/payment-queries.js';
import { invoiceAnswer } from './invoice-answer.js';
import { resourceOf } from '../resource.js';
import { creditNotesOf, withCreditNotes } from './credit-notes.js';
import { invoicesOfSubscriptions } from './of-subscriptions.js';
import { MOVED_BY_OTHERS, settledAnswer, settledNow, unsettledIds } from './settled.js';

/** Invoices; one requested by id includes the payments that paid it, or were meant to. */
export const INVOICES = {
  ...resourceOf(invoices, 'invoices', {
    name: 'invoices',
    kind: 'invoice',
    complete: async (connection, found, isOne) => {
      const ids = found.map(({ id }) => String(id));
      const notes = await creditNotesOf(connection, ids);
      const settled = await settledNow(connection, unsettledIds(found));
      const credited = found.map((invoice) => settledAnswer(withCreditNotes(invoice, notes), settled));
      if (!isOne) return credited;
      const payments = await paymentsOfInvoices(connection, ids);
      return credited.map((invoice) => invoiceAnswer(invoice, payments));
    },
  }),
  moved: MOVED_BY_OTHERS,
  own: { subscription: (subscriptions: string) => `id in (${invoicesOfSubscriptions(subscriptions)})` },
  past: { kind: 'invoice', page: 'invoices', hasRevisions: false },
} as const;
