import { disputes } from '../../../projections/disputes.js';
import { invoicePayments } from '../../../projections/invoice-payments.js';
import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import { payments } from '../../../projections/payments.js';
import { fieldOf } from '../../../projections/row.js';
import { refunds } from '../../../projections/refunds.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import type { Answer, Row } from '../answer.js';
import { conditionsOf, pageOf, type Listing, type Page } from '../lists.js';
import { cursorOf, idOfCursor } from '../query.js';
import { answersAbout, partsOfInvoice, type Link, type PaymentFacts } from './payment-answer.js';

const PAYMENTS = viewOf(payments, 'payments');
const LINKS = viewOf(links, 'links');
/** How many payments of one invoice an answer has. */
export const PAYMENTS_OF_INVOICE_MAX = 200;

/** The payment of which this charge or payment intent is a part, or the payment record with this id; null when there is none. */
export async function findPayment(connection: Queryable, id: string): Promise<Answer | null> {
  const [payment] = await namesOf(connection, [id]);
  return (await answersOf(connection, [payment ?? id]))[0] ?? null;
}

/** Filters of payments by what they pay. */
export type Paid = Readonly<{ invoice?: string | undefined; subscription?: string | undefined }>;

/**
 * A page of payments, in the order of their names. Filters are columns of a charge or intent that is a part of it; `status` is the payment's
 * own. What an invoice was paid by outside Stripe is among its payments, and in no other list.
 */
export async function listPayments(connection: Queryable, wanted: Listing, paid: Paid = {}): Promise<Page> {
  const { status, ...filter } = wanted.filter;
  const among = await namesPaying(connection, paid);
  const found: Answer[] = [];
  let cursor = wanted.cursor;
  // What may have the status is looked up by its index; whether it has is for the answer to say.
  for (;;) {
    const names = await namesListed(connection, { ...wanted, cursor, filter }, { status, among });
    const answers = await answersOf(connection, names.slice(0, wanted.limit + 1));
    found.push(
      ...answers.filter(
        (answer) =>
          (answer['isOutOfBand'] !== true || isWantedRecord(answer, filter)) &&
          (status === undefined || answer['status'] === status),
      ),
    );
    if (found.length > wanted.limit || names.length <= wanted.limit) return pageOf(found, wanted.limit);
    cursor = cursorOf(names[wanted.limit] as string);
  }
}

/** Whether a payment record has the values of a filter. It has no columns of a charge: its answer tells. */
export const isWantedRecord = (answer: Answer, filter: Listing['filter']): boolean =>
  answer['isOutOfBand'] === true &&
  Object.entries(filter).every(([column, value]) => value === undefined || answer[fieldOf(column)] === value);

/** The names of one payment more than a page has, and of the payment records among them. */
async function namesListed(
  connection: Queryable,
  listing: Listing,
  { status, among }: { status: unknown; among: readonly string[] | null },
): Promise<string[]> {
  const { where, values } = conditionsOf(
    { ...listing, ...(among === null ? {} : { among: { payment: among } }) },
    'payment',
  );
  const ofStatus =
    status === undefined ? '' : `${where === '' ? 'where' : 'and'} ${mayHaveStatus(`$${values.push(status)}`)}`;
  const { rows } = await connection.query<{ payment: string }>(
    `select distinct payment from ${PAYMENTS} ${where} ${ofStatus} order by payment limit ${listing.limit + 1}`,
    values,
  );
  const names = rows.map(({ payment }) => payment);
  if (among === null) return names;
  const after = listing.cursor === undefined ? '' : idOfCursor(listing.cursor);
  const records = (await recordsAmong(connection, among)).filter((record) => record > after);
  return [...names, ...records].sort(byBytes).slice(0, listing.limit + 1);
}

