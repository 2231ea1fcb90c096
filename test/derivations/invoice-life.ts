import { accounts, type Account } from '../../derivations/journal/accounts.js';
import { chargeBook, type PaymentFacts } from '../../derivations/journal/charge-book.js';
import type { Entry } from '../../derivations/journal/entry.js';
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
} from '../../derivations/journal/facts.js';
import { invoiceBook, type Book } from '../../derivations/journal/invoice-book.js';
import { defaultPolicy, type MoneyPolicy } from '../../derivations/policy.js';
import { calendarOf, monthName } from '../../derivations/revenue/calendar.js';
import { monthsOf } from '../../derivations/revenue/months.js';

/** `2026-01-15` or `2026-01-15 12:00` in the format of rows. */
export const at = (text: string): string =>
  new Date(`${text.replace(' ', 'T')}${text.includes(' ') ? '' : 'T00:00'}Z`).toISOString();
export const second = (text: string): number => Date.parse(at(text)) / 1000;

export const cause = (id: string, time = '2026-01-01'): Cause => ({
  livemode: true,
  account: null,
  stripe_event_id: id,
  stripe_event_type: 'test',
  stripe_event_created: at(time),
  api_version: '2026-09-30.endive',
});

type LineOf = Readonly<{
  id?: string;
  amount: number;
  from?: string;
  to?: string;
  tax?: number;
  inclusive?: number;
  discount?: number;
  item?: string;
}>;

/** The facts of one invoice and its payments, added one after the other. */
export class InvoiceLife {
  private readonly milestones: MilestoneRow[] = [];
  private readonly payments: MilestoneRow[] = [];
  private readonly notes: CreditNoteRow[] = [];
  private readonly noteLines: CreditNoteLineRow[] = [];
  private readonly refunds: MilestoneRow[] = [];
  private readonly evidence: RefundEvidenceRow[] = [];
  private readonly movements: DisputeMovementRow[] = [];
  private readonly items: InvoiceItemRow[] = [];
  private lines: InvoiceLineRow[] = [];
  private invoice: InvoiceRow | null = null;

  constructor(
    readonly id = 'in_1',
    private readonly currency = 'usd',
  ) {}

  milestone(
    kind: string,
    object: string,
    stage: string,
    time: string,
    amount: number,
    more: Partial<MilestoneRow> = {},
  ): MilestoneRow {
    const known = [...this.milestones, ...this.payments, ...this.refunds].filter(
      (row) => row.object === object && row.stage === stage,
    );
    return {
      ...{ kind, object, stage, ordinal: known.length + 1, at: at(time), currency: this.currency },
      ...{ amount_minor: amount, cumulative_minor: known.reduce((sum, row) => sum + row.amount_minor, amount) },
      ...{ customer: 'cus_1', invoice: this.id, payment: null, other: null },
      ...cause(`evt_${object}_${stage}_${known.length}`, time),
      ...more,
    };
  }

  item(id: string, time: string, amount: number, from: string, to: string): this {
    this.items.push({
      ...{
        id,
        amount_minor: amount,
        currency: this.currency,
        customer: 'cus_1',
        invoice: this.id,
        created_at: at(time),
      },
      ...{ period_start: at(from), period_end: at(to), deleted: null, ...cause(`evt_${id}`, time) },
    });
    return this;
  }

  finalized(
    time: string,
    lines: readonly LineOf[],
    { balance = 0, ...more }: Partial<InvoiceRow> & { balance?: number } = {},
  ): this {
    this.lines = lines.map((line, place) => ({
      id: line.id ?? `il_${place + 1}`,
      amount_minor: line.amount,
      discount_minor: line.discount ?? 0,
      credit_minor: 0,
      tax_minor: line.tax ?? line.inclusive ?? 0,
      tax_inclusive_minor: line.inclusive ?? 0,
      period_start: line.from === undefined ? null : at(line.from),
      period_end: line.to === undefined ? null : at(line.to),
      invoice_item: line.item ?? null,
    }));
    const total = this.lines.reduce(
      (sum, line) =>
        sum + line.amount_minor - (line.discount_minor ?? 0) + (line.tax_minor ?? 0) - (line.tax_inclusive_minor ?? 0),
      0,
    );
    this.invoice = {
      ...{ id: this.id, customer: 'cus_1', subscription: 'sub_1', currency: this.currency, total_minor: total },
      ...{
        tax_minor: null,
        discount_minor: null,
        shipping_minor: 0,
        shipping_tax_minor: 0,
        has_all_lines: true,
        ...more,
      },
    };
    const event = `evt_${this.id}_finalized`;
    this.milestones.push(
      this.milestone('invoice', this.id, 'finalized', time, this.invoice.total_minor, { stripe_event_id: event }),
    );
    if (balance !== 0)
      this.milestones.push(this.milestone('invoice', this.id, 'balance', time, balance, { stripe_event_id: event }));
    return this;
  }

