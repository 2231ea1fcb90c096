import { creditedMinor, isVoid, type NoteAmounts } from './credited.js';
import { paymentStatus, receivedMinor } from './received.js';

/** The Stripe event behind a fact, as rows name it. */
type Event = Readonly<{
  stripe_event_id: string;
  stripe_event_type: string;
  stripe_event_created: string;
  api_version: string | null;
}>;

/** An invoice by its own events, in minor units. */
export type OwedInvoice = Readonly<{
  id: string;
  status: string;
  amount_due_minor: number;
  amount_paid_minor: number;
  amount_remaining_minor: number;
  pre_payment_credit_notes_minor: number;
  paid_at: string | null;
}> &
  Event;

/** An invoice payment: ties a payment to the invoice, with the amount paid. */
export type Tie = Readonly<{
  status: string;
  amount_paid_minor: number;
  payment_intent: string | null;
  charge: string | null;
  payment_record: string | null;
  paid_at: string | null;
}> &
  Event;

/** A charge or payment intent of a payment tied to the invoice; `attempts` are the charges of its intent. */
export type PaymentPart = Readonly<{
  id: string;
  object: string;
  payment: string;
  status: string;
  amount_received_minor: number;
  created_at: string | null;
  attempts: readonly string[];
}> &
  Event;

export type SettlingFacts = Readonly<{
  notes: readonly (NoteAmounts & Event & Readonly<{ created_at: string | null }>)[];
  ties: readonly Tie[];
  parts: readonly PaymentPart[];
}>;

/** The state of an invoice by all known events, and the event that caused it. */
export type Settled = Pick<
  OwedInvoice,
  'status' | 'amount_due_minor' | 'amount_paid_minor' | 'amount_remaining_minor' | 'paid_at'
> &
  Readonly<{ event: Event }>;

/** When something happened, and the event that shows it. */
type Statement = Readonly<{ at: string; event: Event }>;
/** An amount applied to an invoice. */
type Paid = Statement & Readonly<{ amountMinor: number }>;

/** The statuses of an invoice that other objects may settle. */
export const OWED: readonly string[] = ['open', 'uncollectible'];

/**
 * The only rule for how credit notes and payments change an invoice after its last event; returns null if they add
 * nothing. A credit before payment lowers the amount due, and an invoice with nothing due is paid
 * (docs.stripe.com/invoicing/credit-notes). Payments before that event are in the invoice's own amounts, since Stripe
 * reopens an invoice when its payment fails later. Pure.
 */
export function settledBy(invoice: OwedInvoice, { notes, ties, parts }: SettlingFacts): Settled | null {
  if (!OWED.includes(invoice.status)) return null;
  const credited = creditedOff(invoice, notes);
  const paid = paidOff(credited ?? { ...invoice, credit: null }, paidParts(ties, parts));
  return paid ?? credited;
}

/** The amounts owed, and the credit note that last lowered them. */
type Owed = Omit<Settled, 'event'> & Pick<OwedInvoice, 'stripe_event_created'> & Readonly<{ credit: Statement | null }>;

function creditedOff(invoice: OwedInvoice, notes: SettlingFacts['notes']): (Settled & Owed) | null {
  const statedMinor = invoice.pre_payment_credit_notes_minor;
  const allMinor = creditedMinor({ statedMinor, at: invoice.stripe_event_created }, notes, 'pre_payment_amount_minor');
  const freshMinor = allMinor - statedMinor;
  if (freshMinor === 0) return null;
  const amount_due_minor = Math.max(invoice.amount_due_minor - freshMinor, 0);
  const amount_remaining_minor = Math.max(invoice.amount_remaining_minor - freshMinor, 0);
  const statements = notes.map((note) => ({ at: note.created_at ?? note.stripe_event_created, event: note, note }));
  const credit = latest(statements.filter(({ note }) => !isVoid(note))) ?? null;
  const isPaid = amount_remaining_minor === 0;
  return {
    status: isPaid ? 'paid' : invoice.status,
    ...{ amount_due_minor, amount_paid_minor: invoice.amount_paid_minor, amount_remaining_minor },
    paid_at: isPaid ? (credit?.at ?? invoice.paid_at) : invoice.paid_at,
    stripe_event_created: invoice.stripe_event_created,
    credit,
    event: latest(statements)?.event ?? invoice,
  };
}