/** As Postgres' collation "C" sorts ids. */
const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A payment's status is that of one of its parts, of the intent where it is known, or what follows from money that came: others need not be looked at. */
const mayHaveStatus = (status: string): string => `payment in (
  select payment from ${PAYMENTS} part where amount_received_minor > 0 and ${status} = 'succeeded'
  union select payment from ${PAYMENTS} part where status = ${status} and (object = 'payment_intent' or not exists (
    select from ${PAYMENTS} intent where intent.payment = part.payment and intent.object = 'payment_intent')))`;

/** The names of the payments of an invoice, and of a subscription's invoices; null when neither is asked for. */
async function namesPaying(connection: Queryable, { invoice, subscription }: Paid): Promise<string[] | null> {
  if (invoice === undefined && subscription === undefined) return null;
  const own = await invoicesOf(connection, subscription);
  const invoiceIds = invoice === undefined ? own : subscription === undefined || own.includes(invoice) ? [invoice] : [];
  return namesTiedTo(connection, invoiceIds);
}

/** The names of all payments that are tied to these invoices, and of what they name that is no payment of Stripe's. */
async function namesTiedTo(connection: Queryable, invoiceIds: readonly string[]): Promise<string[]> {
  const parts = await tiedToInvoices(connection, invoiceIds);
  const { rows } = await connection.query<{ payment: string }>(
    `select distinct payment from ${PAYMENTS} where id = any($1)`,
    [parts],
  );
  return [...new Set([...parts, ...rows.map(({ payment }) => payment)])];
}

/** Which of these are payments outside Stripe. */
async function recordsAmong(connection: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await connection.query<{ record: string }>(
    `select distinct payment_record as record from ${viewOf(invoicePayments, 'invoice_payments')} where payment_record = any($1)`,
    [ids],
  );
  return rows.map(({ record }) => record);
}

/** The payments that an invoice was, or was meant to be, paid by. */
export async function paymentsOfInvoice(connection: Queryable, invoice: string): Promise<Answer[]> {
  const names = (await namesTiedTo(connection, [invoice])).sort(byBytes);
  return answersOf(connection, names.slice(0, PAYMENTS_OF_INVOICE_MAX));
}

/** Those of these invoices' payments of which money went back, or may go back; most have none, which one question tells. */
export async function paymentsGivenBack(connection: Queryable, invoiceIds: readonly string[]): Promise<Answer[]> {
  if (invoiceIds.length === 0) return [];
  const { rows } = await connection.query<{ payment: string }>(
    `with named as (select unnest($1::text[]) as payment),
      parts as (select id, payment, amount_refunded_minor, is_disputed from ${PAYMENTS} join named using (payment) union select payment, payment, null, false from named)
    select distinct payment from parts where amount_refunded_minor > 0 or is_disputed
      or exists (select from ${LINKS} where target = parts.id and target_kind = 'payment' and object in ('refund', 'dispute'))`,
    [await namesTiedTo(connection, invoiceIds)],
  );
  const names = rows.map(({ payment }) => payment).sort(byBytes);
  return answersOf(connection, names.slice(0, PAYMENTS_OF_INVOICE_MAX));
}

/**
 * The streams that tell of a payment, by the id of one of its parts or none: its parts', and those of what belongs to them. As links are never
 * taken back, they are all that have ever told of it.
 */
export async function streamsOfPayments(connection: Queryable, ids: readonly string[]): Promise<string[]> {
  const evidence = viewOf(refunds, 'refund_evidence');
  const { rows } = await connection.query<{ stream: string }>(
    `with named as (select payment from ${PAYMENTS} where id = any($1) union select payment from ${PAYMENTS} where payment = any($1)),
      parts as (select id, stream from ${PAYMENTS} join named using (payment)),
      members as (select id from parts union select payment from named union select unnest($1::text[])),
      tied as (select object, id, stream from ${LINKS} where target in (select id from members) and target_kind = 'payment'),
      refunded as (select id from tied where object = 'refund' union select refund from ${evidence} where source in (select id from members)),
      invoiced as (
        select id from tied where object = 'invoice'
        union select target from ${LINKS} where object in ('charge', 'payment_intent', 'invoice_payment') and id in (select id from members union select id from tied) and target_kind = 'invoice')
    select stream from parts union select stream from tied
    union select stream from ${LINKS} where target in (select id from invoiced) and target_kind = 'invoice' and object in ('charge', 'payment_intent', 'invoice_payment', 'credit_note')
    union select stream from ${LINKS} where object = 'invoice' and id in (select id from invoiced)
    union select stream from ${evidence} where refund in (select id from refunded)
    order by stream`,
    [ids],
  );
  return rows.map(({ stream }) => stream);
}

