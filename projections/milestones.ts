import type {
  CreditNoteSnapshot,
  CustomerSnapshot,
  DeletionSnapshot,
  InvoiceItemSnapshot,
  InvoicePaymentSnapshot,
  InvoiceSnapshot,
  MovementSnapshot,
  PaymentSnapshot,
  RefundSnapshot,
} from '../src/events/normalise.js';
import { count, id, money, text, time } from './columns.js';
import { isOutdatedInvoice } from './invoices.js';
import { allBut, defineProjection, type EventReference } from './projection.js';
import { isAbout, provenanceColumns, provenanceOf, rowOf, type FactOf } from './row.js';

/** Amounts in minor units of `currency`: that of the stage, and the total so far. */
const columns = {
  object: id(),
  stage: id(),
  /** The count of this stage, from 1. */
  ordinal: count(),
  /** Stripe's name for the kind of object. */
  kind: id(),
  /** Stripe's own time of the stage if it gives one, else the time of the event that first showed it. */
  at: time(),
  currency: text(),
  amount_minor: money(),
  cumulative_minor: money(),
  customer: id().orNull(),
  invoice: id().orNull(),
  /** The payment: its intent, or its charge if it has no intent. */
  payment: id().orNull(),
  /** Another object that it names: a charge, a transfer, a payment record. */
  other: id().orNull(),
};

type Row = ReturnType<typeof milestoneRow>;
/**
 * `status`, `attemptCount`: those of an invoice. `levelMinor`: the last known amount paid of an invoice, or balance of
 * a customer.
 */
type State = Readonly<{
  rows: readonly Row[];
  status: string | null;
  attemptCount: number;
  levelMinor: number | null;
}>;

/** What the steps read of a snapshot; the state keeps this of the facts of its latest second. */
const narrow = {
  invoice: (snapshot: InvoiceSnapshot) => {
    const { kind, id: name, livemode, account, customer, currency, status, formerStatus, attemptCount } = snapshot;
    const { totalMinor, amountDueMinor, amountPaidMinor, amountOverpaidMinor, amountPaidOffStripeMinor } = snapshot;
    const { startingBalanceMinor, endingBalanceMinor, charge, paymentIntent } = snapshot;
    const { finalizedAt, paidAt, voidedAt, markedUncollectibleAt } = snapshot;
    return {
      kind,
      id: name,
      livemode,
      account,
      customer,
      currency,
      status,
      formerStatus,
      attemptCount,
      totalMinor,
      amountDueMinor,
      amountPaidMinor,
      amountOverpaidMinor,
      amountPaidOffStripeMinor,
      startingBalanceMinor,
      endingBalanceMinor,
      charge,
      paymentIntent,
      finalizedAt,
      paidAt,
      voidedAt,
      markedUncollectibleAt,
    };
  },
  payment: (snapshot: PaymentSnapshot) => {
    const { kind, object, id: name, livemode, account, customer, currency, status, invoice, orderReference } = snapshot;
    const { amountMinor, amountReceivedMinor, amountRefundedMinor, paymentIntent, charge, transfer, createdAt } =
      snapshot;
    return {
      kind,
      object,
      id: name,
      livemode,
      account,
      customer,
      currency,
      status,
      invoice,
      orderReference,
      amountMinor,
      amountReceivedMinor,
      amountRefundedMinor,
      paymentIntent,
      charge,
      transfer,
      createdAt,
    };
  },
  customer: ({ kind, id: name, livemode, account, currency, balanceMinor, formerBalanceMinor }: CustomerSnapshot) => ({
    kind,
    id: name,
    livemode,
    account,
    currency,
    balanceMinor,
    formerBalanceMinor,
  }),
};
type Invoice = ReturnType<typeof narrow.invoice>;
type Payment = ReturnType<typeof narrow.payment>;
type Customer = ReturnType<typeof narrow.customer>;

/**
 * Which stages did each object reach, when, and by which event? A row is a stage reached for the first time, or an
 * amount above the highest so far; repeats, duplicates and stale snapshots add none. The books are built from these
 * rows.
 */