function paidOff(invoice: Owed, paid: readonly Paid[]): Settled | null {
  if (!OWED.includes(invoice.status)) return null;
  const statedAt = invoice.stripe_event_created;
  const sum = (some: readonly Paid[]): number => some.reduce((total, { amountMinor }) => total + amountMinor, 0);
  const before = sum(paid.filter(({ at }) => at < statedAt));
  const atOnce = sum(paid.filter(({ at }) => at === statedAt));
  const since = sum(paid.filter(({ at }) => at > statedAt));
  const stated = invoice.amount_paid_minor;
  // Of payments in the second of the event, its own amount may include some: only the rest is added.
  const all = stated + since + Math.max(atOnce - Math.max(stated - before, 0), 0);
  const amount_paid_minor = Math.min(all, Math.max(stated, invoice.amount_due_minor));
  if (amount_paid_minor <= stated) return null;
  const amount_remaining_minor = Math.max(invoice.amount_remaining_minor - (amount_paid_minor - stated), 0);
  const last = latest<Statement>([...paid, ...(invoice.credit === null ? [] : [invoice.credit])]) as Statement;
  const isPaid = amount_remaining_minor === 0;
  return {
    status: isPaid ? 'paid' : invoice.status,
    ...{ amount_due_minor: invoice.amount_due_minor, amount_paid_minor, amount_remaining_minor },
    paid_at: isPaid ? last.at : invoice.paid_at,
    event: last.event,
  };
}

/**
 * The amounts that payments paid of the invoice, with their times: from ties, or from whole payments, as before
 * 2025-03-31.basil.
 */
function paidParts(ties: readonly Tie[], parts: readonly PaymentPart[]): readonly Paid[] {
  const tied = new Set<Tie>();
  const byParts = [...new Set(parts.map(({ payment }) => payment))].flatMap((payment) => {
    const own = parts.filter((part) => part.payment === payment);
    const names = new Set([payment, ...own.flatMap(({ id, attempts }) => [id, ...attempts])]);
    const telling = ties.filter(
      ({ payment_intent: intent, charge }) => names.has(intent ?? '') || names.has(charge ?? ''),
    );
    for (const tie of telling) tied.add(tie);
    const charges = own.filter(({ object }) => object === 'charge').sort(byTime);
    if (charges.length > 0 && charges.every(({ status }) => status === 'failed')) return [];
    if (telling.length > 0) return telling.flatMap(paidByTie);
    const intent = own.find(({ object }) => object === 'payment_intent');
    if (paymentStatus(intent, charges) !== 'succeeded') return [];
    const amountMinor = receivedMinor(intent, charges);
    return succeeded(own).map((one) => ({ ...one, amountMinor }));
  });
  return [...byParts, ...ties.filter((tie) => !tied.has(tie)).flatMap(paidByTie)];
}

const paidByTie = (tie: Tie): Paid[] =>
  tie.status === 'paid'
    ? [{ amountMinor: tie.amount_paid_minor, at: tie.paid_at ?? tie.stripe_event_created, event: tie }]
    : [];

/**
 * When a payment succeeded. If a later event replaced the success as the last of a part, that part's creation time is
 * used.
 */
function succeeded(parts: readonly PaymentPart[]): Statement[] {
  const all = parts.filter(({ status }) => status === 'succeeded');
  const stated = all.filter(({ stripe_event_type: type }) => SUCCESSES.includes(type));
  const [first] = stated.map((event) => ({ at: event.stripe_event_created, event })).sort(byMoment);
  const last = latest(all.map((event) => ({ at: event.created_at ?? event.stripe_event_created, event })));
  return [first ?? last ?? []].flat();
}

const SUCCESSES = ['charge.succeeded', 'charge.captured', 'payment_intent.succeeded'];

type Timed = Readonly<{ at: string }>;
const byMoment = (a: Timed, b: Timed): number => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
const latest = <T extends Timed>(all: readonly T[]): T | undefined => [...all].sort(byMoment).at(-1);
const byTime = (a: PaymentPart, b: PaymentPart): number =>
  byMoment({ at: a.created_at ?? '' }, { at: b.created_at ?? '' }) || (a.id < b.id ? -1 : 1);
