import { disputes } from '../../projections/disputes.js';
import { invoicePayments } from '../../projections/invoice-payments.js';
import { invoices } from '../../projections/invoices.js';
import { links } from '../../projections/links.js';
import { payments } from '../../projections/payments.js';
import { refunds } from '../../projections/refunds.js';
import type { Queryable } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';
import { rowsWithStaleness } from '../read-models/stale-rows.js';
import type { Answer, Row } from './answer.js';
import { conditionsOf, pageOf, type Listing, type Page } from './lists.js';
import { paymentAnswer, type PaymentFacts } from './payment-answer.js';

const PAYMENTS = viewOf(payments, 'payments');
const LINKS = viewOf(links, 'links');
const PAYMENTS_OF_INVOICE_MAX = 200;

/** The payment of which this charge or payment intent is a part, or null. */
export async function findPayment(connection: Queryable, id: string): Promise<Answer | null> {
  const [payment] = await namesOf(connection, [id]);
  return payment === undefined ? null : ((await answersOf(connection, [payment]))[0] ?? null);
}

/** Filters of payments by what they pay. */
export type Paid = Readonly<{ invoice?: string | undefined; subscription?: string | undefined }>;

/** A page of payments, in the order of their names. */
export async function listPayments(connection: Queryable, wanted: Listing, paid: Paid = {}): Promise<Page> {
  const listing = { ...wanted, ...(await paidBy(connection, paid)) };
  const { where, values } = conditionsOf(listing, 'payment');
  const { rows } = await connection.query<{ payment: string }>(`select distinct payment from ${PAYMENTS} ${where} order by payment limit ${listing.limit + 1}`, values);
  return pageOf(await answersOf(connection, rows.map(({ payment }) => payment)), listing.limit);
}

/** The names of the payments of an invoice, and of a subscription's invoices, as a condition of a list. */
async function paidBy(connection: Queryable, { invoice, subscription }: Paid): Promise<Pick<Listing, 'among'>> {
  if (invoice === undefined && subscription === undefined) return {};
  const { rows } = await connection.query<{ id: string }>(`select id from ${LINKS} where object = 'invoice' and target_kind = 'subscription' and target = $1`, [subscription]);
  const own = rows.map(({ id }) => id);
  const invoiceIds = invoice === undefined ? own : subscription === undefined || own.includes(invoice) ? [invoice] : [];
  const parts = await paymentPartsOf(connection, invoiceIds);
  return { among: { payment: [...new Set(parts.map(({ payment }) => payment))] } };
}

/** What ties payments to the invoices of $1: what invoices name, what names them, and what invoice payments tie to them. */
const TIED_TO_INVOICES = `
  select id as invoice, target as payment from ${LINKS} where object = 'invoice' and id = any($1) and target_kind = 'payment'
  union select target, id from ${LINKS} where object in ('charge', 'payment_intent') and target = any($1) and target_kind = 'invoice'
  union select of.target, paid.target from ${LINKS} of join ${LINKS} paid on paid.object = of.object and paid.id = of.id and paid.target_kind = 'payment'
    where of.object = 'invoice_payment' and of.target = any($1) and of.target_kind = 'invoice'`;

/** The payments that an invoice was, or was meant to be, paid by. */
export async function paymentsOfInvoice(connection: Queryable, invoice: string): Promise<Answer[]> {
  const { rows } = await connection.query<{ payment: string }>(TIED_TO_INVOICES, [[invoice]]);
  return answersOf(connection, await namesOf(connection, rows.map(({ payment }) => payment)));
}

/** The charges and payment intents that the payments of these invoices consist of, with the payment's name and their stream. */
export async function paymentPartsOf(connection: Queryable, invoiceIds: readonly string[]): Promise<{ id: string; payment: string; stream: string }[]> {
  const { rows } = await connection.query<{ id: string; payment: string; stream: string }>(
    `select distinct part.id, part.payment, part.stream
     from (${TIED_TO_INVOICES}) tied join ${PAYMENTS} named on tied.payment in (named.id, named.payment) join ${PAYMENTS} part on part.payment = named.payment`,
    [invoiceIds],
  );
  return rows;
}