export const milestones = defineProjection({
  name: 'milestones',
  version: 2,
  tables: {
    milestones: {
      columns: { ...columns, ...provenanceColumns },
      key: ['object', 'stage', 'ordinal'],
      indexes: [['invoice'], ['payment'], ['customer', 'stage']],
    },
  },
  objectOf: isAbout('invoiceitem'),
  narrow,
  initial: (): State => ({ rows: [], status: null, attemptCount: 0, levelMinor: null }),
  evolve: {
    invoice: (state, fact: FactOf<Invoice>) => ofInvoice(state, fact),
    invoice_payment: (state, fact) => ofInvoicePayment(state, fact),
    credit_note: (state, fact) => ofCreditNote(state, fact),
    payment: (state, fact: FactOf<Payment>) => ofPayment(state, fact),
    refund: (state, fact) => ofRefund(state, fact),
    movement: (state, fact) => ofMovement(state, fact),
    customer: (state, fact: FactOf<Customer>) => ofCustomer(state, fact),
    invoice_item: (state, fact) => ofItem(state, fact),
    deletion: (state, fact) => ofDeletion(state, fact),
    ...allBut(
      'invoice',
      'invoice_payment',
      'credit_note',
      'payment',
      'refund',
      'movement',
      'customer',
      'invoice_item',
      'deletion',
    ),
  },
  rows: ({ rows }) => ({ milestones: rows }),
});

type MilestoneSubject = Readonly<{
  kind: string;
  id: string;
  currency: string;
  livemode: boolean;
  account: string | null;
}>;
type Links = Readonly<Partial<Record<'customer' | 'invoice' | 'payment' | 'other', string | null>>>;
type Stage = Readonly<{ stage: string; at: string; amountMinor: number; cumulativeMinor?: number }> & Links;

const milestoneRow = (subject: MilestoneSubject, stage: Stage, ordinal: number, event: EventReference) => {
  const { customer = null, invoice = null, payment = null, other = null, amountMinor } = stage;
  const fields = {
    object: subject.id,
    stage: stage.stage,
    ordinal,
    kind: subject.kind,
    at: stage.at,
    currency: subject.currency,
    amountMinor,
    cumulativeMinor: stage.cumulativeMinor ?? amountMinor,
    customer,
    invoice,
    payment,
    other,
  };
  return rowOf(columns, fields, provenanceOf({ snapshot: subject, event }));
};

const of = ({ rows }: State, stage: string): readonly Row[] => rows.filter((row) => row.stage === stage);
const has = (state: State, stage: string): boolean => state.rows.some((row) => row.stage === stage);
const reached = (state: State, stage: string): number => of(state, stage).at(-1)?.cumulative_minor ?? 0;

const withStage = (state: State, subject: MilestoneSubject, stage: Stage, event: EventReference): State => ({
  ...state,
  rows: [...state.rows, milestoneRow(subject, stage, of(state, stage.stage).length + 1, event)],
});

/** Adds a stage that is reached only once. */
const once = (state: State, subject: MilestoneSubject, stage: Stage, event: EventReference): State =>
  has(state, stage.stage) ? state : withStage(state, subject, stage, event);

/** Adds a stage that comes in steps, if the amount is above the highest so far. */
function upTo(
  state: State,
  subject: MilestoneSubject,
  stage: Omit<Stage, 'amountMinor'>,
  cumulativeMinor: number,
  event: EventReference,
): State {
  const before = reached(state, stage.stage);
  if (cumulativeMinor <= before) return state;
  return withStage(state, subject, { ...stage, amountMinor: cumulativeMinor - before, cumulativeMinor }, event);
}

const earliest = (...times: readonly (string | null)[]): string =>
  times.filter((one) => one !== null).sort()[0] as string;

