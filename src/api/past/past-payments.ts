import { creditNotes } from '../../../projections/credit-notes.js';
import { disputes } from '../../../projections/disputes.js';
import { invoicePayments } from '../../../projections/invoice-payments.js';
import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import { payments } from '../../../projections/payments.js';
import type { AnyProjection, Tables } from '../../../projections/projection.js';
import { refunds } from '../../../projections/refunds.js';
import type { Moment } from '../../as-of/moment.js';
import type { Streams } from '../../as-of/past-rows.js';
import type { Queryable, Snapshots } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { asOfAnswer, notKnownThen, rowsAt, tablesAt, type AsOf, type AsOfAnswer, type PageThen } from './as-of.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { compared, placeOf, type Listing } from '../../read-models/listing.js';
import { pageInMemory } from '../lists.js';
import { invoiceAnswer } from '../invoices/invoice-answer.js';
import { invoicesOfSubscriptionsAmong, streamsOfInvoicesOf } from '../invoices/of-subscriptions.js';
import { settledThen, SETTLING, unsettledIds, withSettled, type SettledById } from '../invoices/settled.js';
import { withCreditNotes } from '../invoices/credit-notes.js';
import { notFound } from '../not-found.js';
import {
  answersAbout,
  invoicePaymentsKnown,
  nameOfTie,
  partsOfInvoice,
  type Link,
  type PaymentFacts,
} from '../payments/payment-answer.js';
import {
  isAmong,
  isAsked,
  isTiedOnly,
  PAYMENTS_LIST,
  PAYMENTS_OF_INVOICE_MAX,
  partsEverOf,
  streamsOfPayments,
  tiedToInvoices,
} from '../payments/payment-queries.js';

/** The sources of an answer about the past: the log, and the read models to find the streams. */
export type PastSource = Readonly<{ past: AsOf; database: Snapshots }>;
type AnswerThen = Answer & { asOf: AsOfAnswer };

/**
 * Returns a payment as of a moment, by the id of its intent or of a charge. @throws ProblemError 404 when nothing of it
 * was known, or true, by then
 */
export async function pastPayment({ past, database }: PastSource, id: string, at: Moment): Promise<AnswerThen> {
  // Included even if no row names them: all events of the payment may be parked.
  const own = [`payment_intent-${id}`, `charge-${id}`];
  const streams = await past.read(
    distinct([...own, ...(await database.snapshot((connection) => streamsOfPayments(connection, [id])))]),
  );
  const [payment] = paymentsWith(await settledFacts({ past, database }, factsAt(streams, at), { streams, at }), [id]);
  if (payment === undefined) throw neverOrThen('payment', id, [...streams.values()]);
  return { ...payment, asOf: asOfAnswer(streams, at) };
}

/**
 * Returns an invoice as of a moment, with the payments that paid it, or were meant to. @throws ProblemError 404 as
 * `pastPayment`
 */
export async function pastInvoice({ past, database }: PastSource, id: string, at: Moment): Promise<AnswerThen> {
  const { own, others } = await streamsOfInvoice(database, id);
  const streams = await past.read(distinct([...own, ...others]));
  const row = rowsAt(invoices, streams, at).invoices.find((one) => one['id'] === id);
  if (row === undefined)
    throw neverOrThen(
      'invoice',
      id,
      own.map((stream) => streams.get(stream) ?? []),
    );
  const facts = await settledFacts({ past, database }, factsAt(streams, at), { streams, at });
  const paying = paymentsWith(facts, partsOfInvoice(facts.links, id)).slice(0, PAYMENTS_OF_INVOICE_MAX);
  const notes = rowsAt(creditNotes, streams, at).credit_notes;
  const settled = facts.invoices.find((one) => one['id'] === id) ?? row;
  return { ...invoiceAnswer(withCreditNotes(answerOf(settled), notes), paying), asOf: asOfAnswer(streams, at) };
}

/** Returns the streams of an invoice, and those of payments and credit notes that any event has ever linked to it. */
export function streamsOfInvoice(
  database: Snapshots,
  id: string,
): Promise<Readonly<{ own: readonly string[]; others: readonly string[] }>> {
  return database.snapshot(async (connection) => {
    const { rows } = await connection.query<{ stream: string }>(
      `select distinct stream from ${viewOf(links, 'links')} where object = 'invoice' and id = $1`,
      [id],
    );
    const noted = await streamsOfCreditNotes(connection, [id]);
    const tied = await tiedToInvoices(connection, [id]);
    const ofPayments = tied.length === 0 ? [] : await streamsOfPayments(connection, tied);
    // An invoice without subscription and customer has a stream but no link.
    return {
      own: [`invoice-${id}`, ...rows.map(({ stream }) => stream)],
      others: [...ofPayments, ...noted],
    };
  });
}

