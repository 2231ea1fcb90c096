/** What credited is told by: a credit note, as far as that goes. Times as rows hold them. */
export type NoteAmounts = Readonly<{
  status: string;
  pre_payment_amount_minor: number;
  post_payment_amount_minor: number;
  created_at: Time;
  voided_at: Time;
  stripe_event_created: Time;
}>;
/** A time of a row: Postgres gives a Date, a fold the text of one. */
export type Time = Date | string | null;

/**
 * What credit notes take back of an invoice: those that are known and not void, and what of the invoice's own word, as of a time, no note
 * explains that it knew of then. A note that was voided later explains its amount: it was counted. Pure.
 */
export function creditedMinor(
  { saysMinor, at }: Readonly<{ saysMinor: number; at: Time }>,
  notes: readonly NoteAmounts[],
  column: 'pre_payment_amount_minor' | 'post_payment_amount_minor',
): number {
  const sum = (some: readonly NoteAmounts[]): number => some.reduce((total, note) => total + Number(note[column]), 0);
  const explaining = notes.filter(
    (note) => msOf(note.created_at) <= msOf(at) && !(isVoid(note) && voidedAt(note) < msOf(at)),
  );
  return sum(notes.filter((note) => !isVoid(note))) + Math.max(saysMinor - sum(explaining), 0);
}

export const isVoid = ({ status }: Pick<NoteAmounts, 'status'>): boolean => status === 'void';
const voidedAt = (note: NoteAmounts): number => msOf(note.voided_at ?? note.stripe_event_created);
const msOf = (time: Time): number => (time === null ? 0 : new Date(time).getTime());