function ofInvoice(before: State, { snapshot, event }: FactOf<Invoice>): State {
  const { status, attemptCount, formerStatus, customer } = snapshot;
  const known = before.status === null ? null : { status: before.status, attemptCount: before.attemptCount };
  if (status === 'draft' || (known !== null && isOutdatedInvoice(known, { status, formerStatus, attemptCount })))
    return before;
  const invoice = { kind: 'invoice', ...pick(snapshot) };
  const { created } = event;
  const links = { customer, invoice: snapshot.id };
  const isFirst = !has(before, 'finalized');
  const { finalizedAt, paidAt, voidedAt, markedUncollectibleAt } = snapshot;
  const at = finalizedAt ?? earliest(created, paidAt, voidedAt, markedUncollectibleAt);
  let state = once(before, invoice, { ...links, stage: 'finalized', at, amountMinor: snapshot.totalMinor }, event);
  state = withBalance(state, invoice, { ...links, at: isFirst ? at : created }, snapshot, event);
  if (markedUncollectibleAt !== null || status === 'uncollectible') {
    const stage = { ...links, stage: 'uncollectible', at: markedUncollectibleAt ?? created, amountMinor: 0 };
    state = once(state, invoice, stage, event);
  }
  state = withPayments(state, invoice, snapshot, event);
  if (status === 'void')
    state = once(state, invoice, { ...links, stage: 'void', at: voidedAt ?? created, amountMinor: 0 }, event);
  return { ...state, status, attemptCount };
}

const pick = ({
  id: name,
  currency,
  livemode,
  account,
}: Omit<MilestoneSubject, 'kind'>): Omit<MilestoneSubject, 'kind'> => ({
  id: name,
  currency,
  livemode,
  account,
});

/**
 * Adds the part of the invoice that the customer's balance paid; negative when the balance added a debt to it. A void
 * invoice may already have returned it.
 */
function withBalance(
  state: State,
  invoice: MilestoneSubject,
  links: Links & { at: string },
  { startingBalanceMinor: start, endingBalanceMinor: end, amountDueMinor, totalMinor, status }: Invoice,
  event: EventReference,
): State {
  if (status === 'void' && has(state, 'balance')) return state;
  const deltaMinor = end === null ? (start === 0 ? 0 : totalMinor - amountDueMinor) : end - start;
  const before = reached(state, 'balance');
  if (Math.abs(deltaMinor) <= Math.abs(before)) return state;
  const amounts = { amountMinor: deltaMinor - before, cumulativeMinor: deltaMinor };
  return withStage(state, invoice, { ...links, stage: 'balance', ...amounts }, event);
}

/** Adds what was paid, including outside Stripe, and what was taken back when the invoice was reopened. */
function withPayments(before: State, invoice: MilestoneSubject, snapshot: Invoice, event: EventReference): State {
  const { customer, id: name, amountPaidMinor: paid, paidAt, status, charge, paymentIntent } = snapshot;
  const links = { customer, invoice: name };
  const level = before.levelMinor ?? 0;
  let state = before;
  if (before.status === 'paid' && status === 'open' && paid < level) {
    const amounts = { amountMinor: level - paid, cumulativeMinor: paid };
    state = withStage(state, invoice, { ...links, stage: 'reopened', at: event.created, ...amounts }, event);
  }
  if (paid > level) {
    const payment = paymentIntent ?? charge;
    const at = status === 'paid' && paidAt !== null ? paidAt : event.created;
    const stage = { ...links, payment, other: charge ?? paymentIntent, stage: 'paid', at };
    state = withStage(state, invoice, { ...stage, amountMinor: paid - level, cumulativeMinor: paid }, event);
  }
  const at = paidAt ?? event.created;
  state = upTo(state, invoice, { ...links, stage: 'external', at }, snapshot.amountPaidOffStripeMinor ?? 0, event);
  state = upTo(state, invoice, { ...links, stage: 'overpaid', at: event.created }, snapshot.amountOverpaidMinor, event);
  return { ...state, levelMinor: status === 'open' || paid > level ? paid : level };
}

