import { projections } from '../../projections/index.js';
import type { Fact, Row } from '../../projections/projection.js';
import { balanceBook } from '../../derivations/journal/balance-book.js';
import { chargeBook } from '../../derivations/journal/charge-book.js';
import type { Entry } from '../../derivations/journal/entry.js';
import type {
  CreditNoteRow,
  DisputeMovementRow,
  InvoiceItemRow,
  InvoiceRow,
  MilestoneRow,
  RefundEvidenceRow,
} from '../../derivations/journal/facts.js';
import { invoiceBook, type InvoiceFacts } from '../../derivations/journal/invoice-book.js';
import { itemBook } from '../../derivations/journal/item-book.js';
import { payoutBook, settlement, type BalanceTransactionRow } from '../../derivations/journal/stripe-books.js';
import type { BookLine } from '../../derivations/journal/lines.js';
import type { MoneyPolicy } from '../../derivations/policy.js';
import { subscriptionMrr } from '../../derivations/mrr/subscription.js';
import type { CouponRow, PriceTermsRow, SubscriptionFacts, TermsRow } from '../../derivations/mrr/facts.js';
import { kindOf } from '../../src/events/normalise.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';
import type { SimulatedEvent } from '../../simulator/simulator.js';
import { factFrom } from './facts.js';

/** Rows by table. */
export type Ledger = ReadonlyMap<string, readonly Row[]>;

const READ = [
  ...['milestones', 'invoices', 'invoice_items', 'credit_notes', 'payments', 'refunds', 'disputes', 'customers'],
  ...['subscription_terms', 'prices', 'coupons', 'discounts', 'balance_transactions'],
];

/** The read model rows after these events, in any order. */
export function ledgerAfter(events: readonly SimulatedEvent[]): Ledger {
  const streams = new Map<string, Fact[]>();
  for (const { stream, stripeEvent } of events) {
    if (kindOf(asStripeEvent(stripeEvent)) === 'other') continue;
    streams.set(stream, [...(streams.get(stream) ?? []), factFrom(stripeEvent)]);
  }
  const tables = new Map<string, Row[]>();
  for (const facts of streams.values())
    for (const projection of projections.filter(({ name }) => READ.includes(name)))
      for (const [table, rows] of Object.entries(rowsOfAll(projection, foldObjects(projection, facts))))
        tables.set(table, [...(tables.get(table) ?? []), ...rows]);
  return tables;
}

/** The rows of one table. */
export const rowsIn = <T>(ledger: Ledger, table: string): readonly T[] => (ledger.get(table) ?? []) as unknown as T[];

export type Books = Readonly<{
  entries: readonly Entry[];
  lines: readonly BookLine[];
  byInvoice: ReadonlyMap<string, Readonly<{ entries: readonly Entry[]; lines: readonly BookLine[] }>>;
}>;

