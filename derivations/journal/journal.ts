import { between, count, flag, id, money, text, time } from '../../projections/columns.js';
import type { Row, RowsOf } from '../../projections/projection.js';
import { provenanceColumns } from '../../projections/row.js';
import { defineDerivation } from '../derivation.js';
import type { MoneyPolicy } from '../policy.js';
import { calendarOf, monthName } from '../revenue/calendar.js';
import { monthsOf } from '../revenue/months.js';
import { timeOf } from '../time.js';
import { balanceBook } from './balance-book.js';
import { chargeBook } from './charge-book.js';
import type { Entry } from './entry.js';
import type {
  Cause,
  CreditNoteLineRow,
  CreditNoteRow,
  DisputeMovementRow,
  InvoiceItemRow,
  InvoiceLineRow,
  InvoiceRow,
  MilestoneRow,
  RefundEvidenceRow,
} from './facts.js';
import { invoiceBook } from './invoice-book.js';
import { itemBook } from './item-book.js';
import type { BookLine } from './lines.js';
import {
  applicationFeeBook,
  payoutBook,
  settlement,
  topupBook,
  transferBook,
  type BalanceTransactionRow,
} from './stripe-books.js';
import { journalFacts, journalReach } from './journal-facts.js';

const { livemode, account } = provenanceColumns;

const tables = {
  journal_entries: {
    columns: {
      /** `kind:object`, and `#<amount>` where an object reaches it in steps. */
      id: id(),
      kind: id().filtered(),
      effective_at: time().filtered(between('')),
      customer: id().orNull().filtered(),
      subscription: id().orNull().filtered(),
      invoice: id().orNull().filtered(),
      payment: id().orNull().filtered(),
      object: id().filtered(),
      is_inferred: flag(),
      /** Why it was inferred; null: it was read. */
      inference: text().orNull(),
      ...provenanceColumns,
      stripe_event_id: id().filtered({ by: 'value', name: 'stripeEvent', known: null }),
    },
    key: ['id'],
    indexes: [],
    listedBy: { time: 'effective_at', id: 'id' },
    whether: { inferred: { sql: 'is_inferred', holds: (row: Row) => row['is_inferred'] === true } },
  },
  /** Minor units of `currency`, debit positive. */
  journal_postings: {
    columns: {
      entry: id(),
      no: count(),
      name: id(),
      currency: id(),
      amount_minor: money(),
      line: id().orNull(),
      effective_at: time(),
      month: id(),
      livemode,
      account,
    },
    key: ['entry', 'no'],
    indexes: [['name', 'currency', 'effective_at', 'entry'], ['month']],
  },
  /** After `since`, a line has earned `base_minor` plus the earned share of `active_minor`. */
  revenue_schedules: {
    columns: {
      line: id(),
      part: id(),
      no: count(),
      invoice: id().orNull(),
      customer: id().orNull(),
      subscription: id().orNull(),
      product: id().orNull(),
      price: id().orNull(),
      currency: id(),
      booked_at: time(),
      starts_at: time().orNull(),
      ends_at: time().orNull(),
      since: time(),
      active_minor: money(),
      base_minor: money(),
      livemode,
      account,
    },
    key: ['line', 'part', 'no'],
    indexes: [['invoice'], ['ends_at']],
  },
  /** What a line earned in a month, and the earlier revenue taken back in it. */
  revenue_months: {
    columns: {
      line: id(),
      part: id(),
      month: id(),
      booked_month: id(),
      invoice: id().orNull(),
      customer: id().orNull(),
      subscription: id().orNull(),
      product: id().orNull(),
      price: id().orNull(),
      currency: id(),
      revenue_minor: money(),
      /** The part of `revenue_minor` earned before it was billed. */
      unbilled_minor: money(),
      contra_minor: money(),
      livemode,
      account,
    },
    key: ['line', 'part', 'month'],
    indexes: [['month', 'currency'], ['invoice'], ['customer', 'month'], ['subscription', 'month']],
  },
} as const;

