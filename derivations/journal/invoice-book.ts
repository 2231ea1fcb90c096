import type { MoneyPolicy } from '../policy.js';
import { portion, split, sumOf } from '../rounding.js';
import { secondOf } from '../time.js';
import { accounts, type Account } from './accounts.js';
import { applicationsOf, type Application } from './applications.js';
import { entry, posting, type Entry, type EntryOf, type Posting } from './entry.js';
import type {
  CreditNoteLineRow,
  CreditNoteRow,
  DisputeMovementRow,
  InvoiceItemRow,
  InvoiceLineRow,
  InvoiceRow,
  MilestoneRow,
} from './facts.js';
import { itemBook, itemEntry } from './item-book.js';
import { bookLines, type BookLine, type TakenOfLine } from './lines.js';
import { movedOf } from './disputes.js';
import { refundsOf, type Refund, type RefundFacts } from './refunds.js';
import { laidTo, shareOf } from './shares.js';
import { WrittenOff } from './written-off.js';

/** All facts of one invoice. */
export type InvoiceFacts = Readonly<{
  invoice: InvoiceRow;
  lines: readonly InvoiceLineRow[];
  /** Items of the invoice that were not deleted. */
  items: readonly InvoiceItemRow[];
  /** The milestones of the invoice, its invoice payments and its credit notes. */
  milestones: readonly MilestoneRow[];
  /** Its credit notes, and those of other invoices that name one of its refunds. */
  notes: readonly CreditNoteRow[];
  noteLines: readonly CreditNoteLineRow[];
  movements: readonly DisputeMovementRow[];
  /** The milestones of its payments: what they captured, and what they were applied to. */
  payments: readonly MilestoneRow[];
}> &
  RefundFacts;

export type Book = Readonly<{ entries: readonly Entry[]; lines: readonly BookLine[] }>;

/**
 * An amount taken from the invoice: first from lines, then from the pool of recovered money; `restMinor` is the excess
 * over both.
 */
type Taken = Readonly<{
  lines: readonly TakenOfLine[];
  contraMinor: number;
  pool: Readonly<{ recognisedMinor: number; recoveriesMinor: number }>;
  restMinor: number;
}>;

/** The order of happenings within one second, since Stripe's times have seconds: a function of the facts. */
const ranks = {
  item: 0,
  invoice: 1,
  balance: 2,
  application: 3,
  overpaid: 4,
  creditNote: 5,
  refund: 6,
  dispute: 7,
  refundFailed: 8,
  uncollectible: 9,
  recovered: 10,
  void: 11,
  creditNoteVoided: 12,
  reopened: 13,
} as const;

type Happening = Readonly<{ at: number; rank: keyof typeof ranks; id: string; run: (at: number) => void }>;

/** The entries and schedules of an invoice; of a draft, only those of its items. */
export function invoiceBook(facts: InvoiceFacts, policy: MoneyPolicy): Book {
  const finalized = facts.milestones.find(({ object, stage }) => object === facts.invoice.id && stage === 'finalized');
  if (finalized === undefined) return itemsOfDraft(facts.items, policy);
  return new InvoiceBook(facts, finalized, policy).written();
}

function itemsOfDraft(items: readonly InvoiceItemRow[], policy: MoneyPolicy): Book {
  const books = items.map((item) => itemBook(item, policy));
  return { entries: books.flatMap(({ entries }) => entries), lines: books.flatMap(({ lines }) => lines) };
}

class InvoiceBook {
  private readonly entries: Entry[] = [];
  private readonly happenings: Happening[] = [];
  private readonly lines: BookLine[];
  private readonly currency: string;
  private readonly finalizedAt: number;
  private readonly applications: readonly Application[];
  private arMinor = 0;
  private appliedBalanceMinor = 0;
  /** Money recovered after a loss, by account; it may be taken again. */
  private pool = { recognisedMinor: 0, recoveriesMinor: 0 };
  private writtenOff: WrittenOff | null = null;
  private readonly notes = new Map<string, { taken: Taken; postings: readonly Posting[] }>();
  private readonly disputed = new Map<string, { taken: Taken; postings: readonly Posting[] }[]>();

  constructor(
    private readonly facts: InvoiceFacts,
    private readonly finalized: MilestoneRow,
    private readonly policy: MoneyPolicy,
  ) {
    this.currency = facts.invoice.currency;
    this.finalizedAt = secondOf(finalized.at);
    this.lines = bookLines(facts, this.finalizedAt, policy);
    this.applications = applicationsOf(facts.invoice.id, facts.milestones, facts.payments);
  }

