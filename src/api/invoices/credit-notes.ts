import { creditedMinor, type NoteAmounts } from '../../../derivations/settling/credited.js';
import { creditNotes } from '../../../projections/credit-notes.js';
import type { Queryable } from '../../read-models/database.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { resourceOf } from '../resource.js';
import { timeOrNull } from '../values.js';

/** Credit notes on invoices. */
export const CREDIT_NOTES = resourceOf(creditNotes, 'credit_notes', { name: 'credit-notes', kind: 'credit note' });

/** The most credit notes per invoice in an answer. */
const SHOWN_MAX = 200;

/** Returns the credit notes of invoices: for each, the first `SHOWN_MAX`. */
export async function creditNotesOf(connection: Queryable, invoices: readonly string[]): Promise<readonly Row[]> {
  if (invoices.length === 0) return [];
  const { rows } = await connection.query<Row>(
    `select shown.* from unnest($1::text[]) of (invoice) cross join lateral (
       select * from ${CREDIT_NOTES.sources[0]} where invoice = of.invoice order by created_at, id limit ${SHOWN_MAX}) shown`,
    [invoices],
  );
  return rows;
}

/** Returns an invoice with its credit notes, the oldest first, and the credited amounts. Pure. */
export function withCreditNotes(invoice: Answer, rows: readonly Row[]): Answer {
  const notes = rows
    .filter((row) => row['invoice'] === invoice['id'])
    .sort((a, b) => timeOf(a['created_at']) - timeOf(b['created_at']) || (String(a['id']) < String(b['id']) ? -1 : 1));
  const { created: at } = invoice['changedBy'] as Readonly<{ created: Date | string }>;
  const creditedBy = (field: 'prePayment' | 'postPayment', column: Parameters<typeof creditedMinor>[2]): number =>
    creditedMinor(
      { statedMinor: Number(invoice[`${field}CreditNotesMinor`]), at },
      notes as unknown as readonly NoteAmounts[],
      column,
    );
  const prePayment = creditedBy('prePayment', 'pre_payment_amount_minor');
  const postPayment = creditedBy('postPayment', 'post_payment_amount_minor');
  return {
    ...invoice,
    prePaymentCreditNotesMinor: prePayment,
    postPaymentCreditNotesMinor: postPayment,
    creditedMinor: prePayment + postPayment,
    creditNotes: notes.map(answerOf),
  };
}

const timeOf = (time: unknown): number => timeOrNull(time)?.getTime() ?? 0;