/** All books of a ledger, from its rows in memory. Plain joins replace the derivation's SQL. */
export function booksOf(ledger: Ledger, policy: MoneyPolicy): Books {
  const paymentOf = new Map(
    rowsIn<{ id: string; payment: string }>(ledger, 'payments').map((row) => [row.id, row.payment]),
  );
  const payment = (name: string | null): string | null => (name === null ? null : (paymentOf.get(name) ?? name));
  const milestones = rowsIn<MilestoneRow>(ledger, 'milestones').map((row) => ({
    ...row,
    payment: payment(row.payment),
  }));
  const movements = movementsOf(ledger, payment);
  const refundEvidence = evidenceOf(ledger, payment);
  const items = itemsOf(ledger, milestones);
  const notes = rowsIn<CreditNoteRow>(ledger, 'credit_notes');
  const byInvoice = new Map(
    rowsIn<InvoiceRow>(ledger, 'invoices').map((invoice) => {
      const own = milestones.filter((row) => row.invoice === invoice.id);
      const payments = new Set(own.flatMap((row) => row.payment ?? []));
      const ofPayments = [...payments].flatMap((name) => milestonesOf(name, milestones));
      const named = notes.filter((note) => note.invoice === invoice.id);
      const promised = new Set(named.flatMap(({ refunds }) => refunds.map(({ refund }) => refund)));
      const facts: InvoiceFacts = {
        invoice,
        lines: rowsIn<InvoiceFacts['lines'][number] & { invoice: string }>(ledger, 'invoice_lines').filter(
          (line) => line.invoice === invoice.id,
        ),
        items: items.filter((item) => item.invoice === invoice.id && item.deleted === null),
        milestones: own,
        notes: named,
        noteLines: rowsIn<InvoiceFacts['noteLines'][number]>(ledger, 'credit_note_lines').filter((line) =>
          named.some(({ id }) => id === line.credit_note),
        ),
        movements: movements.filter((row) => row.payment !== null && payments.has(row.payment)),
        payments: ofPayments,
        refunds: [...new Set([...ofPayments, ...milestones.filter(({ object }) => promised.has(object))])],
        refundEvidence: refundEvidence.filter((row) => row.payment !== null && payments.has(row.payment)),
      };
      return [invoice.id, invoiceBook(facts, policy)] as const;
    }),
  );
  const payments = new Set(
    milestones
      .filter(({ kind }) => ['charge', 'payment_intent', 'refund'].includes(kind))
      .flatMap((row) => row.payment ?? []),
  );
  const charges = [...payments].map((name) => {
    const own = milestonesOf(name, milestones);
    return chargeBook(
      {
        payment: name,
        milestones: own.filter(({ kind }) => kind === 'charge' || kind === 'payment_intent'),
        applications: own.filter(({ kind }) => kind === 'invoice_payment' || kind === 'invoice'),
        movements: movements.filter((row) => row.payment === name),
        transfers: own.filter(({ kind }) => kind === 'transfer'),
        refunds: own,
        refundEvidence: refundEvidence.filter((row) => row.payment === name),
      },
      policy,
    );
  });
  const unbilled = items
    .filter(({ invoice, deleted }) => invoice === null || deleted !== null)
    .map((item) => itemBook(item, policy));
  const books = [...byInvoice.values(), ...unbilled];
  const payouts = [...new Set(milestones.filter(({ kind }) => kind === 'payout').map(({ object }) => object))];
  const moved = [
    ...payouts.flatMap((id) => payoutBook(milestones.filter(({ object }) => object === id))),
    ...transactionsOf(ledger, movements).flatMap(settlement),
  ];
  return {
    entries: [...books.flatMap(({ entries }) => entries), ...charges.flat(), ...balancesOf(milestones), ...moved],
    lines: books.flatMap(({ lines }) => lines),
    byInvoice,
  };
}

/** The milestones of a payment, and the overpayments of the invoices it was applied to. */
function milestonesOf(payment: string, milestones: readonly MilestoneRow[]): readonly MilestoneRow[] {
  const own = milestones.filter((row) => row.payment === payment);
  const laid = new Set(own.filter(({ kind }) => kind === 'invoice_payment').map(({ invoice }) => invoice));
  return [...own, ...milestones.filter(({ object, stage }) => stage === 'overpaid' && laid.has(object))];
}

function movementsOf(ledger: Ledger, payment: (name: string | null) => string | null): readonly DisputeMovementRow[] {
  const disputes = new Map(rowsIn<Row>(ledger, 'disputes').map((row) => [row['id'], row]));
  return rowsIn<Row>(ledger, 'dispute_movements').flatMap((row) => {
    const dispute = disputes.get(row['dispute']);
    if (dispute === undefined) return [];
    return [
      {
        ...row,
        payment: payment((dispute['payment_intent'] ?? dispute['charge']) as string | null),
        dispute_amount_minor: dispute['amount_minor'],
        dispute_currency: dispute['currency'],
        at: row['created_at'] ?? row['stripe_event_created'],
      } as unknown as DisputeMovementRow,
    ];
  });
}