  /** A stage of the invoice itself. */
  stage(stage: string, time: string, amount = 0, more: Partial<MilestoneRow> = {}): this {
    this.milestones.push(this.milestone('invoice', this.id, stage, time, amount, more));
    return this;
  }

  charged(
    payment: string,
    time: string,
    amount: number,
    currency = this.currency,
    invoice: string | null = null,
  ): this {
    this.payments.push(this.milestone('charge', payment, 'captured', time, amount, { payment, currency, invoice }));
    return this;
  }

  /** A charge that failed after it had succeeded. */
  chargeFailed(payment: string, time: string, amount: number): this {
    this.payments.push(this.milestone('charge', payment, 'failed', time, amount, { payment }));
    return this;
  }

  applied(inpay: string, payment: string, time: string, amount: number): this {
    this.milestones.push(this.milestone('invoice_payment', inpay, 'paid', time, amount, { payment }));
    return this;
  }

  paid(time: string, amount: number, payment = 'ch_1', inpay = 'inpay_1'): this {
    return this.charged(payment, time, amount).applied(inpay, payment, time, amount);
  }

  unapplied(inpay: string, payment: string, time: string, amount: number): this {
    this.milestones.push(this.milestone('invoice_payment', inpay, 'unapplied', time, amount, { payment }));
    return this;
  }

  refunded(refund: string, time: string, amount: number, payment = 'ch_1'): this {
    this.refunds.push(this.milestone('refund', refund, 'made', time, amount, { payment }));
    return this;
  }

  refundFailed(refund: string, time: string, amount: number, payment = 'ch_1'): this {
    this.refunds.push(this.milestone('refund', refund, 'failed', time, amount, { payment }));
    return this;
  }

  /** The cumulative refund that a charge reports. */
  refundedInAll(charge: string, time: string, amount: number): this {
    this.refunds.push(this.milestone('charge', charge, 'refunded', time, amount, { payment: charge }));
    return this;
  }

  /** Negative amounts withdraw, as in Stripe. */
  disputed(txn: string, time: string, amount: number, more: Partial<DisputeMovementRow> = {}): this {
    this.movements.push({
      ...{ id: txn, dispute: 'dp_1', payment: 'ch_1', amount_minor: amount, currency: this.currency },
      ...{
        dispute_amount_minor: Math.abs(amount),
        dispute_currency: this.currency,
        at: at(time),
        ...cause(`evt_${txn}`, time),
        ...more,
      },
    });
    return this;
  }

  credited(
    id: string,
    time: string,
    {
      before = 0,
      after = 0,
      refunds = [],
      outside = 0,
      balance = false,
    }: {
      before?: number;
      after?: number;
      refunds?: CreditNoteRow['refunds'];
      outside?: number;
      balance?: boolean;
    },
    lines: readonly Omit<CreditNoteLineRow, 'credit_note' | 'id'>[] = [],
  ): this {
    this.notes.push({
      ...{
        id,
        invoice: this.id,
        currency: this.currency,
        pre_payment_amount_minor: before,
        post_payment_amount_minor: after,
      },
      ...{ out_of_band_amount_minor: outside, customer_balance_transaction: balance ? 'cbtxn_1' : null, refunds },
    });
    this.noteLines.push(...lines.map((line, place) => ({ ...line, credit_note: id, id: `cnli_${place}` })));
    this.milestones.push(this.milestone('credit_note', id, 'issued', time, before + after));
    return this;
  }

