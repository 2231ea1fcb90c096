import { disputes } from '../../../projections/disputes.js';
import { invoicePayments } from '../../../projections/invoice-payments.js';
import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import { payments } from '../../../projections/payments.js';
import { refunds } from '../../../projections/refunds.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import type { Answer, Row } from '../answer.js';
import { conditionsOf, pageOf, type Listing, type Page } from '../lists.js';
import { paymentAnswer, type PaymentFacts } from './payment-answer.js';

const PAYMENTS = viewOf(payments, 'payments');
const LINKS = viewOf(links, 'links');
/** How many payments of one invoice an answer has. */
export const PAYMENTS_OF_INVOICE_MAX = 200;

/** The payment of which this charge or payment intent is a part, or null. */
export async function findPayment(connection: Queryable, id: string): Promise<Answer | null> {
  const [payment] = await namesOf(connection, [id]);
  return payment === undefined ? null : ((await answersOf(connection, [payment]))[0] ?? null);
}

/** Filters of payments by what they pay. */
export type Paid = Readonly<{ invoice?: string | undefined; subscription?: string | undefined }>;

/** A page of payments, in the order of their names. Filters are columns of a charge or intent that is a part of it; `status` is the payment's own. */
export async function listPayments(
  connection: Queryable,
  { filter: { status, ...filter }, ...wanted }: Listing,
  paid: Paid = {},
): Promise<Page> {
  const listing = { ...wanted, filter, ...(await paidBy(connection, paid)) };
  const { where, values } = conditionsOf(listing, 'payment');
  const ofStatus =
    status === undefined ? '' : `${where === '' ? 'where' : 'and'} ${statusIs(`$${values.push(status)}`)}`;
  const { rows } = await connection.query<{ payment: string }>(
    `select distinct payment from ${PAYMENTS} listed ${where} ${ofStatus} order by payment limit ${listing.limit + 1}`,
    values,
  );
  return pageOf(
    await answersOf(
      connection,
      rows.map(({ payment }) => payment),
    ),
    listing.limit,
  );
}

/** Whether the payment `listed` has a status, by the rule of its answer. The first line leaves only those that may have it, so that a rare status is found by its index. */
const statusIs = (status: string): string => `
  payment in (select payment from ${PAYMENTS} where status = ${status} or (${status} = 'succeeded' and amount_received_minor > 0))
  and ${status} = (
    select case
      when sum(amount_received_minor) filter (where object = 'charge') > 0 and not bool_or(object = 'payment_intent' and status in ('succeeded', 'canceled')) then 'succeeded'
      else coalesce(min(status) filter (where object = 'payment_intent'), (array_agg(status order by created_at desc nulls last, id desc))[1])
    end from ${PAYMENTS} part where part.payment = listed.payment)`;

/** The names of the payments of an invoice, and of a subscription's invoices, as a condition of a list. */
async function paidBy(connection: Queryable, { invoice, subscription }: Paid): Promise<Pick<Listing, 'among'>> {
  if (invoice === undefined && subscription === undefined) return {};
  const own = await invoicesOf(connection, subscription);
  const invoiceIds = invoice === undefined ? own : subscription === undefined || own.includes(invoice) ? [invoice] : [];
  const parts = await paymentPartsOf(connection, invoiceIds);
  return { among: { payment: [...new Set(parts.map(({ payment }) => payment))] } };
}

/** What ties payments to the invoices of $1 (as `partsOfInvoice` of the past has it): what invoices name, what names them, and what invoice payments tie to them. */
const TIED_TO_INVOICES = `
  select id as invoice, target as payment from ${LINKS} where object = 'invoice' and id = any($1) and target_kind = 'payment'
  union select target, id from ${LINKS} where object in ('charge', 'payment_intent') and target = any($1) and target_kind = 'invoice'
  union select of.target, paid.target from ${LINKS} of join ${LINKS} paid on paid.object = of.object and paid.id = of.id and paid.target_kind = 'payment'
    where of.object = 'invoice_payment' and of.target = any($1) and of.target_kind = 'invoice'`;

