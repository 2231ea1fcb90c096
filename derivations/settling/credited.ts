/** The fields of a credit note that decide what is credited. Times as rows hold them. */
export type NoteAmounts = Readonly<{
  status: string;
  pre_payment_amount_minor: number;
  post_payment_amount_minor: number;
  created_at: Time;
  voided_at: Time;
  stripe_event_created: Time;
}>;
/** A row's time: a Date from Postgres, a text from a fold. */
export type Time = Date | string | null;

/**
 * The amount that credit notes take back of an invoice: the known notes that are not void, plus the part of the
 * invoice's own total, as of `at`, that no note known by then explains. A note voided after `at` still explains its
 * amount, because the invoice counted it. Pure.
 */
export function creditedMinor(
  { statedMinor, at }: Readonly<{ statedMinor: number; at: Time }>,
  notes: readonly NoteAmounts[],
  column: 'pre_payment_amount_minor' | 'post_payment_amount_minor',
): number {
  const sum = (some: readonly NoteAmounts[]): number => some.reduce((total, note) => total + Number(note[column]), 0);
  const explaining = notes.filter(
    (note) => msOf(note.created_at) <= msOf(at) && !(isVoid(note) && voidedAt(note) < msOf(at)),
  );
  return sum(notes.filter((note) => !isVoid(note))) + Math.max(statedMinor - sum(explaining), 0);
}

export const isVoid = ({ status }: Pick<NoteAmounts, 'status'>): boolean => status === 'void';
const voidedAt = (note: NoteAmounts): number => msOf(note.voided_at ?? note.stripe_event_created);
const msOf = (time: Time): number => (time === null ? 0 : new Date(time).getTime());