/** The columns that sums are grouped by: currency, mode and account, where '' is one's own account. */
const scope = { currency: id(), livemode: flag(), account: id() };
const scopeKey = ['currency', 'livemode', 'account'];
const scopeOf = (row: Row) => ({
  currency: row['currency'],
  livemode: row['livemode'] === true,
  account: row['account'] ?? '',
});

type InvoiceFact = InvoiceRow & Cause;
type LineFact = InvoiceLineRow &
  Readonly<{ price: string | null; product: string | null; subscription: string | null }>;
type TransferFact = MilestoneRow & Readonly<{ is_destination: boolean }>;
type Facts = Readonly<{
  invoices: readonly InvoiceFact[];
  lines: readonly LineFact[];
  items: readonly InvoiceItemRow[];
  ownItems: readonly InvoiceItemRow[];
  milestones: readonly MilestoneRow[];
  notes: readonly CreditNoteRow[];
  noteLines: readonly CreditNoteLineRow[];
  invoicePayments: readonly MilestoneRow[];
  invoiceEvidence: readonly RefundEvidenceRow[];
  invoiceMovements: readonly DisputeMovementRow[];
  payments: readonly MilestoneRow[];
  evidence: readonly RefundEvidenceRow[];
  movements: readonly DisputeMovementRow[];
  transactions: readonly BalanceTransactionRow[];
  moved: readonly TransferFact[];
  balances: readonly MilestoneRow[];
  explained: readonly Readonly<{ id: string; at: string; amount_minor: number }>[];
}>;

/**
 * The double-entry journal. A key is a book: an invoice, a payment, a balance transaction, a payout, a transfer, an
 * application fee, a top-up, an unbilled invoice item, or a customer's balance in a currency (`cus_1:usd`).
 */
export const journal = defineDerivation({
  name: 'journal',
  version: 9,
  reads: [
    ...['milestones', 'invoices', 'invoice_items', 'credit_notes', 'refunds', 'disputes', 'payments'],
    'balance_transactions',
  ],
  tables,
  rollups: {
    /** Debits and credits by account and month. */
    journal_months: {
      of: 'journal_postings',
      columns: { name: id(), month: id(), ...scope, debit_minor: money(), credit_minor: money() },
      key: ['name', 'month', ...scopeKey],
      indexes: [],
      add: (row) => ({
        ...scopeOf(row),
        name: row['name'],
        month: row['month'],
        debit_minor: Math.max(Number(row['amount_minor']), 0),
        credit_minor: Math.max(-Number(row['amount_minor']), 0),
      }),
    },
    /** Revenue by the month of booking and the month of earning. */
    revenue_by_month: {
      of: 'revenue_months',
      columns: {
        ...{ part: id(), month: id(), booked_month: id() },
        ...scope,
        ...{ revenue_minor: money(), unbilled_minor: money(), contra_minor: money() },
      },
      key: ['part', 'month', 'booked_month', ...scopeKey],
      indexes: [],
      add: (row) => ({
        ...scopeOf(row),
        part: row['part'],
        month: row['month'],
        booked_month: row['booked_month'],
        revenue_minor: row['revenue_minor'],
        unbilled_minor: row['unbilled_minor'],
        contra_minor: row['contra_minor'],
      }),
    },
  },
  keysOf: {
    milestones: (row) => [
      ...named(row['invoice'], row['payment']),
      ...(MOVED.includes(String(row['kind'])) ? named(row['object']) : []),
      ...(row['kind'] === 'invoiceitem' ? named(row['object']) : []),
      ...(row['customer'] === null ? [] : [`${String(row['customer'])}:${String(row['currency'])}`]),
    ],
    invoices: (row) => named(row['id']),
    invoice_lines: (row) => named(row['invoice'], row['invoice_item']),
    invoice_items: (row) => named(row['id'], row['invoice']),
    credit_notes: (row) => named(row['invoice']),
    credit_note_lines: () => [],
    refund_evidence: (row) => named(row['payment_intent'] ?? row['charge'], row['invoice']),
    refunds: (row) => named(row['id'], row['payment_intent'] ?? row['charge']),
    disputes: (row) => named(row['id'], row['payment_intent'] ?? row['charge']),
    dispute_movements: (row) => named(row['id']),
    balance_transactions: (row) => named(row['id']),
    payments: (row) => named(row['id'], row['payment']),
  },
  reach: journalReach,
  facts: journalFacts,
  derive: (key, facts: Facts, policy: MoneyPolicy) => rowsOf(booksOf(key, facts, policy), policy),
});

