import { disputes } from '../../../projections/disputes.js';
import { invoicePayments } from '../../../projections/invoice-payments.js';
import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import { payments } from '../../../projections/payments.js';
import { refunds } from '../../../projections/refunds.js';
import type { Queryable } from '../../read-models/database.js';
import { placeOf, type Listing } from '../../read-models/listing.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import type { Answer, Row } from '../answer.js';
import { countRows, findRows, pageOf, refuseUnknownWords, type List, type Page } from '../lists.js';
import { invoicesOfSubscriptions } from '../invoices/of-subscriptions.js';
import { settledRows } from '../invoices/settled.js';
import { answersAbout, invoicePaymentsKnown, partsOfInvoice, type Link, type PaymentFacts } from './payment-answer.js';

const PAYMENTS = viewOf(payments, 'payments');
const LINKS = viewOf(links, 'links');
/** The most payments of invoices in an answer. */
export const PAYMENTS_OF_INVOICE_MAX = 200;

/** Returns the payment of this charge, payment intent or payment record; null when there is none. */
export async function findPayment(connection: Queryable, id: string): Promise<Answer | null> {
  const [payment] = await namesOf(connection, [id]);
  return (await answersOf(connection, [payment ?? id]))[0] ?? null;
}

/** The columns of a part, or of a payment record, in a list of payments. */
const LISTED = 'payment, id, created_at, livemode, account, status, customer';
const EARLIER = `(coalesce(earlier.created_at, '-infinity'::timestamptz), earlier.id) < (coalesce(first.created_at, '-infinity'::timestamptz), first.id)`;
/** SQL for invoice payments that name a payment in this column, each once: own events, or listed on an invoice. */
const tiesBy = (name: string): string => {
  const columns = `${name}, id, created_at, livemode, account`;
  return `(select ${columns} from ${viewOf(invoicePayments, 'invoice_payments')} union
  select ${columns} from ${viewOf(invoicePayments, 'invoice_payment_evidence')} listed
  where not exists (select from ${viewOf(invoicePayments, 'invoice_payments')} own where own.id = listed.id))`;
};
/** SQL for payments known only from the invoices they paid, which includes those outside Stripe. */
const tiedOnly = (name: string): string =>
  `(select ${name} as payment, id, created_at, livemode, account, null::text as status, null::text as customer, true as is_tied from ${tiesBy(name)} first
      where ${name} is not null and not exists (select from ${tiesBy(name)} earlier where earlier.${name} = first.${name} and ${EARLIER})
        and not exists (select from ${PAYMENTS} known where known.payment = first.${name} or known.id = first.${name})) payments`;

/**
 * Payments, each represented by its first part. Filters by customer and status apply to all parts; those by invoice and
 * subscription receive the names of the payments they match.
 */
export const PAYMENTS_LIST: List = {
  name: 'payments',
  table: payments.tables.payments,
  sources: [
    `(select ${LISTED}, false as is_tied from ${PAYMENTS} first
      where not exists (select from ${PAYMENTS} earlier where earlier.payment = first.payment and ${EARLIER})) payments`,
  ],
  own: {
    customer: (customers) => isOfCustomer(customers),
    status: (statuses) => mayHaveStatus(statuses),
    invoice: (names) => `payment = any(${names})`,
    subscription: (names) => `payment = any(${names})`,
  },
};

/** The list including payments known only from invoice payments, which are in no other list. */
const WITH_RECORDS: List = {
  ...PAYMENTS_LIST,
  own: {
    ...PAYMENTS_LIST.own,
    customer: (customers) => `(is_tied or ${isOfCustomer(customers)})`,
    status: (statuses) => `(is_tied or ${mayHaveStatus(statuses)})`,
  },
  sources: [...PAYMENTS_LIST.sources, ...['payment_record', 'payment_intent', 'charge'].map(tiedOnly)],
};

/**
 * Returns a page of payments. The status index finds candidates only; the answer then decides the status, and the
 * customer of a payment record.
 */
