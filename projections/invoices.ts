import type { DeletionSnapshot, InvoiceLine, InvoiceSnapshot, Metadata } from '../src/events/normalise.js';
import { statusesOf } from '../src/events/rank.js';
import { isStale, type Life } from './life.js';
import { between, count, entry, flag, id, json, member, money, oneOf, text, time, whetherDeleted } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted } from './row.js';
import { finalizationError, invoiceLine, listOf, metadata } from './shapes.js';

/** Amounts in minor units of `currency`. The links of an invoice say who paid it, in all API versions. */
const columns = {
  id: id(),
  number: id().orNull().filtered(),
  status: id().filtered(oneOf(statusesOf('invoice'))),
  customer: id().orNull().filtered(),
  subscription: id().orNull(),
  subscriptions: json<readonly string[]>({ type: 'array', items: { type: 'string' } }).filtered(member('subscription')),
  currency: text(),
  subtotal_minor: money(),
  tax_minor: money().orNull(),
  discount_minor: money().orNull(),
  shipping_minor: money(),
  shipping_tax_minor: money(),
  total_minor: money(),
  amount_due_minor: money(),
  amount_paid_minor: money(),
  amount_remaining_minor: money(),
  amount_overpaid_minor: money(),
  /** Null when neither the invoice nor its API version says. */
  paid_out_of_band: flag().orNull(),
  starting_balance_minor: money(),
  ending_balance_minor: money().orNull(),
  pre_payment_credit_notes_minor: money(),
  post_payment_credit_notes_minor: money(),
  billing_reason: text().orNull(),
  collection_method: text(),
  attempt_count: count(),
  next_payment_attempt: time().orNull(),
  due_date: time().orNull(),
  period_start: time().orNull(),
  period_end: time().orNull(),
  created_at: time().orNull().filtered(between('created')),
  finalized_at: time().orNull(),
  paid_at: time().orNull(),
  voided_at: time().orNull(),
  marked_uncollectible_at: time().orNull(),
  finalization_error: json<NonNullable<InvoiceSnapshot['finalizationError']>>(finalizationError).orNull(),
  automatic_tax_status: text().orNull(),
  lines: json<readonly InvoiceLine[]>(listOf(invoiceLine)),
  has_all_lines: flag(),
  metadata: json<Metadata>(metadata).orNull().filtered(entry()),
  test_clock: id().orNull(),
  is_deleted: flag().filtered(whetherDeleted()),
};
/** The lines of finalized invoices; amounts in minor units of the invoice's currency. */
const lineColumns = {
  invoice: id(),
  id: id(),
  no: count(),
  amount_minor: money(),
  /** Null when the invoice does not say. */
  discount_minor: money().orNull(),
  credit_minor: money(),
  tax_minor: money().orNull(),
  tax_inclusive_minor: money().orNull(),
  quantity: count().orNull(),
  price: id().orNull(),
  product: id().orNull(),
  subscription: id().orNull(),
  subscription_item: id().orNull(),
  invoice_item: id().orNull(),
  is_proration: flag(),
  period_start: time().orNull(),
  period_end: time().orNull(),
};
type Row = ReturnType<typeof invoiceRow>;

/**
 * A finalized invoice is never a draft again; an uncollectible one may still be paid or voided; paid and void are
 * final, except that Stripe may reopen a paid one.
 */
const life: Life = [['draft'], ['open'], ['uncollectible'], ['paid', 'void']];

/**
 * What is each invoice now: its amounts, its lines, is it paid, and when? A stale snapshot never moves the status back:
 * `draft` → `open` → `uncollectible` → `paid` or `void`, where steps may be skipped; only an event that says so itself
 * reopens a paid invoice. Nothing follows a deletion, which only drafts can have. Upcoming invoices are previews and
 * have no row.
 */
export const invoices = defineProjection({
  name: 'invoices',
  version: 10,
  tables: {
    invoices: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [['subscription'], ['paid_at'], ['due_date']],
      listedBy: { time: 'created_at', id: 'id' },
    },
    invoice_lines: {
      columns: { ...lineColumns, ...provenanceColumns },
      key: ['invoice', 'id'],
      indexes: [['subscription_item'], ['invoice_item']],
    },
  },
  objectOf: isAbout('invoice'),
  initial: (): Row | null => null,
  evolve: {
    invoice: (row, fact) => {
      const isOutdated =
        row !== null &&
        (row.is_deleted || isOutdatedInvoice({ status: row.status, attemptCount: row.attempt_count }, fact.snapshot));
      return isOutdated ? row : invoiceRow(fact, fact.snapshot);
    },
    deletion: (row, fact) => deletedRow(row, fact),
    ...allBut('invoice', 'deletion'),
  },
  rows: (row) => ({ invoices: row === null ? [] : [row], invoice_lines: row === null ? [] : linesOf(row) }),
});

/**
 * Whether a snapshot is older than what is known of the invoice. Stripe reopens a paid invoice whose payment fails
 * after all: such an event names the former status, or has a higher attempt count.
 */
export function isOutdatedInvoice(
  known: Readonly<{ status: string; attemptCount: number }>,
  { status, formerStatus, attemptCount }: Pick<InvoiceSnapshot, 'status' | 'formerStatus' | 'attemptCount'>,
): boolean {
  if (formerStatus === known.status || attemptCount > known.attemptCount) return false;
  return isStale(life, known.status, status);
}

const invoiceRow = (fact: Fact, snapshot: InvoiceSnapshot, isDeleted = false) =>
  rowOf(columns, { ...snapshot, subscriptions: subscriptionsOf(snapshot), isDeleted }, provenanceOf(fact));

/** The subscription that an invoice is for, and those that only its lines name. */
const subscriptionsOf = ({ subscription, lines }: InvoiceSnapshot): string[] => [
  ...new Set([subscription, ...lines.map((line) => line.subscription)].filter((id) => id !== null)),
];

/** A deletion shows the whole draft, or only its id; an unknown draft with only an id has no row. */
function deletedRow(row: Row | null, fact: Fact<DeletionSnapshot>): Row | null {
  const { last } = fact.snapshot;
  if (last?.kind === 'invoice') return invoiceRow(fact, last, true);
  return rowOfDeleted(row, fact);
}

/**
 * Drafts have no lines here, since they may still change. When an old API version shows two lines with one id, the last
 * one counts.
 */
function linesOf(row: Row) {
  if (row.status === 'draft' || row.is_deleted) return [];
  const { livemode, account, stripe_event_id, stripe_event_type, stripe_event_created, api_version } = row;
  const provenance = { livemode, account, stripe_event_id, stripe_event_type, stripe_event_created, api_version };
  const lines = row.lines.map((line, place) =>
    rowOf(lineColumns, { ...line, invoice: row.id, no: place + 1 }, provenance),
  );
  return [...new Map(lines.map((line) => [line.id, line])).values()];
}