  written(): Book {
    this.expectInvoice();
    this.expectApplications();
    this.expectNotes();
    this.expectMoneyBack();
    const ordered = this.happenings.sort(
      (a, b) => a.at - b.at || ranks[a.rank] - ranks[b.rank] || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
    );
    for (const { at, run } of ordered) run(at);
    return { entries: this.entries, lines: this.lines };
  }

  /** Schedules a happening. Only items precede finalisation, whatever the times of events say. */
  private expect(at: number, rank: keyof typeof ranks, id: string, run: (at: number) => void): void {
    this.happenings.push({ at: rank === 'item' ? at : Math.max(at, this.finalizedAt), rank, id, run });
  }

  private post(of: EntryOf, postings: readonly Posting[]): void {
    const made = entry(of, postings);
    if (made === null) return;
    this.entries.push(made);
    this.arMinor += sumOf(
      made.postings.map(({ name, amountMinor }) => (name === accounts.receivable ? amountMinor : 0)),
    );
  }

  private to(name: Account, amountMinor: number, line: string | null = null): Posting {
    return posting(name, this.currency, amountMinor, line);
  }

  private expectInvoice(): void {
    const { invoice, milestones } = this.facts;
    if (this.policy.unbilled === 'items') this.expectItems();
    const own = milestones.filter(({ object }) => object === invoice.id);
    const balances = own.filter(({ stage }) => stage === 'balance');
    const isFirst = (row: MilestoneRow): boolean => row.stripe_event_id === this.finalized.stripe_event_id;
    this.expect(this.finalizedAt, 'invoice', invoice.id, (at) => this.finalize(at, balances.find(isFirst)));
    for (const row of balances.filter((one) => !isFirst(one)))
      this.expect(secondOf(row.at), 'balance', String(row.ordinal), (at) => this.applyBalance(row, at));
    for (const row of own) {
      const at = secondOf(row.at);
      if (row.stage === 'overpaid') this.expect(at, 'overpaid', String(row.ordinal), (then) => this.overpay(row, then));
      if (row.stage === 'uncollectible') this.expect(at, 'uncollectible', '', (then) => this.writeOff(row, then));
      if (row.stage === 'void') this.expect(at, 'void', '', (then) => this.void(row, then));
    }
  }

  private expectItems(): void {
    for (const { id, item } of this.lines) {
      if (item?.created_at == null) continue;
      const booked = Math.min(secondOf(item.created_at), this.finalizedAt);
      this.expect(booked, 'item', item.id, (at) => this.entries.push(...itemEntry(item, at, id)));
    }
  }

  private finalize(at: number, balance: MilestoneRow | undefined): void {
    const { total_minor: totalMinor, id } = this.facts.invoice;
    const deltaMinor = balance?.cumulative_minor ?? 0;
    this.appliedBalanceMinor += deltaMinor;
    const deferred = this.lines.flatMap((line) => {
      const itemMinor = line.item?.amount_minor ?? 0;
      return [
        this.to(accounts.unbilled, -itemMinor, line.id),
        ...this.deferredOf(line, itemMinor),
        this.to(accounts.tax, -line.taxMinor, line.id),
      ];
    });
    const inferences = this.lines.flatMap(({ inference }) => inference ?? []);
    const of = {
      kind: 'invoice',
      object: id,
      effectiveAt: at,
      cause: this.finalized,
      inference: inferences[0] ?? null,
    };
    this.post(of, [
      this.to(accounts.receivable, totalMinor),
      ...deferred,
      this.to(accounts.customerBalance, deltaMinor),
      this.to(accounts.receivable, -deltaMinor),
    ]);
  }

  /** Postings of the deferred revenue, and of the revenue earned before it was billed. */
  private deferredOf(line: BookLine, itemMinor: number): Posting[] {
    return line.schedules.flatMap((schedule, place) => {
      const netMinor = schedule.leftMinor - (place === 0 ? itemMinor : 0);
      const earnedMinor = line.item === null ? schedule.revenue(this.finalizedAt) : 0;
      return [
        this.to(accounts.deferred, earnedMinor - netMinor, line.id),
        this.to(accounts.unbilled, -earnedMinor, line.id),
      ];
    });
  }