/** Balance transactions as Stripe's API returned them; the rest as disputes report them. */
function transactionsOf(ledger: Ledger, movements: readonly DisputeMovementRow[]): readonly BalanceTransactionRow[] {
  const sources = new Map(
    [
      ...rowsIn<Row>(ledger, 'payments').map((row) => ({ ...row, amount_minor: row['amount_received_minor'] })),
      ...rowsIn<Row>(ledger, 'refunds'),
      ...rowsIn<Row>(ledger, 'disputes'),
    ].map((row: Row) => [row['id'], row]),
  );
  const seen = rowsIn<Row & { id: string; amount_minor: number }>(ledger, 'balance_transactions').map((row) => {
    const source = sources.get(row['source']);
    const own = Math.sign(row.amount_minor) * Number(source?.['amount_minor']);
    return {
      ...row,
      source_amount_minor:
        source === undefined ? null : source['currency'] === row['currency'] ? row.amount_minor : own,
      source_currency: source?.['currency'] ?? null,
      at: row['created_at'],
    } as unknown as BalanceTransactionRow;
  });
  const known = new Set(seen.map(({ id }) => id));
  return [...seen, ...ofDisputes(movements.filter(({ id }) => !known.has(id)))];
}

const ofDisputes = (movements: readonly DisputeMovementRow[]): readonly BalanceTransactionRow[] =>
  movements.map(
    (row) =>
      ({
        ...row,
        reporting_category: row.amount_minor < 0 ? 'dispute' : 'dispute_reversal',
        fee_details: [],
        source_amount_minor:
          row.currency === row.dispute_currency
            ? row.amount_minor
            : Math.sign(row.amount_minor) * row.dispute_amount_minor,
        source_currency: row.dispute_currency,
      }) as unknown as BalanceTransactionRow,
  );

const evidenceOf = (ledger: Ledger, payment: (name: string | null) => string | null): readonly RefundEvidenceRow[] =>
  rowsIn<Row>(ledger, 'refund_evidence')
    .filter((row) => row['source_object'] === 'charge' && row['amount_minor'] !== null)
    .map(
      (row) =>
        ({
          ...row,
          payment: payment((row['payment_intent'] ?? row['charge']) as string | null),
          at: row['created_at'] ?? row['known_since'],
        }) as unknown as RefundEvidenceRow,
    );

function itemsOf(ledger: Ledger, milestones: readonly MilestoneRow[]): readonly InvoiceItemRow[] {
  const stageOf = (item: string, stage: string) =>
    milestones.find((row) => row.object === item && row.stage === stage) ?? null;
  const isDeleted = new Set(
    rowsIn<Row & { id: string }>(ledger, 'invoices').flatMap((row) => (row['is_deleted'] === true ? [row.id] : [])),
  );
  const takenBy = new Map<unknown, string>();
  for (const { invoice, invoice_item: item } of rowsIn<Row & { invoice: string }>(ledger, 'invoice_lines'))
    if (!isDeleted.has(invoice) && invoice < (takenBy.get(item) ?? '~')) takenBy.set(item, invoice);
  return rowsIn<Row & { id: string }>(ledger, 'invoice_items').map(
    (row) =>
      ({
        ...row,
        ...stageOf(row.id, 'created'),
        ...row,
        invoice: takenBy.get(row.id) ?? row['invoice'],
        deleted: stageOf(row.id, 'deleted'),
      }) as unknown as InvoiceItemRow,
  );
}

