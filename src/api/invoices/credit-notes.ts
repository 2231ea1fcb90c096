import { creditNotes } from '../../../projections/credit-notes.js';
import type { Queryable } from '../../read-models/database.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { resourceOf } from '../resource.js';
import { timeOrNull } from '../values.js';

/** What was taken back of invoices. */
export const CREDIT_NOTES = resourceOf(creditNotes, 'credit_notes', { name: 'credit-notes', kind: 'credit note' });

/** How many credit notes of an invoice an answer has. */
const SHOWN_MAX = 200;

/** What is known of the credit notes of invoices, of each the first `SHOWN_MAX`. */
export async function creditNotesOf(connection: Queryable, invoices: readonly string[]): Promise<readonly Row[]> {
  if (invoices.length === 0) return [];
  const { rows } = await connection.query<Row>(
    `select shown.* from unnest($1::text[]) of (invoice) cross join lateral (
       select * from ${CREDIT_NOTES.sources[0]} where invoice = of.invoice order by created_at, id limit ${SHOWN_MAX}) shown`,
    [invoices],
  );
  return rows;
}

/**
 * An invoice with its credit notes, the first one first, and how much was credited. What is credited before payment is not due: Stripe lowers
 * what it asks for, and an invoice that asks for nothing more is paid (docs.stripe.com/invoicing/credit-notes). Pure.
 */
export function withCreditNotes(invoice: Answer, rows: readonly Row[]): Answer {
  const notes = rows
    .filter((row) => row['invoice'] === invoice['id'])
    .sort((a, b) => timeOf(a['created_at']) - timeOf(b['created_at']) || (String(a['id']) < String(b['id']) ? -1 : 1));
  const { created } = invoice['changedBy'] as Readonly<{ created: unknown }>;
  const creditedBy = (field: 'prePayment' | 'postPayment', column: NoteAmount): number =>
    creditedMinor({ saysMinor: Number(invoice[`${field}CreditNotesMinor`]), at: created }, notes, column);
  const prePayment = creditedBy('prePayment', 'pre_payment_amount_minor');
  const postPayment = creditedBy('postPayment', 'post_payment_amount_minor');
  const fresh = prePayment - Number(invoice['prePaymentCreditNotesMinor']);
  const isOwed = invoice['status'] === 'open' || invoice['status'] === 'uncollectible';
  return {
    ...invoice,
    ...(isOwed && fresh !== 0 ? dueWithout(fresh, invoice) : {}),
    prePaymentCreditNotesMinor: prePayment,
    postPaymentCreditNotesMinor: postPayment,
    creditedMinor: prePayment + postPayment,
    creditNotes: notes.map(answerOf),
  };
}

function dueWithout(creditedMinor: number, invoice: Answer): Answer {
  const amountDueMinor = Math.max(Number(invoice['amountDueMinor']) - creditedMinor, 0);
  const amountRemainingMinor = Math.max(Number(invoice['amountRemainingMinor']) - creditedMinor, 0);
  return { amountDueMinor, amountRemainingMinor, ...(amountRemainingMinor === 0 ? { status: 'paid' } : {}) };
}

type NoteAmount = 'pre_payment_amount_minor' | 'post_payment_amount_minor';

/**
 * What credit notes take back of an invoice: those that are known and not void, and what of the invoice's own word, as of a time, no note
 * explains that it knew of then. A note that was voided later explains its amount: it was counted. Pure.
 */
export function creditedMinor(
  { saysMinor, at }: Readonly<{ saysMinor: number; at: unknown }>,
  notes: readonly Row[],
  column: NoteAmount,
): number {
  const sum = (some: readonly Row[]): number => some.reduce((total, note) => total + Number(note[column]), 0);
  const isVoid = (note: Row): boolean => note['status'] === 'void';
  const explaining = notes.filter(
    (note) => timeOf(note['created_at']) <= timeOf(at) && !(isVoid(note) && voidedAt(note) < timeOf(at)),
  );
  return sum(notes.filter((note) => !isVoid(note))) + Math.max(saysMinor - sum(explaining), 0);
}

const voidedAt = (note: Row): number => timeOf(note['voided_at'] ?? note['stripe_event_created']);
const timeOf = (time: unknown): number => timeOrNull(time)?.getTime() ?? 0;