  private applyBalance(row: MilestoneRow, effectiveAt: number): void {
    this.appliedBalanceMinor += row.amount_minor;
    const of = { kind: 'balance-applied', object: row.object, step: row.cumulative_minor, effectiveAt, cause: row };
    this.post(of, [
      this.to(accounts.customerBalance, row.amount_minor),
      this.to(accounts.receivable, -row.amount_minor),
    ]);
  }

  private expectApplications(): void {
    for (const one of this.applications) {
      const id = `${one.object} ${one.step ?? 1}`;
      this.expect(one.at, 'application', id, (at) => this.apply(one, at));
      if (one.unapplied !== null)
        this.expect(Math.max(one.unapplied.at, one.at), 'reopened', id, (at) => this.unapply(one, at));
    }
  }

  private apply(one: Application, effectiveAt: number): void {
    const { object, payment, step, inference, cause, amountMinor } = one;
    const kind = one.isExternal ? 'external' : 'application';
    this.post({ kind, object, payment, step, effectiveAt, inference, cause }, [
      this.to(sideOf(one), amountMinor),
      this.to(accounts.receivable, -amountMinor),
    ]);
    if (this.writtenOff !== null && this.arMinor < 0) this.recover(one, effectiveAt);
  }

  private unapply(one: Application, effectiveAt: number): void {
    if (one.unapplied === null) return;
    const { object, payment, step } = one;
    const { cause, inference } = one.unapplied;
    this.post({ kind: 'unapplied', object, payment, step, effectiveAt, inference, cause }, [
      this.to(accounts.receivable, one.amountMinor),
      this.to(sideOf(one), -one.amountMinor),
    ]);
  }

  /**
   * Moves an overpayment to the customer balance: from the receivable where it is negative, the rest from the payment.
   */
  private overpay(row: MilestoneRow, effectiveAt: number): void {
    const fromInvoice = Math.min(row.amount_minor, Math.max(0, -this.arMinor));
    // The latest payment caused the overpayment.
    const payment = this.applications.findLast(({ at }) => at <= effectiveAt)?.payment ?? null;
    const { object, cumulative_minor: step } = row;
    this.post({ kind: 'overpaid', object, payment, step, effectiveAt, cause: row }, [
      this.to(accounts.receivable, fromInvoice),
      this.to(accounts.unapplied, row.amount_minor - fromInvoice),
      this.to(accounts.customerBalance, -row.amount_minor),
    ]);
  }

  /** Takes an amount: first from the `named` lines, then from all lines in proportion, then from the pool. */
  private take(amountMinor: number, at: number, isTaxed = true, named: readonly CreditNoteLineRow[] = []): Taken {
    const taken: TakenOfLine[] = [];
    for (const { invoice_line: id, gross_minor: asked, tax_minor: taxMinor } of named) {
      const line = this.lines.find((one) => one.id === id);
      if (line === undefined) continue;
      const part = within(asked, line.grossLeftMinor);
      if (part !== 0) taken.push(line.take(part, at, part === asked ? taxMinor : null));
    }
    const left = this.lines.map((line) => line.grossLeftMinor);
    const ofLines = within(amountMinor - sumOf(taken.map(({ grossMinor }) => grossMinor)), sumOf(left));
    split(ofLines, left).forEach((part, place) => {
      if (part !== 0) taken.push((this.lines[place] as BookLine).take(part, at, isTaxed ? null : 0));
    });
    const restMinor = amountMinor - sumOf(taken.map(({ grossMinor }) => grossMinor));
    const pool = this.takeOfPool(restMinor);
    return {
      lines: taken,
      contraMinor: sumOf(taken.map(({ contraMinor }) => contraMinor)) + pool.recognisedMinor,
      pool,
      restMinor: restMinor - pool.recognisedMinor - pool.recoveriesMinor,
    };
  }

  private takeOfPool(wantedMinor: number): Taken['pool'] {
    const allMinor = this.pool.recognisedMinor + this.pool.recoveriesMinor;
    const amountMinor = allMinor <= 0 ? 0 : Math.max(0, Math.min(wantedMinor, allMinor));
    if (amountMinor === 0) return { recognisedMinor: 0, recoveriesMinor: 0 };
    const recoveriesMinor = portion(amountMinor, { part: this.pool.recoveriesMinor, whole: allMinor });
    const taken = { recoveriesMinor, recognisedMinor: amountMinor - recoveriesMinor };
    this.pool.recoveriesMinor -= taken.recoveriesMinor;
    this.pool.recognisedMinor -= taken.recognisedMinor;
    return taken;
  }

