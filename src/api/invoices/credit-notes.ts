import { creditNotes } from '../../../projections/credit-notes.js';
import type { Queryable } from '../../read-models/database.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { resourceOf } from '../resource.js';
import { timeOrNull } from '../values.js';

/** What was taken back of invoices. */
export const CREDIT_NOTES = resourceOf(creditNotes, 'credit_notes', { name: 'credit-notes', kind: 'credit note' });

/** How many credit notes of an invoice an answer has. */
const SHOWN_MAX = 200;

/** What is known of the credit notes of an invoice. */
export async function creditNotesOf(connection: Queryable, invoice: string): Promise<Row[]> {
  const { rows } = await connection.query<Row>(
    `select * from ${CREDIT_NOTES.sources[0]} where invoice = $1 order by created_at, id limit ${SHOWN_MAX}`,
    [invoice],
  );
  return rows;
}

/**
 * An invoice with its credit notes, the first one first, and how much was credited. A credit note may be known before the invoice tells of
 * it: then its amounts count. Void ones count for nothing. Pure.
 */
export function withCreditNotes(invoice: Answer, rows: readonly Row[]): Answer {
  const notes = [...rows]
    .sort((a, b) => timeOf(a) - timeOf(b) || (String(a['id']) < String(b['id']) ? -1 : 1))
    .map(answerOf);
  const sum = (field: string): number =>
    notes.filter(({ status }) => status !== 'void').reduce((total, note) => total + Number(note[field]), 0);
  const prePayment = Math.max(Number(invoice['prePaymentCreditNotesMinor']), sum('prePaymentAmountMinor'));
  const postPayment = Math.max(Number(invoice['postPaymentCreditNotesMinor']), sum('postPaymentAmountMinor'));
  return {
    ...invoice,
    prePaymentCreditNotesMinor: prePayment,
    postPaymentCreditNotesMinor: postPayment,
    creditedMinor: prePayment + postPayment,
    creditNotes: notes,
  };
}

const timeOf = ({ created_at: at }: Row): number => timeOrNull(at)?.getTime() ?? 0;