export async function listPayments(connection: Queryable, listing: Listing, isCounted = false): Promise<Page> {
  await refuseUnknownWords(connection, PAYMENTS_LIST, listing);
  const { invoice, subscription } = listing.filters;
  const list = invoice === undefined && subscription === undefined ? PAYMENTS_LIST : WITH_RECORDS;
  const filters = {
    ...listing.filters,
    ...(invoice === undefined ? {} : { invoice: await namesTiedTo(connection, invoice.map(String)) }),
    ...(subscription === undefined ? {} : { subscription: await namesOfSubscriptions(connection, subscription) }),
  };
  const found: Readonly<{ row: Row; answer: Answer }>[] = [];
  let { after } = listing;
  for (;;) {
    const rows = await findRows(connection, list, { ...listing, filters, after });
    const answers = new Map((await answersOf(connection, rows.map(nameOf))).map((answer) => [answer['id'], answer]));
    for (const row of rows) {
      const answer = answers.get(nameOf(row));
      if (answer !== undefined && isAsked(answer, listing.filters)) found.push({ row, answer });
    }
    const last = rows.at(-1);
    if (found.length > listing.limit || rows.length <= listing.limit || last === undefined) break;
    after = placeOf(list.table, last);
  }
  const { nextCursor } = pageOf(
    list,
    listing,
    found.map(({ row }) => row),
  );
  const count = isCounted ? { count: await countRows(connection, list, { ...listing, filters }) } : {};
  return { data: found.slice(0, listing.limit).map(({ answer }) => answer), nextCursor, ...count };
}

const nameOf = ({ payment }: Row): string => String(payment);

/** Checks the filters that the rows of the list cannot decide. */
export const isAsked = (answer: Answer, { status, customer }: Listing['filters']): boolean =>
  isAmong(answer['status'], status) && (!isTiedOnly(answer) || isAmong(answer['customer'], customer));

/** Whether a payment is known only from invoice payments, like those outside Stripe. */
export const isTiedOnly = ({ paymentIntent, charges }: Answer): boolean =>
  paymentIntent === null && (charges as readonly unknown[]).length === 0;

export const isAmong = (value: unknown, wanted: readonly unknown[] | undefined): boolean =>
  wanted === undefined || wanted.includes(value);

/**
 * SQL for candidates by status: a payment's status is that of a part, of the intent if known, or follows from money
 * received or returned; other payments need no check.
 */
const mayHaveStatus = (statuses: string): string => `payment in (
  select payment from ${PAYMENTS} part where amount_received_minor > 0 and 'succeeded' = any(${statuses})
  or status = any(${statuses}) and (object = 'payment_intent' or not exists (
    select from ${PAYMENTS} intent where intent.payment = part.payment and intent.object = 'payment_intent'
      and not (part.status = 'failed' and intent.status = 'succeeded' and intent.stripe_event_created < part.stripe_event_created) offset 0)))`;

const isOfCustomer = (customers: string): string =>
  `payment in (select payment from ${PAYMENTS} where customer = any(${customers}))`;

const namesOfSubscriptions = async (connection: Queryable, subscriptions: readonly unknown[]): Promise<string[]> =>
  namesTiedTo(connection, await invoicesOf(connection, subscriptions));

/** Returns the names of all payments linked to these invoices, and of linked payments that are not Stripe's. */
async function namesTiedTo(connection: Queryable, invoiceIds: readonly string[]): Promise<string[]> {
  const parts = await tiedToInvoices(connection, invoiceIds);
  const { rows } = await connection.query<{ payment: string }>(
    `select distinct payment from ${PAYMENTS} where id = any($1)`,
    [parts],
  );
  return [...new Set([...parts, ...rows.map(({ payment }) => payment)])];
}

/** Returns the payments that paid these invoices, or were meant to. */
export async function paymentsOfInvoices(connection: Queryable, invoiceIds: readonly string[]): Promise<Answer[]> {
  const names = (await namesTiedTo(connection, invoiceIds)).sort();
  return answersOf(connection, names.slice(0, PAYMENTS_OF_INVOICE_MAX));
}