  /** The postings of a take, without its contra account and its destination. */
  private takenPostings({ lines, pool, restMinor }: Taken): Posting[] {
    return [
      ...lines.flatMap(({ line, cutMinor, taxMinor }) => [
        this.to(accounts.deferred, cutMinor, line.id),
        this.to(accounts.tax, taxMinor, line.id),
      ]),
      this.to(accounts.recoveries, pool.recoveriesMinor),
      this.to(accounts.lossesOther, restMinor),
    ];
  }

  private contraPostings({ lines, pool }: Taken, name: Account): Posting[] {
    return [
      ...lines.map(({ line, contraMinor }) => this.to(name, contraMinor, line.id)),
      this.to(name, pool.recognisedMinor),
    ];
  }

  private give({ lines, pool }: Taken, at: number): void {
    for (const taken of lines) taken.line.give(taken, at);
    this.pool.recognisedMinor += pool.recognisedMinor;
    this.pool.recoveriesMinor += pool.recoveriesMinor;
  }

  private void(row: MilestoneRow, effectiveAt: number): void {
    const arMinor = this.arMinor;
    const of = { kind: 'void', object: row.object, effectiveAt, cause: row };
    const off = this.writtenOff?.voided() ?? { lost: [], taxMinor: 0 };
    const taken = this.take(arMinor + this.appliedBalanceMinor, effectiveAt);
    this.post(of, [
      ...this.contraPostings(taken, accounts.voids),
      ...this.takenPostings(taken),
      this.to(accounts.receivable, -arMinor),
      this.to(accounts.customerBalance, -this.appliedBalanceMinor),
      ...off.lost.flatMap(({ line, amountMinor }) => [
        this.to(accounts.voids, amountMinor, line),
        this.to(accounts.badDebt, -amountMinor, line),
      ]),
      this.to(accounts.tax, off.taxMinor),
      this.to(accounts.badDebt, -off.taxMinor),
    ]);
    this.appliedBalanceMinor = 0;
  }

  private writeOff(row: MilestoneRow, effectiveAt: number): void {
    const dueMinor = this.arMinor;
    const off = new WrittenOff(this.lines, dueMinor, effectiveAt, this.policy);
    this.writtenOff = off;
    this.pool.recognisedMinor += off.keptMinor;
    this.pool.recoveriesMinor += off.keptRecoveriesMinor;
    this.post({ kind: 'uncollectible', object: row.object, effectiveAt, cause: row }, [
      ...off.deferred.map(({ line, amountMinor }) => this.to(accounts.deferred, amountMinor, line)),
      ...off.lost.map(({ line, amountMinor }) => this.to(accounts.badDebt, amountMinor, line)),
      this.to(accounts.badDebt, off.keptTaxMinor),
      this.to(accounts.tax, off.reversedTaxMinor),
      this.to(accounts.receivable, -dueMinor),
      this.to(accounts.recoveries, -off.recoveriesMinor),
    ]);
  }

  /** Books money received for a written-off invoice. */
  private recover(one: Application, effectiveAt: number): void {
    const off = this.writtenOff;
    if (off === null) return;
    const amountMinor = Math.min(-this.arMinor, off.dueMinor - off.recoveredMinor);
    const back = off.recover(amountMinor, effectiveAt);
    const { object, payment, step, inference, cause } = one;
    const given = this.policy.recovery === 'gains' ? [] : off.giveBack(effectiveAt);
    const knownMinor = sumOf([...back.lost, ...given].map((part) => part.amountMinor)) + back.taxMinor;
    const recoveriesMinor = amountMinor - knownMinor;
    if (this.policy.recovery === 'gains') {
      this.pool.recognisedMinor += knownMinor;
      this.pool.recoveriesMinor += recoveriesMinor;
    }
    this.post({ kind: 'recovered', object, payment, step, effectiveAt, inference, cause }, [
      this.to(accounts.receivable, amountMinor),
      ...back.lost.map((part) => this.to(accounts.badDebt, -part.amountMinor, part.line)),
      this.to(off.reversedTaxMinor === 0 ? accounts.badDebt : accounts.tax, -back.taxMinor),
      ...given.map((part) => this.to(accounts.deferred, -part.amountMinor, part.line)),
      this.to(accounts.recoveries, -recoveriesMinor),
    ]);
  }

