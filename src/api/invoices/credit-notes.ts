import { creditNotes } from '../../../projections/credit-notes.js';
import type { Queryable } from '../../read-models/database.js';
import type { Answer, Row } from '../answer.js';
import { answerOf } from '../answer.js';
import { resourceOf } from '../resource.js';

/** What was taken back of invoices. */
export const CREDIT_NOTES = resourceOf(creditNotes, 'credit_notes', { name: 'credit-notes', kind: 'credit note' });

/** How many credit notes of the invoices of one answer are shown. */
const SHOWN_MAX = 1_000;

/**
 * Invoices with how much was credited on them, the first credit note first. A credit note may be known before an invoice that tells of it:
 * then its amounts count. Void ones count for nothing.
 */
export async function withCreditNotes(connection: Queryable, found: readonly Answer[]): Promise<readonly Answer[]> {
  const { rows } = await connection.query<Row>(
    `select * from ${CREDIT_NOTES.sources[0]} where invoice = any($1) order by created_at, id limit ${SHOWN_MAX}`,
    [found.map(({ id }) => id)],
  );
  const notes = rows.map(answerOf);
  return found.map((invoice) => {
    const own = notes.filter((note) => note['invoice'] === invoice['id']);
    const sum = (field: string): number =>
      own.filter(({ status }) => status !== 'void').reduce((total, note) => total + Number(note[field]), 0);
    const prePayment = Math.max(Number(invoice['prePaymentCreditNotesMinor']), sum('prePaymentAmountMinor'));
    const postPayment = Math.max(Number(invoice['postPaymentCreditNotesMinor']), sum('postPaymentAmountMinor'));
    return {
      ...invoice,
      prePaymentCreditNotesMinor: prePayment,
      postPaymentCreditNotesMinor: postPayment,
      creditedMinor: prePayment + postPayment,
      creditNotes: own,
    };
  });
}
