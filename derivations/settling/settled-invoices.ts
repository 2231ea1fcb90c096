import { id, money, time } from '../../projections/columns.js';
import type { Row } from '../../projections/projection.js';
import { provenanceColumns } from '../../projections/row.js';
import { defineDerivation } from '../derivation.js';
import { OWED, settledBy, type OwedInvoice, type PaymentPart, type SettlingFacts, type Tie } from './settled.js';

type Facts = Readonly<{
  invoices: readonly (OwedInvoice &
    Readonly<{
      subscription: string | null;
      created_at: string | null;
      livemode: boolean | null;
      account: string | null;
    }>)[];
  notes: SettlingFacts['notes'];
  ties: readonly Tie[];
  parts: readonly PaymentPart[];
}>;

const EVENT = 'stripe_event_id, stripe_event_type, stripe_event_created, api_version';
const OWED_STATUSES = `(${OWED.map((status) => `'${status}'`).join(', ')})`;

/** Payments in the lists of invoices, without those that have events of their own. */
const LISTED = `{invoice_payment_evidence} listed where not exists (select from {invoice_payments} own where own.id = listed.id)`;
const TIE = `id, status, amount_paid_minor, payment_intent, charge, payment_record, paid_at, ${EVENT}, stream`;

/** The payments of invoices, by the ids of all their parts. */
const NAMED = `
  with tied as (
    select id as key, target as part from {links} where object = 'invoice' and id = any($1) and target_kind = 'payment'
    union select target, id from {links} where target = any($1) and target_kind = 'invoice' and object in ('charge', 'payment_intent')
    union select invoice, coalesce(payment_intent, charge) from {invoice_payments} where invoice = any($1)
    union select invoice, coalesce(payment_intent, charge) from {invoice_payment_evidence} where invoice = any($1)),
  named as (
    select key, part as payment from tied where part is not null
    union select tied.key, known.payment from tied join {payments} known on known.id = tied.part
    union select tied.key, l.id from tied join {links} l on l.target = tied.part and l.target_kind = 'payment' and l.object = 'payment_intent')`;

/**
 * Invoices that are owed by their own events, and whose settlement other objects show: an invoice payment, a charge, a
 * payment intent or a credit note. A key is an invoice; it has no row if its own events settle it, or if no other
 * object adds anything.
 */
export const settledInvoices = defineDerivation({
  name: 'settled_invoices',
  version: 1,
  reads: ['invoices', 'credit_notes', 'invoice_payments', 'payments', 'links'],
  tables: {
    settled_invoices: {
      columns: {
        id: id(),
        /** The status now; `moved_to` repeats it if it differs from the invoice's own. */
        status: id(),
        moved_to: id().orNull().filtered(),
        subscription: id().orNull(),
        amount_due_minor: money(),
        amount_paid_minor: money(),
        amount_remaining_minor: money(),
        paid_at: time().orNull(),
        created_at: time().orNull(),
        ...provenanceColumns,
      },
      key: ['id'],
      indexes: [['subscription'], ['paid_at']],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  keysOf: {
    invoices: (row) => (OWED.includes(String(row['status'])) ? [String(row['id'])] : []),
    credit_notes: (row) => [String(row['invoice'])],
    invoice_payments: (row) => (row['status'] === 'paid' ? [String(row['invoice'])] : []),
    invoice_payment_evidence: (row) => (row['status'] === 'paid' ? [String(row['invoice'])] : []),
    payments: (row) => (tellsOfMoney(row) ? [String(row['id']), String(row['payment'])] : []),
    links: (row) => LINKED[`${String(row['object'])} ${String(row['target_kind'])}`]?.(row).map(String) ?? [],
  },
  reach: {
    /** The owed invoices of a payment, by any of its parts. */
    payments: `select i.id as key from (
        select target as invoice from {links} where id = any($1) and object in ('charge', 'payment_intent') and target_kind = 'invoice'
        union select id from {links} where target = any($1) and object = 'invoice' and target_kind = 'payment'
        union select invoice from {invoice_payments} where payment_intent = any($1) or charge = any($1)
        union select invoice from {invoice_payment_evidence} where payment_intent = any($1) or charge = any($1)) as found
      join {invoices} i on i.id = found.invoice where i.status in ${OWED_STATUSES}`,
  },
  facts: {
    invoices: `select id as key, id, status, subscription, amount_due_minor, amount_paid_minor, amount_remaining_minor, pre_payment_credit_notes_minor,
        paid_at, created_at, livemode, account, ${EVENT}, stream
      from {invoices} where id = any($1) and status in ${OWED_STATUSES} and not is_deleted`,
    notes: `select invoice as key, status, pre_payment_amount_minor, post_payment_amount_minor, created_at, voided_at, ${EVENT}, stream
      from {credit_notes} where invoice = any($1) order by id`,
    ties: `select invoice as key, ${TIE} from {invoice_payments} where invoice = any($1)
      union all select invoice, ${TIE} from ${LISTED} and invoice = any($1) order by id`,
    parts: `${NAMED} select named.key, p.id, p.object, p.payment, p.status, p.amount_received_minor, p.created_at, p.${EVENT.replaceAll(', ', ', p.')}, p.stream,
        array(select l.target from {links} l where l.id = p.id and l.object = 'payment_intent' and l.target_kind = 'payment' order by l.target) as attempts
      from named join {payments} p on p.payment = named.payment order by p.id`,
  },
  derive(_, { invoices, notes, ties, parts }: Facts) {
    const rows = invoices.flatMap((invoice) => {
      const settled = settledBy(invoice, { notes, ties, parts });
      if (settled === null) return [];
      const { event, ...amounts } = settled;
      return {
        id: invoice.id,
        ...{ status: amounts.status, moved_to: amounts.status === invoice.status ? null : amounts.status },
        subscription: invoice.subscription,
        amount_due_minor: amounts.amount_due_minor,
        amount_paid_minor: amounts.amount_paid_minor,
        amount_remaining_minor: amounts.amount_remaining_minor,
        ...{ paid_at: amounts.paid_at, created_at: invoice.created_at },
        ...{ livemode: invoice.livemode, account: invoice.account },
        stripe_event_id: event.stripe_event_id,
        stripe_event_type: event.stripe_event_type,
        stripe_event_created: event.stripe_event_created,
        api_version: event.api_version,
      };
    });
    return { settled_invoices: rows };
  },
});

/** Whether a charge or an intent may have paid an invoice, or failed later. */
const tellsOfMoney = (row: Row): boolean =>
  Number(row['amount_received_minor']) > 0 || row['status'] === 'succeeded' || row['status'] === 'failed';

/** The keys of a link that leads to an invoice, by the types of its object and target. */
const LINKED: Readonly<Record<string, ((row: Row) => readonly unknown[]) | undefined>> = {
  'charge invoice': (row) => [row['target']],
  'payment_intent invoice': (row) => [row['target']],
  'invoice payment': (row) => [row['id']],
  'payment_intent payment': (row) => [row['id'], row['target']],
};