  private expectNotes(): void {
    const { notes, milestones, invoice } = this.facts;
    for (const note of notes.filter((one) => one.invoice === invoice.id)) {
      const rows = milestones.filter(({ object }) => object === note.id);
      const issued = rows.find(({ stage }) => stage === 'issued');
      const voided = rows.find(({ stage }) => stage === 'void');
      if (issued === undefined) continue;
      this.expect(secondOf(issued.at), 'creditNote', note.id, (at) => this.credit(note, issued, at));
      if (voided !== undefined)
        this.expect(secondOf(voided.at), 'creditNoteVoided', note.id, (at) => this.voidNote(note.id, voided, at));
    }
  }

  private credit(note: CreditNoteRow, issued: MilestoneRow, effectiveAt: number): void {
    const { pre_payment_amount_minor: before, post_payment_amount_minor: after } = note;
    const refundedMinor = Math.min(after, sumOf(note.refunds.map((one) => this.refundedBy(one) ?? 0)));
    const isBalanced = note.customer_balance_transaction !== null;
    const balanceMinor = isBalanced ? after - refundedMinor - note.out_of_band_amount_minor : 0;
    const named = this.facts.noteLines.filter(({ credit_note: of }) => of === note.id);
    const taken = this.take(before + after, effectiveAt, true, named);
    const [refunds, rest] = split(taken.contraMinor, [refundedMinor, before + after - refundedMinor]) as [
      number,
      number,
    ];
    const isOutside = after > 0 && this.applications.some(({ isExternal }) => isExternal);
    const other = isOutside ? accounts.externalRefunds : accounts.creditNotes;
    const postings = [
      ...(refundedMinor === 0
        ? this.contraPostings(taken, other)
        : [this.to(accounts.refunds, refunds), this.to(other, rest)]),
      ...this.takenPostings(taken),
      this.to(accounts.receivable, -before),
      this.to(accounts.refundsPayable, -refundedMinor),
      this.to(accounts.customerBalance, -balanceMinor),
      this.to(accounts.externalCredit, -(after - refundedMinor - balanceMinor)),
    ];
    this.notes.set(note.id, { taken, postings });
    const isUnknown = note.refunds.some((one) => this.refundedBy(one) === null);
    const inference = isUnknown ? 'how much of it is a refund is not known' : null;
    this.post({ kind: 'credit-note', object: note.id, effectiveAt, inference, cause: issued }, postings);
  }

  /** The amount of a refund in a credit note; from the refund where the note omits it, null if unknown. */
  private refundedBy({ refund, amountMinor }: CreditNoteRow['refunds'][number]): number | null {
    if (amountMinor !== null) return amountMinor;
    return this.facts.refunds.find(({ object, stage }) => object === refund && stage === 'made')?.amount_minor ?? null;
  }

  private voidNote(id: string, voided: MilestoneRow, effectiveAt: number): void {
    const made = this.notes.get(id);
    if (made === undefined) return;
    this.give(made.taken, effectiveAt);
    this.post({ kind: 'credit-note-voided', object: id, effectiveAt, cause: voided }, reversed(made.postings));
  }

  private expectMoneyBack(): void {
    for (const refund of refundsOf(this.facts)) {
      const { ownMinor, namedMinor } = this.partOf(refund);
      if (ownMinor === 0 && namedMinor === 0) continue;
      const id = `${refund.object} ${refund.step ?? ''}`;
      const undo: { taken?: Taken } = {};
      this.expect(refund.at, 'refund', id, (at) => {
        undo.taken = this.refund(refund, ownMinor, namedMinor, at);
      });
      const { failed } = refund;
      if (failed !== null)
        this.expect(Math.max(failed.at, refund.at), 'refundFailed', id, (at) => {
          const object = this.partName(refund.object, refund.payment);
          const { payment } = refund;
          const of = { kind: 'refund-unapplied', object, payment, effectiveAt: at, cause: failed.cause };
          this.returned(of, undo.taken ?? null, accounts.refunds, ownMinor, namedMinor);
        });
    }
    for (const row of this.facts.movements) {
      const moved = movedOf(row);
      const amountMinor = this.part(row.payment, moved.at, Math.abs(moved.takenMinor));
      if (amountMinor === 0) continue;
      this.expect(moved.at, 'dispute', row.id, (at) =>
        this.dispute(row, Math.sign(moved.takenMinor) * amountMinor, at),
      );
    }
  }