  noteVoided(id: string, time: string): this {
    this.milestones.push(this.milestone('credit_note', id, 'void', time, 0));
    return this;
  }

  /** Further stages of its payments. */
  knownPayments(rows: readonly MilestoneRow[]): this {
    this.payments.push(...rows);
    return this;
  }

  /** `others` are the applications of its payments to other invoices. */
  book(policy: Partial<MoneyPolicy> = {}, others: readonly MilestoneRow[] = []): Book {
    const { invoice, lines, items, milestones, notes, noteLines, movements, refunds, evidence } = this;
    if (invoice === null) throw new Error('The invoice was not finalised.');
    return invoiceBook(
      {
        ...{ invoice, lines, items, milestones, notes, noteLines, movements, refunds, refundEvidence: evidence },
        payments: [...this.payments, ...milestones.filter(({ kind }) => kind === 'invoice_payment'), ...others],
      },
      { ...defaultPolicy, ...policy },
    );
  }

  /** The entries of its payments. */
  charges(policy: Partial<MoneyPolicy> = {}, transfers: PaymentFacts['transfers'] = []): readonly Entry[] {
    const payments = [...new Set(this.payments.map(({ payment }) => payment ?? ''))];
    return payments.flatMap((payment) => {
      const of = <T extends { payment: string | null }>(rows: readonly T[]): T[] =>
        rows.filter((row) => row.payment === payment);
      return chargeBook(
        {
          payment,
          milestones: of(this.payments),
          applications: of(this.milestones),
          movements: of(this.movements),
          refunds: of(this.refunds),
          refundEvidence: of(this.evidence),
          transfers,
        },
        { ...defaultPolicy, ...policy },
      );
    });
  }

  entries(policy: Partial<MoneyPolicy> = {}): readonly Entry[] {
    return [...this.book(policy).entries, ...this.charges(policy)];
  }
}

/** The sums of an entry's postings by account. */
export function postingsOf(entries: readonly Entry[], id: string): Record<string, number> {
  const found = entries.find((one) => one.id === id);
  if (found === undefined) throw new Error(`There is no entry ${id}, only ${entries.map((one) => one.id).join(', ')}.`);
  return summed(found);
}

export function summed({ postings }: Pick<Entry, 'postings'>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { name, currency, amountMinor } of postings) {
    const account = currency === 'usd' ? name : `${name} ${currency}`;
    sums[account] = (sums[account] ?? 0) + amountMinor;
  }
  return Object.fromEntries(Object.entries(sums).filter(([, amount]) => amount !== 0));
}

export const balances = (entries: readonly Entry[]): Record<string, number> =>
  summed({ postings: entries.flatMap(({ postings }) => postings) });

const calendar = calendarOf('UTC');

/** Movements by month and account, recognition included, debit positive: `{ '2026-01': { account: amount } }`. */
export function byMonth({ entries, lines }: Book): Record<string, Record<string, number>> {
  const months: Record<string, Record<string, number>> = {};
  const add = (month: number, account: Account, amount: number): void => {
    const sums = (months[monthName(month)] ??= {});
    sums[account] = (sums[account] ?? 0) + amount;
  };
  for (const { effectiveAt, postings } of entries)
    for (const { name, amountMinor } of postings) add(calendar.monthOf(effectiveAt), name, amountMinor);
  for (const line of lines)
    for (const schedule of line.schedules)
      for (const { month, revenueMinor, unbilledMinor } of monthsOf(schedule, 'UTC')) {
        add(month, schedule === line.schedule ? accounts.revenue : accounts.discounts, -revenueMinor);
        add(month, accounts.deferred, revenueMinor - unbilledMinor);
        add(month, accounts.unbilled, unbilledMinor);
      }
  return months;
}

/** One account's movements in `count` months from `first`. */
export function movement(book: Book, account: Account, count: number, first = '2026-01'): number[] {
  const months = byMonth(book);
  const [year, month] = first.split('-').map(Number) as [number, number];
  return Array.from({ length: count }, (_, place) => {
    const amount = months[monthName(year * 12 + month - 1 + place)]?.[account] ?? 0;
    return amount === 0 ? 0 : amount;
  });
}