const MOVED = ['payout', 'topup', 'transfer', 'application_fee'];
const named = (...ids: readonly unknown[]): string[] =>
  ids.filter((one) => one !== null && one !== undefined).map(String);

type Of = Readonly<{
  customer: string | null;
  subscription: string | null;
  invoice: string | null;
  payment: string | null;
}>;
type Book = Readonly<{ of: Of; entries: readonly Entry[]; lines: readonly BookedLine[] }>;
type BookedLine = Readonly<{ line: BookLine; currency: string; fact: LineFact | undefined; cause: Cause }>;

const NOBODY: Of = { customer: null, subscription: null, invoice: null, payment: null };

/** Returns the books of a key. A key has the facts of one type of book; the other facts are empty. */
function booksOf(key: string, facts: Facts, policy: MoneyPolicy): readonly Book[] {
  return [
    ...facts.invoices.map((invoice) => bookOfInvoice(invoice, facts, policy)),
    ...bookOfPayment(key, facts, policy),
    ...facts.transactions.map((row) => plain(settlement(row))),
    ...bookOfMoved(facts.moved, policy),
    ...bookOfBalance(key, facts),
    ...facts.ownItems.map((item): Book => {
      const { entries, lines } = itemBook(item, policy);
      return {
        of: { ...NOBODY, customer: item.customer },
        entries,
        lines: lines.map((line) => ({ line, currency: item.currency, fact: undefined, cause: item })),
      };
    }),
  ];
}

const plain = (entries: readonly Entry[], of: Of = NOBODY): Book => ({ of, entries, lines: [] });

function bookOfInvoice(invoice: InvoiceFact, facts: Facts, policy: MoneyPolicy): Book {
  const { lines, items, milestones, notes, noteLines, invoicePayments, invoiceEvidence, invoiceMovements } = facts;
  const { entries, lines: booked } = invoiceBook(
    {
      ...{ invoice, lines, items, milestones, notes, noteLines },
      movements: invoiceMovements,
      payments: invoicePayments,
      refunds: invoicePayments,
      refundEvidence: invoiceEvidence,
    },
    policy,
  );
  const byId = new Map(lines.map((line) => [line.id, line]));
  return {
    of: { ...NOBODY, customer: invoice.customer, subscription: invoice.subscription, invoice: invoice.id },
    entries,
    lines: booked.map((line) => ({ line, currency: invoice.currency, fact: byId.get(line.id), cause: invoice })),
  };
}

function bookOfPayment(payment: string, facts: Facts, policy: MoneyPolicy): readonly Book[] {
  const { payments, evidence, movements } = facts;
  if (payments.length === 0 && evidence.length === 0 && movements.length === 0) return [];
  const entries = chargeBook(
    {
      payment,
      milestones: payments.filter(({ kind }) => kind === 'charge' || kind === 'payment_intent'),
      applications: payments.filter(({ kind }) => kind === 'invoice_payment' || kind === 'invoice'),
      movements,
      transfers: payments.filter(({ kind }) => kind === 'transfer'),
      refunds: payments,
      refundEvidence: evidence,
    },
    policy,
  );
  return [
    plain(entries, {
      ...NOBODY,
      customer: payments.find(({ customer }) => customer !== null)?.customer ?? null,
      payment,
    }),
  ];
}