  /** This invoice's part of a refund: what its credit notes promised, and its share of what no note covers. */
  private partOf(refund: Refund): { ownMinor: number; namedMinor: number } {
    const { notes, invoice } = this.facts;
    const promised = notes.flatMap(({ invoice: of, refunds }) =>
      refunds
        .filter((one) => one.refund === refund.object)
        .map((one) => ({ of, amountMinor: one.amountMinor ?? refund.amountMinor })),
    );
    const restMinor = Math.max(0, refund.amountMinor - sumOf(promised.map(({ amountMinor }) => amountMinor)));
    const named = promised.filter(({ of }) => of === invoice.id).map(({ amountMinor }) => amountMinor);
    return {
      ownMinor: this.part(refund.payment, refund.at, restMinor),
      namedMinor: Math.min(sumOf(named), refund.amountMinor),
    };
  }

  /** The name of a refund or dispute in entries; includes the invoice where the payment covers several. */
  private partName(object: string, payment: string | null): string {
    const { invoice, payments, notes } = this.facts;
    const laid = payment === null ? [] : laidTo(payment, payments);
    const isShared =
      laid.some((one) => one.invoice !== invoice.id) ||
      notes.some(({ invoice: of, refunds }) => of !== invoice.id && refunds.some(({ refund }) => refund === object));
    return isShared ? `${object}:${invoice.id}` : object;
  }

  private part(payment: string | null, at: number, amountMinor: number): number {
    if (payment === null || amountMinor === 0) return 0;
    const own = this.applications.filter((one) => one.payment === payment);
    if (own.length === 0) return 0;
    return shareOf(this.facts.invoice.id, own, this.facts.payments, payment, at, amountMinor);
  }

  private refund(refund: Refund, ownMinor: number, namedMinor: number, effectiveAt: number): Taken {
    const { payment, step, inference, cause } = refund;
    const object = this.partName(refund.object, payment);
    const taken = this.take(ownMinor, effectiveAt, this.policy.refundTax === 'proportional');
    this.post({ kind: 'refund-applied', object, payment, step, effectiveAt, inference, cause }, [
      ...this.contraPostings(taken, accounts.refunds),
      ...this.takenPostings(taken),
      this.to(accounts.refundsPayable, namedMinor),
      this.to(accounts.unapplied, -ownMinor - namedMinor),
    ]);
    return taken;
  }

  /** Books money that came back: as a gain, or by restoring what was taken. A credit note's promise is owed again. */
  private returned(of: EntryOf, taken: Taken | null, contra: Account, ownMinor: number, namedMinor: number): void {
    const isGain = this.policy.recovery === 'gains' || taken === null || amountOf(taken) !== ownMinor;
    if (isGain) this.pool.recoveriesMinor += ownMinor;
    else this.give(taken, of.effectiveAt);
    this.post(of, [
      this.to(accounts.unapplied, ownMinor + namedMinor),
      this.to(accounts.refundsPayable, -namedMinor),
      ...(isGain
        ? [this.to(accounts.recoveries, -ownMinor)]
        : reversed([...this.contraPostings(taken, contra), ...this.takenPostings(taken)])),
    ]);
  }

  private dispute(row: DisputeMovementRow, takenMinor: number, effectiveAt: number): void {
    const object = this.partName(row.id, row.payment);
    const of = { kind: 'dispute-applied', object, payment: row.payment, effectiveAt, cause: row };
    const before = this.disputed.get(row.dispute) ?? [];
    if (takenMinor < 0) {
      const last = before.pop();
      this.returned(of, last?.taken ?? null, accounts.disputes, -takenMinor, 0);
      return;
    }
    const taken = this.take(takenMinor, effectiveAt, this.policy.refundTax === 'proportional');
    const postings = [
      ...this.contraPostings(taken, accounts.disputes),
      ...this.takenPostings(taken),
      this.to(accounts.unapplied, -takenMinor),
    ];
    this.disputed.set(row.dispute, [...before, { taken, postings }]);
    this.post(of, postings);
  }
}

const sideOf = ({ isExternal }: Application): Account => (isExternal ? accounts.external : accounts.unapplied);

const amountOf = ({ lines, pool, restMinor }: Taken): number =>
  sumOf(lines.map(({ grossMinor }) => grossMinor)) + pool.recognisedMinor + pool.recoveriesMinor + restMinor;

const reversed = (postings: readonly Posting[]): Posting[] =>
  postings.map((one) => ({ ...one, amountMinor: -one.amountMinor }));

/** Limits an amount to what is left; 0 if the signs differ. */
const within = (amountMinor: number, leftMinor: number): number => {
  if (amountMinor < 0 !== leftMinor < 0 && leftMinor !== 0) return 0;
  return amountMinor < 0 ? Math.max(amountMinor, leftMinor) : Math.min(amountMinor, leftMinor);
};