/** Returns the streams of all credit notes that have ever named one of these invoices. */
export async function streamsOfCreditNotes(connection: Queryable, invoiceIds: readonly string[]): Promise<string[]> {
  const { rows } = await connection.query<{ stream: string }>(
    `select distinct stream from ${viewOf(links, 'links')} where object = 'credit_note' and target = any($1) and target_kind = 'invoice'`,
    [invoiceIds],
  );
  return rows.map(({ stream }) => stream);
}

/** Returns the streams of the payments and credit notes of some invoices. */
async function streamsOfMoney(connection: Queryable, invoiceIds: readonly string[]): Promise<string[]> {
  const tied = await tiedToInvoices(connection, invoiceIds);
  const ofPayments = tied.length === 0 ? [] : await streamsOfPayments(connection, tied);
  return distinct([...ofPayments, ...(await streamsOfCreditNotes(connection, invoiceIds))]);
}

/** Returns the payments and credit notes of some invoices as of a moment, with their streams. */
export async function pastMoneyOf(
  { past, database }: PastSource,
  ids: readonly string[],
  at: Moment,
): Promise<{ payments: readonly Answer[]; creditNotes: readonly Row[]; streams: Streams }> {
  const streams = await past.read(await database.snapshot((connection) => streamsOfMoney(connection, ids)));
  const facts = factsAt(streams, at);
  const parts = ids.flatMap((id) => partsOfInvoice(facts.links, id));
  return {
    payments: paymentsWith(facts, parts),
    creditNotes: rowsAt(creditNotes, streams, at).credit_notes,
    streams,
  };
}

/** Returns how other objects settled invoices that were owed at a moment; `own` are streams already read. */
export async function pastSettled(
  { past, database }: PastSource,
  { invoices: invoiceRows, own, at }: Readonly<{ invoices: readonly Row[]; own: Streams; at: Moment }>,
): Promise<{ settled: SettledById; streams: Streams }> {
  const ids = unsettledIds(invoiceRows);
  if (ids.length === 0) return { settled: new Map(), streams: new Map() };
  const names = await database.snapshot((connection) => streamsOfMoney(connection, ids));
  const streams = await past.read(names.filter((name) => !own.has(name)));
  const rows = tablesAt(SETTLING, new Map([...own, ...streams]), at);
  return { settled: await database.snapshot((connection) => settledThen(connection, ids, rows)), streams };
}

/** Applies settlement by other objects to the invoices among the facts. */
async function settledFacts(
  source: PastSource,
  facts: PaymentFacts,
  { streams: own, at }: Readonly<{ streams: Streams; at: Moment }>,
): Promise<PaymentFacts> {
  const { settled } = await pastSettled(source, { invoices: facts.invoices, own, at });
  return { ...facts, invoices: facts.invoices.map((row) => withSettled(row, settled)) };
}

/** Returns the streams that ever described the invoices of these subscriptions, or linked them. */
export async function streamsOfInvoicesThen(
  database: Snapshots,
  subscriptions: readonly unknown[],
): Promise<readonly string[]> {
  const { rows } = await database.snapshot((connection) =>
    connection.query<{ stream: string }>(streamsOfInvoicesOf('$1'), [subscriptions]),
  );
  return rows.map(({ stream }) => stream);
}

/** Returns a page of payments as of a moment: of a customer, or of what they paid. */
export async function pastPayments({ past, database }: PastSource, listing: Listing, at: Moment): Promise<PageThen> {
  const { subscription: subscriptions } = listing.filters;
  const tying = subscriptions === undefined ? [] : await streamsOfInvoicesThen(database, subscriptions);
  const paying = await database.snapshot(async (connection) =>
    streamsOfPayments(connection, await partsEverOf(connection, listing.filters)),
  );
  const streams = await past.read(distinct([...tying, ...paying]));
  const facts = await settledFacts({ past, database }, factsAt(streams, at), { streams, at });
  const { status: _, customer, invoice: __, subscription: ___, ...filters } = listing.filters;
  const ofCustomer = facts.members.filter((row) => isAmong(row['customer'], customer)).map(({ payment }) => payment);
  const asked = paymentsAsked(facts, listing.filters);
  const answers = asked.filter(
    (answer) => isAsked(answer, listing.filters) && (isTiedOnly(answer) || ofCustomer.includes(answer['id'])),
  );
  const page = pageInMemory(
    PAYMENTS_LIST,
    answers.map((answer) => firstPartOf(facts, answer)),
    { ...listing, filters },
  );
  const byName = new Map(answers.map((answer) => [answer['id'], answer]));
  return {
    ...page,
    data: page.data.map(({ payment }) => byName.get(payment) as Answer),
    asOf: asOfAnswer(streams, at),
  };
}