/** The charges, payment intents and payment records that have ever been tied to invoices. */
export async function tiedToInvoices(connection: Queryable, invoiceIds: readonly string[]): Promise<string[]> {
  const ties = await tiesOf(connection, invoiceIds);
  return [...new Set(invoiceIds.flatMap((invoice) => partsOfInvoice(ties, invoice)))];
}

/** The links around these invoices: theirs to payments, those of others to them, and those of their invoice payments. */
async function tiesOf(connection: Queryable, invoiceIds: readonly string[]): Promise<readonly Link[]> {
  if (invoiceIds.length === 0) return [];
  const { rows } = await connection.query<Link>(
    `select object, id, target_kind, target from ${LINKS} where object = 'invoice' and id = any($1) and target_kind = 'payment'
     union select object, id, target_kind, target from ${LINKS} where target = any($1) and target_kind = 'invoice'
     union select paid.object, paid.id, paid.target_kind, paid.target from ${LINKS} of join ${LINKS} paid using (object, id)
       where of.object = 'invoice_payment' and of.target = any($1) and of.target_kind = 'invoice' and paid.target_kind = 'payment'`,
    [invoiceIds],
  );
  return rows;
}

/** The charges and payment intents that have ever been tied to what a list of payments is about; the narrowest of its filters. */
export async function partsEverOf(
  connection: Queryable,
  { customer, invoice, subscription }: Paid & Readonly<{ customer?: unknown }>,
): Promise<string[]> {
  if (invoice !== undefined) return tiedToInvoices(connection, [invoice]);
  if (subscription !== undefined) return tiedToInvoices(connection, await invoicesOf(connection, subscription));
  const { rows } = await connection.query<{ id: string }>(
    `select id from ${LINKS} where object in ('charge', 'payment_intent') and target_kind = 'customer' and target = $1`,
    [customer],
  );
  return rows.map(({ id }) => id);
}

/** The invoices that have ever named a subscription. */
async function invoicesOf(connection: Queryable, subscription: string | undefined): Promise<string[]> {
  const { rows } = await connection.query<{ id: string }>(
    `select id from ${LINKS} where object = 'invoice' and target_kind = 'subscription' and target = $1`,
    [subscription],
  );
  return rows.map(({ id }) => id);
}

/** The charges and payment intents that the payments of these invoices consist of, with the payment's name and their stream. */
export async function paymentPartsOf(
  connection: Queryable,
  invoiceIds: readonly string[],
): Promise<{ id: string; payment: string; stream: string }[]> {
  const { rows } = await connection.query<{ id: string; payment: string; stream: string }>(
    `select id, payment, stream from ${PAYMENTS} where payment = any($1)`,
    [await namesTiedTo(connection, invoiceIds)],
  );
  return rows;
}

/** Why the last payment of each of these invoices failed, as Stripe's code; of those only where it is known. */
export async function failureCodesOf(
  connection: Queryable,
  invoiceIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const ties = await tiesOf(connection, invoiceIds);
  const parts = new Map(invoiceIds.map((invoice) => [invoice, partsOfInvoice(ties, invoice)]));
  const { rows } = await connection.query<{ id: string; payment: string; code: string }>(
    `select part.id, part.payment, part.failure_code as code from ${PAYMENTS} part
     where part.failure_code is not null and part.payment in (select payment from ${PAYMENTS} where id = any($1) or payment = any($1))
     order by part.stripe_event_created desc, part.id`,
    [[...parts.values()].flat()],
  );
  const codes = new Map<string, string>();
  for (const [invoice, own] of parts) {
    const failed = rows.find(({ id, payment }) => own.includes(id) || own.includes(payment));
    if (failed !== undefined) codes.set(invoice, failed.code);
  }
  return codes;
}