/** The payments that an invoice was, or was meant to be, paid by. */
export async function paymentsOfInvoice(connection: Queryable, invoice: string): Promise<Answer[]> {
  return answersOf(connection, await namesOf(connection, await tiedToInvoices(connection, [invoice])));
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
    union select stream from ${LINKS} where object = 'invoice' and id in (select id from invoiced)
    union select stream from ${evidence} where refund in (select id from refunded)
    order by stream`,
    [ids],
  );
  return rows.map(({ stream }) => stream);
}

/** The charges and payment intents that have ever been tied to invoices. */
export async function tiedToInvoices(connection: Queryable, invoiceIds: readonly string[]): Promise<string[]> {
  const { rows } = await connection.query<{ payment: string }>(TIED_TO_INVOICES, [invoiceIds]);
  return rows.map(({ payment }) => payment);
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
    `select distinct part.id, part.payment, part.stream
     from (${TIED_TO_INVOICES}) tied join ${PAYMENTS} named on tied.payment in (named.id, named.payment) join ${PAYMENTS} part on part.payment = named.payment`,
    [invoiceIds],
  );
  return rows;
}

/** Why the last payment of each of these invoices failed, as Stripe's code; of those only where it is known. */
export async function failureCodesOf(
  connection: Queryable,
  invoiceIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
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
    `select payment from ${PAYMENTS} where id = any($1) union select payment from ${PAYMENTS} where payment = any($1) order by payment limit ${PAYMENTS_OF_INVOICE_MAX}`,
    [ids],
  );
  return rows.map(({ payment }) => payment);
}

async function answersOf(connection: Queryable, names: readonly string[]): Promise<Answer[]> {
  if (names.length === 0) return [];
  const facts = await factsOf(connection, names);
  return names.map((name) => paymentAnswer(name, facts));
}

/** All that is known of these payments. */
async function factsOf(connection: Queryable, names: readonly string[]): Promise<PaymentFacts> {
  const select = async (
    source: string,
    { column, among }: { column: string; among: readonly unknown[] },
  ): Promise<Row[]> => (await connection.query<Row>(`select * from ${source} where ${column} = any($1)`, [among])).rows;
  const members = await select(rowsWithStaleness(payments, 'payments'), { column: 'payment', among: names });
  const tied = await linksOf(connection, [...names, ...members.map(({ id }) => id)]);
  const idsOf = (object: string): string[] => tied.filter((link) => link.object === object).map(({ id }) => id);

  const own = await select(rowsWithStaleness(refunds, 'refunds'), { column: 'id', among: idsOf('refund') });
  const listed = await select(rowsWithStaleness(refunds, 'refund_evidence'), {
    column: 'source',
    among: members.map(({ id }) => id),
  });
  const noted = await connection.query<Row>(
    `select * from ${rowsWithStaleness(refunds, 'refund_evidence')} where source_object = 'credit_note' and refund = any($1)`,
    [[...own.map(({ id }) => id), ...listed.map(({ refund }) => refund)]],
  );
  const paid = await select(rowsWithStaleness(invoicePayments, 'invoice_payments'), {
    column: 'id',
    among: idsOf('invoice_payment'),
  });
  return {
    members,
    links: tied,
    refunds: own,
    refundEvidence: [...listed, ...noted.rows],
    disputes: await select(rowsWithStaleness(disputes, 'disputes'), { column: 'id', among: idsOf('dispute') }),
    movements: await select(rowsWithStaleness(disputes, 'dispute_movements'), {
      column: 'dispute',
      among: idsOf('dispute'),
    }),
    invoicePayments: paid,
    invoices: await select(rowsWithStaleness(invoices, 'invoices'), {
      column: 'id',
      among: [...idsOf('invoice'), ...paid.map(({ invoice }) => invoice)],
    }),
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