/** Returns the payments of these invoices if money was, or may be, returned. Usually none was: one query. */
export async function paymentsGivenBack(connection: Queryable, invoiceIds: readonly string[]): Promise<Answer[]> {
  if (invoiceIds.length === 0) return [];
  const { rows } = await connection.query<{ any: boolean }>(
    `with ${TIED},
      named as (select payment from ${PAYMENTS} where id in (select id from tied) union select id from tied),
      parts as (select id, amount_refunded_minor > 0 or is_disputed as says_so from ${PAYMENTS} where payment in (select payment from named))
    select exists (select from parts where says_so) or exists (
      select from ${LINKS} where target in (select id from parts union select payment from named) and target_kind = 'payment' and object in ('refund', 'dispute')) as any`,
    [invoiceIds],
  );
  return rows[0]?.any === true ? paymentsOfInvoices(connection, invoiceIds) : [];
}

/**
 * Returns the streams of payments, by the ids of their parts: those of the parts, and of objects that belong to them.
 * Links are never removed, so these are all streams that ever described the payment.
 */
export async function streamsOfPayments(connection: Queryable, ids: readonly string[]): Promise<string[]> {
  const evidence = viewOf(refunds, 'refund_evidence');
  const { rows } = await connection.query<{ stream: string }>(
    `with named as (
        select payment from ${PAYMENTS} where id = any($1) union select payment from ${PAYMENTS} where payment = any($1)
        union select intent.payment from ${PAYMENTS} intent join ${LINKS} link using (id) where link.target = any($1) and link.target_kind = 'payment' and link.object = 'payment_intent'),
      parts as (select id, stream from ${PAYMENTS} join named using (payment)),
      own as (select id from parts union select payment from named union select unnest($1::text[])),
      members as (select id from own union select target from ${LINKS} where object = 'payment_intent' and id in (select id from own) and target_kind = 'payment'),
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

/** Returns the charges, payment intents and payment records that were ever linked to invoices. */
export async function tiedToInvoices(connection: Queryable, invoiceIds: readonly string[]): Promise<string[]> {
  const ties = await tiesOf(connection, invoiceIds);
  return [...new Set(invoiceIds.flatMap((invoice) => partsOfInvoice(ties, invoice)))];
}

/** SQL for the links of the invoices $1: theirs to payments, others' to them, and those of their invoice payments. */
const TIES = `
  select object, id, target_kind, target from ${LINKS} where object = 'invoice' and id = any($1) and target_kind = 'payment'
  union select object, id, target_kind, target from ${LINKS} where target = any($1) and target_kind = 'invoice'
  union select paid.object, paid.id, paid.target_kind, paid.target from ${LINKS} of join ${LINKS} paid using (object, id)
    where of.object = 'invoice_payment' and of.target = any($1) and of.target_kind = 'invoice' and paid.target_kind = 'payment'`;

/** SQL with those links as `ties`, and the payments and parts among them as `tied`. */
const TIED = `ties as (${TIES}),
      tied as (
        select target as id from ties where target_kind = 'payment'
        union select id from ties where target_kind = 'invoice' and object in ('charge', 'payment_intent'))`;

async function tiesOf(connection: Queryable, invoiceIds: readonly string[]): Promise<readonly Link[]> {
  if (invoiceIds.length === 0) return [];
  const { rows } = await connection.query<Link>(TIES, [invoiceIds]);
  return rows;
}

/** Returns the charges and payment intents ever linked to the subject of a list, by the narrowest filter. */
export async function partsEverOf(
  connection: Queryable,
  { customer, invoice, subscription }: Listing['filters'],
): Promise<string[]> {
  if (invoice !== undefined) return tiedToInvoices(connection, invoice.map(String));
  if (subscription !== undefined) return tiedToInvoices(connection, await invoicesOf(connection, subscription));
  const { rows } = await connection.query<{ id: string }>(
    `select id from ${LINKS} where object in ('charge', 'payment_intent') and target_kind = 'customer' and target = any($1)`,
    [customer],
  );
  return rows.map(({ id }) => id);
}

/** Returns the invoices of these subscriptions, and those that ever named one of them. */
async function invoicesOf(connection: Queryable, subscriptions: readonly unknown[]): Promise<string[]> {
  const { rows } = await connection.query<{ id: string }>(
    `select id from ${LINKS} where object = 'invoice' and target_kind = 'subscription' and target = any($1) union ${invoicesOfSubscriptions('$1')}`,
    [subscriptions],
  );
  return rows.map(({ id }) => id);
}

/**
 * Returns the charges and payment intents in the payments of these invoices, with the payment's name and their stream.
 */
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

/** Returns why the last payment of each invoice failed, as Stripe's code, where known. */
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

/**
 * Returns the names of the payments with these charges and payment intents; a charge may be known only from its intent.
 */
async function namesOf(connection: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await connection.query<{ payment: string }>(
    `select payment from ${PAYMENTS} where id = any($1) union select payment from ${PAYMENTS} where payment = any($1)
     union select payment from ${LINKS} link join ${PAYMENTS} intent using (id) where link.target = any($1) and link.target_kind = 'payment' and link.object = 'payment_intent'
     order by payment limit ${PAYMENTS_OF_INVOICE_MAX}`,
    [ids],
  );
  return rows.map(({ payment }) => payment);
}

/** Returns the answers for these payments and payment records, in order of their names; none for an unknown name. */
async function answersOf(connection: Queryable, names: readonly string[]): Promise<Answer[]> {
  if (names.length === 0) return [];
  const facts = await factsOf(connection, names);
  return answersAbout(names, facts);
}

/** Reads all that is known of these payments. */
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
  const paid = await invoicePaymentsOf(connection, {
    ids: naming('invoice_payment'),
    names: [...names, ...members.map(({ id }) => String(id)), ...attemptsIn(links)],
  });
  const invoiceIds = [...new Set([...naming('invoice'), ...named, ...paid.map(({ invoice }) => String(invoice))])];
  const invoiceRows = await select(rowsWithStaleness(invoices, 'invoices'), { column: 'id', among: invoiceIds });
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
    invoicePayments: paid,
    invoices: await settledRows(connection, invoiceRows),
  };
}

/** The charges that payment intents name. */
const attemptsIn = (links: readonly Link[]): string[] =>
  links
    .filter(({ object, target_kind: kind }) => object === 'payment_intent' && kind === 'payment')
    .map(({ target }) => target);

/** Returns the invoice payments with these ids, and those that name one of these payment records or parts. */
async function invoicePaymentsOf(
  connection: Queryable,
  { ids, names }: Readonly<{ ids: readonly string[]; names: readonly string[] }>,
): Promise<Row[]> {
  const own = await connection.query<Row>(
    `select * from ${rowsWithStaleness(invoicePayments, 'invoice_payments')} where id = any($1) or payment_record = any($2)`,
    [ids, names],
  );
  const listed = await connection.query<Row>(
    `select * from ${rowsWithStaleness(invoicePayments, 'invoice_payment_evidence')}
     where payment_record = any($1) or payment_intent = any($1) or charge = any($1)`,
    [names],
  );
  return invoicePaymentsKnown(own.rows, listed.rows);
}

/** Returns the links of the parts of payments: from and to them, and to the charges that an intent names. */
async function linksOf(connection: Queryable, members: readonly string[]): Promise<readonly Link[]> {
  const { rows } = await connection.query<Link>(
    `with own as (select object, id, target_kind, target from ${LINKS} where id = any($1) and object in ('charge', 'payment_intent')),
       parts as (select unnest($1::text[]) as id union select target from own where target_kind = 'payment')
     select * from own union select object, link.id, target_kind, target from ${LINKS} link join parts on parts.id = link.target where target_kind = 'payment'`,
    [members],
  );
  return rows;
}