function bookOfMoved(rows: readonly TransferFact[], policy: MoneyPolicy): readonly Book[] {
  const [first] = rows;
  if (first === undefined) return [];
  if (first.kind === 'payout') return [plain(payoutBook(rows))];
  if (first.kind === 'topup') return [plain(topupBook(rows))];
  const of = { ...NOBODY, payment: first.payment };
  return [
    plain(first.kind === 'transfer' ? transferBook(rows, first.is_destination, policy) : applicationFeeBook(rows), of),
  ];
}

function bookOfBalance(key: string, { balances, explained }: Facts): readonly Book[] {
  const [first] = balances;
  if (first === undefined) return [];
  const customer = first.customer ?? key;
  return [
    plain(balanceBook({ customer, currency: first.currency, changes: balances, explained }), { ...NOBODY, customer }),
  ];
}

function rowsOf(books: readonly Book[], policy: MoneyPolicy): RowsOf<typeof tables> {
  const calendar = calendarOf(policy.zone);
  const monthOf = (second: number): string => monthName(calendar.monthOf(second));
  const all = books.flatMap(({ of, entries }) => entries.map((entry) => ({ of, entry })));
  const schedules = books.flatMap(({ of, lines }) =>
    lines.flatMap((booked) =>
      booked.line.schedules.map((schedule, place) => ({
        ...booked,
        of,
        schedule,
        part: place === 0 ? 'revenue' : 'discount',
      })),
    ),
  );
  return {
    journal_entries: all.map(
      ({ of, entry: { id: entryId, kind, object, payment, effectiveAt, inference, cause } }) => ({
        id: entryId,
        kind,
        effective_at: timeOf(effectiveAt),
        ...of,
        payment: payment ?? of.payment,
        object,
        is_inferred: inference !== null,
        inference,
        ...causeOf(cause),
      }),
    ),
    journal_postings: all.flatMap(({ entry: { id: entry, effectiveAt, postings, cause } }) =>
      postings.map(({ name, currency, amountMinor, line }, place) => ({
        entry,
        no: place + 1,
        name,
        currency,
        amount_minor: amountMinor,
        line,
        effective_at: timeOf(effectiveAt),
        month: monthOf(effectiveAt),
        livemode: cause.livemode,
        account: cause.account,
      })),
    ),
    revenue_schedules: schedules.flatMap(({ line, part, schedule, of, currency, fact, cause }) =>
      schedule.segments.map(({ since, activeMinor, baseMinor }, place) => ({
        ...{ line: line.id, part, no: place + 1, invoice: of.invoice, customer: of.customer, currency },
        ...soldBy(fact, of),
        booked_at: timeOf(schedule.bookedAt),
        starts_at: schedule.service === null ? null : timeOf(schedule.service.start),
        ends_at: schedule.service === null ? null : timeOf(schedule.service.end),
        since: timeOf(since),
        active_minor: activeMinor,
        base_minor: baseMinor,
        livemode: cause.livemode,
        account: cause.account,
      })),
    ),
    revenue_months: schedules.flatMap(({ line, part, schedule, of, currency, fact, cause }) =>
      monthsOf(schedule, policy.zone).map(({ month, revenueMinor, unbilledMinor, contraMinor }) => ({
        ...{ line: line.id, part, month: monthName(month), booked_month: monthOf(schedule.bookedAt) },
        ...{ invoice: of.invoice, customer: of.customer, currency },
        ...soldBy(fact, of),
        revenue_minor: revenueMinor,
        unbilled_minor: unbilledMinor,
        contra_minor: contraMinor,
        livemode: cause.livemode,
        account: cause.account,
      })),
    ),
  };
}

/** The subscription, product and price of a line. */
const soldBy = (fact: LineFact | undefined, of: Of) => ({
  subscription: fact?.subscription ?? of.subscription,
  product: fact?.product ?? null,
  price: fact?.price ?? null,
});

const causeOf = ({ livemode: mode, account: of, ...event }: Cause) => ({
  livemode: mode,
  account: of,
  stripe_event_id: event.stripe_event_id,
  stripe_event_type: event.stripe_event_type,
  stripe_event_created: event.stripe_event_created,
  api_version: event.api_version,
});