/** A detached payment counts as attached again only when it was paid at another time. */
function ofInvoicePayment(state: State, { snapshot, event }: FactOf<InvoicePaymentSnapshot>): State {
  const { invoice, paymentIntent, charge, paymentRecord, status, amountPaidMinor, paidAt, canceledAt } = snapshot;
  const subject = { ...pick(snapshot), kind: 'invoice_payment' };
  const links = { invoice, payment: paymentIntent ?? charge, other: paymentRecord };
  const last = of(state, 'paid').at(-1);
  const isOff = of(state, 'unapplied').length === of(state, 'paid').length;
  if (event.type === 'invoice_payment.detached' || status === 'canceled') {
    if (last === undefined || isOff) return state;
    const at = canceledAt ?? event.created;
    return withStage(state, subject, { ...links, stage: 'unapplied', at, amountMinor: last.amount_minor }, event);
  }
  const at = paidAt ?? event.created;
  if (status !== 'paid' || amountPaidMinor === 0 || !isOff || last?.at === at) return state;
  return withStage(state, subject, { ...links, stage: 'paid', at, amountMinor: amountPaidMinor }, event);
}

function ofCreditNote(before: State, { snapshot, event }: FactOf<CreditNoteSnapshot>): State {
  const { customer, invoice, status, createdAt, voidedAt, refunds, outOfBandAmountMinor: outside } = snapshot;
  const { prePaymentAmountMinor, postPaymentAmountMinor, customerBalanceTransaction } = snapshot;
  const subject = { ...pick(snapshot), kind: 'credit_note' };
  const links = { customer, invoice };
  const at = createdAt ?? event.created;
  const amountMinor = prePaymentAmountMinor + postPaymentAmountMinor;
  let state = once(before, subject, { ...links, stage: 'issued', at, amountMinor }, event);
  const refunded = refunds.reduce((sum, refund) => sum + (refund.amountMinor ?? 0), 0);
  // Refunds and payments outside Stripe come first; the rest went to the customer balance.
  const credited = customerBalanceTransaction === null ? 0 : postPaymentAmountMinor - refunded - outside;
  if (credited > 0) state = once(state, subject, { ...links, stage: 'credited', at, amountMinor: -credited }, event);
  if (status !== 'void') return state;
  return once(
    state,
    subject,
    { ...links, stage: 'void', at: voidedAt ?? event.created, amountMinor: -amountMinor },
    event,
  );
}

/** Events of these types come with the change; other types may show it late. */
const OF_A_CAPTURE = ['charge.succeeded', 'charge.captured', 'payment_intent.succeeded', 'charge.pending'];

function ofPayment(before: State, { snapshot, event }: FactOf<Payment>): State {
  const { object, id: name, customer, status, paymentIntent, charge, transfer, createdAt, amountMinor } = snapshot;
  const subject = { ...pick(snapshot), kind: object };
  const links = {
    customer,
    invoice: snapshot.invoice ?? snapshot.orderReference,
    payment: paymentIntent ?? name,
    other: object === 'charge' ? transfer : charge,
  };
  // Another type may be the first event seen long after the charge; then the creation time is closer.
  const at =
    OF_A_CAPTURE.includes(event.type) || has(before, 'captured') || has(before, 'pending')
      ? event.created
      : (createdAt ?? event.created);
  let state = before;
  if (object === 'charge' && status === 'pending')
    state = once(state, subject, { ...links, stage: 'pending', at, amountMinor }, event);
  state = upTo(state, subject, { ...links, stage: 'captured', at }, snapshot.amountReceivedMinor, event);
  if (object === 'charge' && status === 'failed') {
    const lost = reached(state, 'captured') - reached(state, 'failed');
    const amounts = { amountMinor: lost, cumulativeMinor: reached(state, 'captured') };
    if (lost > 0) return withStage(state, subject, { ...links, stage: 'failed', at: event.created, ...amounts }, event);
    return has(state, 'captured') || !has(state, 'pending')
      ? state
      : once(state, subject, { ...links, stage: 'declined', at: event.created, amountMinor }, event);
  }
  return upTo(
    state,
    subject,
    { ...links, stage: 'refunded', at: event.created },
    snapshot.amountRefundedMinor ?? 0,
    event,
  );
}

/**
 * A refund that was never pending and never moved money does not count; a failed one counts only if it was made before.
 */
