/**
 * The facts of the books, in SQL (see derivations/derivation.ts). A payment is identified by its intent; what names one
 * of its charges, such as a refund of an old API version, is found through the charge's row. `$1` is the array of keys.
 */

/** The ids of a payment: its own, and those of its charges. A charge of an intent is no payment of its own. */
const PAYMENT_IDS = `
  select given.key, given.key as payment, given.key as id from unnest($1::text[]) as given(key)
  where not exists (select from {payments} own where own.id = given.key and own.payment <> given.key)
  union select payment, payment, id from {payments} where payment = any($1)`;

/** The payments applied to invoices, under all their ids. */
const PAYMENTS_OF_INVOICES = `
  select distinct paid.key, paid.payment, paid.id from (
    select m.invoice as key, coalesce(p.payment, m.payment) as payment from {milestones} m left join {payments} p on p.id = m.payment
    where m.invoice = any($1) and m.payment is not null and m.kind in ('invoice', 'invoice_payment', 'charge', 'payment_intent')) as one
  cross join lateral (
    select one.key, one.payment, one.payment as id union select one.key, one.payment, other.id from {payments} other where other.payment = one.payment) as paid`;

const CAUSE = ['livemode', 'account', 'stripe_event_id', 'stripe_event_type', 'stripe_event_created', 'api_version'];
const causeOf = (table: string): string => CAUSE.map((column) => `${table}.${column}`).join(', ');

const MILESTONE = `m.kind, m.object, m.stage, m.ordinal, m.at, m.currency, m.amount_minor, m.cumulative_minor, m.customer, m.invoice, m.other, ${causeOf('m')}, m.stream`;
const IN_ORDER = 'order by m.object, m.stage, m.ordinal';

/** A succeeded refund without a balance transaction, with its charge: the two decide whether it is a release. */
const UNMOVED = `case when m.kind = 'refund' and m.stage = 'made' then (
  select jsonb_build_object('refund', to_jsonb(r), 'charge', to_jsonb(c)) from {refunds} r left join {payments} c on c.id = r.charge
  where r.id = m.object and r.status = 'succeeded' and r.balance_transaction is null) end as unmoved`;

/**
 * The milestones of payments, and the overpayments of the invoices that they were applied to, since those name no
 * payment.
 */
const milestonesOf = (ids: string): string =>
  `with ids as materialized (${ids})
   select ids.key, ids.payment, ${MILESTONE}, ${UNMOVED} from ids join {milestones} m on m.payment = ids.id
   union all select distinct ids.key, ids.payment, ${MILESTONE}, null::jsonb as unmoved from ids
     join {milestones} laid on laid.payment = ids.id and laid.kind = 'invoice_payment' and laid.stage = 'paid'
     join {milestones} m on m.object = laid.invoice and m.stage = 'overpaid' order by object, stage, ordinal`;

const evidenceOf = (ids: string): string =>
  `select ids.key, ids.payment, e.refund, e.status, coalesce(e.amount_minor, 0) as amount_minor, e.currency, coalesce(e.created_at, e.known_since) as at, ${causeOf('e')}, e.stream,
     case when e.status = 'succeeded' and e.balance_transaction is null
       then jsonb_build_object('refund', to_jsonb(e), 'charge', (select to_jsonb(c) from {payments} c where c.id = e.source)) end as unmoved
   from (${ids}) as ids join {refund_evidence} e on e.source = ids.id where e.source_object = 'charge' order by e.refund`;

const movementsOf = (ids: string): string =>
  `select ids.key, ids.payment, v.id, v.dispute, v.amount_minor, v.currency, d.amount_minor as dispute_amount_minor, d.currency as dispute_currency,
     coalesce(v.created_at, v.stripe_event_created) as at, ${causeOf('v')}, v.stream
   from (${ids}) as ids join {disputes} d on d.payment_intent = ids.id or (d.payment_intent is null and d.charge = ids.id)
   join {dispute_movements} v on v.dispute = d.id order by v.id`;