/** Why the last payment of each of these invoices failed, as Stripe's code; of those only where it is known. */
export async function failureCodesOf(connection: Queryable, invoiceIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.query<{ invoice: string; code: string }>(
    `select distinct on (invoice) invoice, part.failure_code as code
     from (${TIED_TO_INVOICES}) tied join ${PAYMENTS} named on named.id = tied.payment join ${PAYMENTS} part on part.payment = named.payment
     where part.failure_code is not null order by invoice, part.stripe_event_created desc, part.id`,
    [invoiceIds],
  );
  return new Map(rows.map(({ invoice, code }) => [invoice, code]));
}

/** Names of the payments that these charges and payment intents are parts of. */
async function namesOf(connection: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await connection.query<{ payment: string }>(
    `select payment from ${PAYMENTS} where id = any($1) union select payment from ${PAYMENTS} where payment = any($1) order by payment limit ${PAYMENTS_OF_INVOICE_MAX}`, [ids]);
  return rows.map(({ payment }) => payment);
}

async function answersOf(connection: Queryable, names: readonly string[]): Promise<Answer[]> {
  if (names.length === 0) return [];
  const facts = await factsOf(connection, names);
  return names.map((name) => paymentAnswer(name, facts));
}

/** All that is known of these payments. */
async function factsOf(connection: Queryable, names: readonly string[]): Promise<PaymentFacts> {
  const select = async (source: string, { column, among }: { column: string; among: readonly unknown[] }): Promise<Row[]> =>
    (await connection.query<Row>(`select * from ${source} where ${column} = any($1) order by ${column}`, [among])).rows;
  const members = (await connection.query<Row>(`select * from ${rowsWithStaleness(payments, 'payments')} where payment = any($1) order by created_at, id`, [names])).rows;
  const tied = await linksOf(connection, [...names, ...members.map(({ id }) => id)]);
  const idsOf = (object: string): string[] => tied.filter((link) => link.object === object).map(({ id }) => id);

  const own = await select(rowsWithStaleness(refunds, 'refunds'), { column: 'id', among: idsOf('refund') });
  const listed = await select(rowsWithStaleness(refunds, 'refund_evidence'), { column: 'source', among: members.map(({ id }) => id) });
  const noted = await connection.query<Row>(
    `select * from ${rowsWithStaleness(refunds, 'refund_evidence')} where source_object = 'credit_note' and refund = any($1) order by source`, [[...own.map(({ id }) => id), ...listed.map(({ refund }) => refund)]]);
  const paid = await select(rowsWithStaleness(invoicePayments, 'invoice_payments'), { column: 'id', among: idsOf('invoice_payment') });
  return {
    members,
    links: tied,
    refunds: own,
    refundEvidence: [...listed, ...noted.rows],
    disputes: await select(rowsWithStaleness(disputes, 'disputes'), { column: 'id', among: idsOf('dispute') }),
    movements: await select(rowsWithStaleness(disputes, 'dispute_movements'), { column: 'dispute', among: idsOf('dispute') }),
    invoicePayments: paid,
    invoices: await select(rowsWithStaleness(invoices, 'invoices'), { column: 'id', among: [...idsOf('invoice'), ...paid.map(({ invoice }) => invoice)] }),
  };
}

/** What names these charges and intents, and the invoices that they name. */
async function linksOf(connection: Queryable, members: readonly unknown[]): Promise<PaymentFacts['links']> {
  const { rows } = await connection.query<PaymentFacts['links'][number]>(
    `select object, id, target as member from ${LINKS} where target = any($1) and target_kind = 'payment'
     union select 'invoice', target, id from ${LINKS} where id = any($1) and object in ('charge', 'payment_intent') and target_kind = 'invoice'`,
    [members],
  );
  return rows;
}