function ofRefund(state: State, { snapshot, event }: FactOf<RefundSnapshot>): State {
  const { id: name, customer, charge, paymentIntent, status, amountMinor, balanceTransaction, createdAt } = snapshot;
  const subject = { ...pick({ ...snapshot, id: name }), kind: 'refund' };
  const links = { customer, payment: paymentIntent ?? charge, other: charge };
  if (status === 'failed' || status === 'canceled')
    return has(state, 'made')
      ? once(state, subject, { ...links, stage: 'failed', at: event.created, amountMinor }, event)
      : state;
  if (status !== 'pending' && status !== 'succeeded' && balanceTransaction === null) return state;
  return once(state, subject, { ...links, stage: 'made', at: createdAt ?? event.created, amountMinor }, event);
}

function ofMovement(before: State, { snapshot, event }: FactOf<MovementSnapshot>): State {
  const { object, status, amountMinor, reversedMinor, charge, createdAt, arrivesAt } = snapshot;
  const subject = { ...pick(snapshot), kind: object };
  const links = { payment: charge };
  const { created } = event;
  if (object === 'topup') {
    const state =
      status === 'succeeded' || status === 'reversed'
        ? once(before, subject, { stage: 'succeeded', at: created, amountMinor }, event)
        : before;
    return status === 'reversed' ? once(state, subject, { stage: 'reversed', at: created, amountMinor }, event) : state;
  }
  let state = once(before, subject, { ...links, stage: 'created', at: createdAt ?? created, amountMinor }, event);
  const steps = object === 'application_fee' ? 'refunded' : 'reversed';
  if (object !== 'payout') return upTo(state, subject, { ...links, stage: steps, at: created }, reversedMinor, event);
  // `arrivesAt` is an estimate: the payout has not arrived before an event says so.
  const arrived = arrivesAt === null || arrivesAt > created ? created : arrivesAt;
  if (status === 'paid') state = once(state, subject, { stage: 'paid', at: arrived, amountMinor }, event);
  if (status !== 'failed' && status !== 'canceled') return state;
  return once(state, subject, { stage: 'failed', at: created, amountMinor }, event);
}

/** The first balance seen is an opening balance, unless the customer was just created. */
function ofCustomer(before: State, { snapshot, event }: FactOf<Customer>): State {
  const { currency, balanceMinor: balance, formerBalanceMinor: former } = snapshot;
  if (currency === null && balance === 0) return { ...before, levelMinor: before.levelMinor ?? former ?? 0 };
  const subject = { ...pick({ ...snapshot, currency: currency ?? 'unknown' }), kind: 'customer' };
  const stage = { customer: snapshot.id, at: event.created };
  const level = before.levelMinor ?? former ?? (event.type === 'customer.created' ? 0 : balance);
  let state = before;
  if (before.levelMinor === null && level !== 0)
    state = withStage(
      state,
      subject,
      { ...stage, stage: 'opening', amountMinor: level, cumulativeMinor: level },
      event,
    );
  if (balance !== level)
    state = withStage(
      state,
      subject,
      { ...stage, stage: 'balance', amountMinor: balance - level, cumulativeMinor: balance },
      event,
    );
  return { ...state, levelMinor: balance };
}

function ofItem(state: State, { snapshot, event }: FactOf<InvoiceItemSnapshot>): State {
  const { customer, invoice, amountMinor, createdAt } = snapshot;
  const subject = { ...pick(snapshot), kind: 'invoiceitem' };
  return once(
    state,
    subject,
    { customer, invoice, stage: 'created', at: createdAt ?? event.created, amountMinor },
    event,
  );
}

/** Only deletions of known items count; nothing was booked for others. */
function ofDeletion(state: State, { snapshot, event }: FactOf<DeletionSnapshot>): State {
  const [made] = of(state, 'created');
  if (made === undefined || made.kind !== 'invoiceitem') return state;
  const { customer, invoice, amount_minor: amountMinor, currency, object } = made;
  const subject = { ...pick({ ...snapshot, id: object, currency }), kind: 'invoiceitem' };
  return once(state, subject, { customer, invoice, stage: 'deleted', at: event.created, amountMinor }, event);
}