/**
 * The payments of these invoices, and of the invoices of these subscriptions; without either filter, all known ones.
 */
function paymentsAsked(facts: PaymentFacts, { invoice, subscription }: Partial<Listing['filters']>): Answer[] {
  if (invoice === undefined && subscription === undefined)
    return paymentsWith(
      facts,
      facts.members.map(({ id }) => String(id)),
    );
  const paying = (invoiceIds: readonly unknown[]): Answer[] =>
    paymentsWith(
      facts,
      invoiceIds.flatMap((id) => partsOfInvoice(facts.links, String(id))),
    );
  if (subscription === undefined) return paying(invoice ?? []);
  const own = paying(invoicesThen(facts, subscription));
  if (invoice === undefined) return own;
  const ofInvoices = new Set(paying(invoice).map(({ id }) => id));
  return own.filter(({ id }) => ofInvoices.has(id));
}

/** The part that represents a payment in lists; for a payment known only from invoice payments, the first of these. */
function firstPartOf({ members, invoicePayments: paid }: PaymentFacts, answer: Answer): Row {
  const { id: payment } = answer;
  const parts = isTiedOnly(answer)
    ? paid.filter((row) => nameOfTie(row) === payment)
    : members.filter((row) => row['payment'] === payment);
  const [first = {}] = parts
    .map((part): Row => ({ ...part, payment }))
    .sort((a, b) => compared(placeOf(PAYMENTS_LIST.table, a), placeOf(PAYMENTS_LIST.table, b)));
  return first;
}

/** The invoices that ever belonged to one of these subscriptions. */
const invoicesThen = (
  { links: known, invoices: invoiceRows }: PaymentFacts,
  subscriptions: readonly unknown[],
): unknown[] => [
  ...invoicesOfSubscriptionsAmong(subscriptions, { invoices: invoiceRows, links: known }),
  ...known
    .filter(
      ({ object, target_kind: kind, target }) =>
        object === 'invoice' && kind === 'subscription' && subscriptions.includes(target),
    )
    .map(({ id }) => id),
];

const distinct = (names: readonly string[]): string[] => [...new Set(names)];

/** 404: no event about this object exists, or none by that moment. */
const neverOrThen = (kind: string, id: string, streams: readonly (readonly unknown[])[]) =>
  streams.every(({ length }) => length === 0) ? notFound(kind, id) : notKnownThen(kind, id);

/** The payments that have one of these parts, and the payment records among the ids, in order of their names. */
function paymentsWith(facts: PaymentFacts, ids: readonly string[]): Answer[] {
  const parts = new Set(ids);
  const found = facts.members.filter(({ id, payment }) => parts.has(String(id)) || parts.has(String(payment)));
  const byIntent = facts.links.filter(({ object, target }) => object === 'payment_intent' && parts.has(target));
  const names = [...found.map(({ payment }) => String(payment)), ...byIntent.map(({ id }) => id), ...ids];
  return answersAbout(distinct(names).sort(), facts);
}

function factsAt(streams: Streams, at: Moment): PaymentFacts {
  const rowsOf = <T extends Tables>(projection: AnyProjection<T>) => rowsAt(projection, streams, at);
  const { refunds: own, refund_evidence: refundEvidence } = rowsOf(refunds);
  const paid = rowsOf(invoicePayments);
  const { disputes: disputed, dispute_movements: movements } = rowsOf(disputes);
  return {
    members: rowsOf(payments).payments,
    links: rowsOf(links).links as unknown as readonly Link[],
    refunds: own,
    refundEvidence,
    disputes: disputed,
    movements,
    invoicePayments: invoicePaymentsKnown(paid.invoice_payments, paid.invoice_payment_evidence),
    invoices: rowsOf(invoices).invoices,
  };
}