function balancesOf(milestones: readonly MilestoneRow[]): readonly Entry[] {
  const changes = milestones.filter(
    ({ kind, stage }) => kind === 'customer' && (stage === 'opening' || stage === 'balance'),
  );
  const names = new Set(changes.map((row) => `${row.object} ${row.currency}`));
  return [...names].flatMap((name) => {
    const [customer, currency] = name.split(' ') as [string, string];
    const of = milestones.filter((row) => row.customer === customer && row.currency === currency);
    const voided = new Set(
      of.filter(({ kind, stage }) => kind === 'invoice' && stage === 'void').map(({ object }) => object),
    );
    const explained = of.flatMap((row) => {
      const { kind, object: id, stage, at, amount_minor: amount, ordinal } = row;
      if (kind === 'invoice' && stage === 'balance') {
        const back = of.find((one) => one.object === id && one.stage === 'void');
        return [
          { id: `${id} ${ordinal}`, at, amount_minor: amount },
          ...(voided.has(id) && back !== undefined
            ? [{ id: `${id} ${ordinal} void`, at: back.at, amount_minor: -amount }]
            : []),
        ];
      }
      if (kind === 'invoice' && stage === 'overpaid') return [{ id: `${id} overpaid`, at, amount_minor: -amount }];
      return kind === 'credit_note' && stage === 'credited' ? [{ id, at, amount_minor: amount }] : [];
    });
    const own = changes.filter((row) => row.object === customer && row.currency === currency);
    return balanceBook({ customer, currency, changes: own, explained });
  });
}

/** The MRR of each subscription of a ledger. */
export function mrrOf(ledger: Ledger, policy: MoneyPolicy) {
  const terms = rowsIn<TermsRow & { subscription: string; customer: string }>(ledger, 'subscription_terms');
  const prices = new Map(
    rowsIn<Row & { id: string }>(ledger, 'prices').map((row) => [
      row.id,
      {
        ...{ billingScheme: row['billing_scheme'], unitAmountDecimal: row['unit_amount_decimal'], tiers: row['tiers'] },
        ...{ tiersMode: row['tiers_mode'], transformQuantity: row['transform_quantity'], usageType: row['usage_type'] },
        ...{ interval: row['interval'], intervalCount: row['interval_count'] },
      } as unknown as PriceTermsRow,
    ]),
  );
  const coupons = new Map(
    rowsIn<{ id: string; terms: CouponRow }>(ledger, 'coupons').map((row) => [row.id, row.terms]),
  );
  const names = [...new Set(terms.map(({ subscription }) => subscription))];
  const finalized = new Map(
    rowsIn<{ id: string; finalized_at: string | null }>(ledger, 'invoices').map((row) => [row.id, row.finalized_at]),
  );
  return names.map((subscription) => {
    const own = terms.filter((row) => row.subscription === subscription);
    const customer = own[0]?.customer ?? '';
    const facts: SubscriptionFacts = {
      ...{ subscription, customer, terms: own, prices, coupons, firstPaidAt: null },
      discounts: rowsIn<Row & { id: string; customer: string | null }>(ledger, 'discounts')
        .filter(
          (row) =>
            row['subscription'] === subscription ||
            (row.customer === customer && row['subscription'] === null && row['invoice'] === null),
        )
        .map((row) => ({
          ...{
            id: row.id,
            coupon: row['coupon'],
            terms: row['terms'],
            starts_at: row['starts_at'],
            ends_at: row['ends_at'],
          },
          removed_at: row['is_deleted'] === true ? row['stripe_event_created'] : null,
          is_customers: row['subscription'] === null,
        })) as unknown as SubscriptionFacts['discounts'],
      lines: rowsIn<
        Row & { invoice: string; subscription: string | null; is_proration: boolean; subscription_item: string | null }
      >(ledger, 'invoice_lines')
        .filter((line) => line.subscription === subscription && !line.is_proration && line.subscription_item !== null)
        .map((line) => ({
          ...line,
          finalized_at: finalized.get(line.invoice) ?? '',
        })) as unknown as SubscriptionFacts['lines'],
    };
    return { subscription, customer, terms: own, ...subscriptionMrr(facts, policy) };
  });
}