const ITEM = `i.id, i.amount_minor, i.currency, i.customer, i.invoice, i.created_at, i.period_start, i.period_end, ${causeOf('coalesced')}, i.stream`;
/** The provenance of an item is that of the event that first showed it. */
const MADE = `join lateral (select ${CAUSE.map((column) => `coalesce(made.${column}, i.${column}) as ${column}`).join(', ')}
  from (select 1) as one left join {milestones} made on made.object = i.id and made.stage = 'created' and made.ordinal = 1) as coalesced on true`;

/** No event of an item names the invoice that billed it; the invoice line does. */
const TAKEN = `left join lateral (select coalesce(min(l.invoice), i.invoice) as invoice from {invoice_lines} l
  join {invoices} o on o.id = l.invoice and not o.is_deleted where l.invoice_item = i.id) as taken on true`;

export const journalFacts = {
  invoices: `select id as key, id, customer, subscription, currency, total_minor, tax_minor, discount_minor, shipping_minor, shipping_tax_minor, has_all_lines, ${causeOf('i')}, stream
    from {invoices} i where id = any($1) and not is_deleted`,
  lines: `select invoice as key, id, amount_minor, discount_minor, credit_minor, tax_minor, tax_inclusive_minor, period_start, period_end, invoice_item, price, product, subscription
    from {invoice_lines} where invoice = any($1) order by invoice, no`,
  items: `select taken.invoice as key, null as deleted, ${ITEM} from {invoice_items} i ${TAKEN} ${MADE}
    where i.id = any(select invoice_item from {invoice_lines} where invoice = any($1) and invoice_item is not null
      union select id from {invoice_items} where invoice = any($1)) and taken.invoice = any($1) and not i.is_deleted order by i.id`,
  ownItems: `select i.id as key, gone.deleted, ${ITEM} from {invoice_items} i ${TAKEN} ${MADE}
    left join lateral (select jsonb_build_object('at', d.at, ${CAUSE.map((column) => `'${column}', d.${column}`).join(', ')}) as deleted
      from {milestones} d where d.object = i.id and d.stage = 'deleted' limit 1) as gone on true
    where i.id = any($1) and (taken.invoice is null or i.is_deleted)`,
  milestones: `select m.invoice as key, coalesce(p.payment, m.payment) as payment, ${MILESTONE} from {milestones} m left join {payments} p on p.id = m.payment
    where m.invoice = any($1) and m.kind in ('invoice', 'invoice_payment', 'credit_note') ${IN_ORDER}`,
  notes: `select key, id, invoice, currency, pre_payment_amount_minor, post_payment_amount_minor, out_of_band_amount_minor, customer_balance_transaction, refunds, stream from (
      select invoice as key, n.* from {credit_notes} n where invoice = any($1)
      union select ids.key, n.* from (${PAYMENTS_OF_INVOICES}) as ids join {milestones} r on r.payment = ids.id and r.kind = 'refund'
      join {refund_evidence} e on e.refund = r.object and e.source_object = 'credit_note' join {credit_notes} n on n.id = e.source) as all_notes order by id`,
  noteLines: `select n.invoice as key, l.credit_note, l.id, l.invoice_line, l.gross_minor, l.tax_minor
    from {credit_notes} n join {credit_note_lines} l on l.credit_note = n.id where n.invoice = any($1) order by l.credit_note, l.id`,
  invoicePayments: milestonesOf(PAYMENTS_OF_INVOICES),
  invoiceEvidence: evidenceOf(PAYMENTS_OF_INVOICES),
  invoiceMovements: movementsOf(PAYMENTS_OF_INVOICES),
  payments: milestonesOf(PAYMENT_IDS),
  evidence: evidenceOf(PAYMENT_IDS),
  movements: movementsOf(PAYMENT_IDS),
  transactions: `select t.id as key, t.id, t.reporting_category, t.amount_minor, t.fee_minor, t.net_minor, t.currency, t.fee_details,
      case when t.currency = of.currency then t.amount_minor else sign(t.amount_minor)::int8 * of.amount_minor end as source_amount_minor,
      of.currency as source_currency, coalesce(t.created_at, t.stripe_event_created) as at, ${causeOf('t')}, t.stream
    from {balance_transactions} t left join lateral (
      select p.currency, p.amount_received_minor as amount_minor from {payments} p where p.id = t.source
      union all select r.currency, r.amount_minor from {refunds} r where r.id = t.source
      union all select d.currency, d.amount_minor from {disputes} d where d.id = t.source limit 1) as of on true
    where t.id = any($1)
    union all select * from (select distinct on (v.id) v.id as key, v.id, case when v.amount_minor < 0 then 'dispute' else 'dispute_reversal' end as reporting_category,
      v.amount_minor, v.fee_minor, v.net_minor, v.currency, '[]'::jsonb as fee_details,
      case when v.currency = d.currency then v.amount_minor else sign(v.amount_minor)::int8 * d.amount_minor end as source_amount_minor,
      d.currency as source_currency, coalesce(v.created_at, v.stripe_event_created) as at, ${causeOf('v')}, v.stream
    from {dispute_movements} v join {disputes} d on d.id = v.dispute where v.id = any($1) and not exists (select from {balance_transactions} seen where seen.id = v.id)
    order by v.id, v.dispute) as shown`,
  moved: `select m.object as key, m.payment, ${MILESTONE},
      exists (select from {milestones} c where c.object = m.payment and c.kind = 'charge' and c.other = m.object) as is_destination
    from {milestones} m where m.object = any($1) and m.kind in ('payout', 'topup', 'transfer', 'application_fee') ${IN_ORDER}`,
  balances: `select m.customer || ':' || m.currency as key, m.payment, ${MILESTONE} from {milestones} m
    where m.customer = any(select split_part(given, ':', 1) from unnest($1::text[]) as given) and m.kind = 'customer'
      and m.customer || ':' || m.currency = any($1)`,
  explained: `select m.customer || ':' || m.currency as key, m.object || ':' || m.stage || ':' || m.ordinal as id, m.at, case when m.stage = 'overpaid' then -m.amount_minor else m.amount_minor end as amount_minor
    from {milestones} m where m.customer = any(select split_part(given, ':', 1) from unnest($1::text[]) as given)
      and ((m.kind = 'invoice' and m.stage in ('balance', 'overpaid')) or (m.kind = 'credit_note' and m.stage = 'credited')) and m.customer || ':' || m.currency = any($1)
    union all select v.customer || ':' || v.currency, v.object || ':void', v.at, -b.cumulative_minor
    from {milestones} v join lateral (select cumulative_minor from {milestones} b where b.object = v.object and b.stage = 'balance' order by b.ordinal desc limit 1) as b on true
    where v.customer = any(select split_part(given, ':', 1) from unnest($1::text[]) as given) and v.kind = 'invoice' and v.stage = 'void' and v.customer || ':' || v.currency = any($1)`,
};

export const journalReach = {
  /** The payment of a charge, and the invoices that a payment was applied to. */
  payments: `select payment as key from {payments} where id = any($1)`,
  invoices: `select m.invoice as key from {payments} own join {payments} p on p.payment = own.payment join {milestones} m on m.payment = p.id
    where own.id = any($1) and m.invoice is not null
    union select invoice from {milestones} where payment = any($1) and invoice is not null`,
  /** The balance transactions of an object. */
  transactions: `select id as key from {balance_transactions} where source = any($1)`,
  /** The invoice that billed an item, and the items that an invoice billed. */
  items: `select invoice as key from {invoice_lines} where invoice_item = any($1)
    union select invoice_item from {invoice_lines} where invoice = any($1) and invoice_item is not null`,
  /** The payments applied to an invoice. */
  laid: `select coalesce(p.payment, m.payment) as key from {milestones} m left join {payments} p on p.id = m.payment where m.invoice = any($1) and m.payment is not null`,
};