/** Names of the payments that these charges and payment intents are parts of; a charge may be known by its intent alone. */
async function namesOf(connection: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await connection.query<{ payment: string }>(
    `select payment from ${PAYMENTS} where id = any($1) union select payment from ${PAYMENTS} where payment = any($1)
     union select payment from ${LINKS} link join ${PAYMENTS} intent using (id) where link.target = any($1) and link.target_kind = 'payment' and link.object = 'payment_intent'
     order by payment limit ${PAYMENTS_OF_INVOICE_MAX}`,
    [ids],
  );
  return rows.map(({ payment }) => payment);
}

/** The answers about these payments and payment records, in the order of their names; none for a name of which nothing is known. */
async function answersOf(connection: Queryable, names: readonly string[]): Promise<Answer[]> {
  if (names.length === 0) return [];
  const facts = await factsOf(connection, names);
  return answersAbout(names, facts);
}

/** All that is known of these payments. */
async function factsOf(connection: Queryable, names: readonly string[]): Promise<PaymentFacts> {
  const select = async (
    source: string,
    { column, among }: { column: string; among: readonly unknown[] },
  ): Promise<Row[]> => (await connection.query<Row>(`select * from ${source} where ${column} = any($1)`, [among])).rows;
  const members = await select(rowsWithStaleness(payments, 'payments'), { column: 'payment', among: names });
  const links = await linksOf(connection, [...names, ...members.map(({ id }) => String(id))]);
  const naming = (object: string): string[] => links.filter((link) => link.object === object).map(({ id }) => id);
  const named = links.filter(({ target_kind: kind }) => kind === 'invoice').map(({ target }) => target);

  const own = await select(rowsWithStaleness(refunds, 'refunds'), { column: 'id', among: naming('refund') });
  const listed = await select(rowsWithStaleness(refunds, 'refund_evidence'), {
    column: 'source',
    among: members.map(({ id }) => id),
  });
  const paid = await connection.query<Row>(
    `select * from ${rowsWithStaleness(invoicePayments, 'invoice_payments')} where id = any($1) or payment_record = any($2)`,
    [naming('invoice_payment'), names],
  );
  const invoiceIds = [...new Set([...naming('invoice'), ...named, ...paid.rows.map(({ invoice }) => String(invoice))])];
  const noted = await connection.query<Row>(
    `select * from ${rowsWithStaleness(refunds, 'refund_evidence')} where source_object = 'credit_note' and (refund = any($1) or invoice = any($2))`,
    [[...own.map(({ id }) => id), ...listed.map(({ refund }) => refund)], invoiceIds],
  );
  return {
    members,
    links: [...links, ...(await tiesOf(connection, invoiceIds))],
    refunds: own,
    refundEvidence: [...listed, ...noted.rows],
    disputes: await select(rowsWithStaleness(disputes, 'disputes'), { column: 'id', among: naming('dispute') }),
    movements: await select(rowsWithStaleness(disputes, 'dispute_movements'), {
      column: 'dispute',
      among: naming('dispute'),
    }),
    invoicePayments: paid.rows,
    invoices: await select(rowsWithStaleness(invoices, 'invoices'), { column: 'id', among: invoiceIds }),
  };
}

/** The links around the parts of payments: those to and from them, and those to the charges that an intent names. */
async function linksOf(connection: Queryable, members: readonly string[]): Promise<readonly Link[]> {
  const { rows } = await connection.query<Link>(
    `with own as (select object, id, target_kind, target from ${LINKS} where id = any($1) and object in ('charge', 'payment_intent')),
       parts as (select unnest($1::text[]) as id union select target from own where target_kind = 'payment')
     select * from own union select object, link.id, target_kind, target from ${LINKS} link join parts on parts.id = link.target where target_kind = 'payment'`,
    [members],
  );
  return rows;
}
