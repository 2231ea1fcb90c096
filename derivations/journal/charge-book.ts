import type { MoneyPolicy } from '../policy.js';
import { split, sumOf } from '../rounding.js';
import { secondOf } from '../time.js';
import { accounts, type Account } from './accounts.js';
import { movedOf } from './disputes.js';
import { entry, posting, type Entry, type EntryOf } from './entry.js';
import type { DisputeMovementRow, MilestoneRow } from './facts.js';
import { refundsOf, type RefundFacts } from './refunds.js';
import { laidTo, partsOf, receivedBy, type Laid } from './shares.js';

/** All facts of one payment: its intent and its charges. */
export type PaymentFacts = Readonly<{
  payment: string;
  /** The milestones of its intent and charges. */
  milestones: readonly MilestoneRow[];
  /** `paid` and `unapplied` of its invoice payments, and `paid` of invoices that name it. */
  applications: readonly MilestoneRow[];
  movements: readonly DisputeMovementRow[];
  /** Transfers of its charges to connected accounts. */
  transfers: readonly MilestoneRow[];
}> &
  RefundFacts;

const A_DAY = 86_400;

/** An application to an invoice may arrive later; the payment is then no revenue of its own. */
const OF_NO_INVOICE = 'nothing that is known lays it to an invoice';

/** The entries for money that passed through Stripe. Each needs only its own object, so none waits for another. */
export function chargeBook(facts: PaymentFacts, policy: MoneyPolicy): readonly Entry[] {
  const entries: Entry[] = [];
  const post = (of: EntryOf, currency: string, from: Account, to: Account, amountMinor: number): void => {
    const made = entry(of, [posting(to, currency, amountMinor), posting(from, currency, -amountMinor)]);
    if (made !== null) entries.push(made);
  };
  for (const one of receiptsOf(facts, policy))
    post(
      one.of,
      one.currency,
      one.amountMinor < 0 ? accounts.clearing : accounts.unapplied,
      one.amountMinor < 0 ? accounts.unapplied : accounts.clearing,
      Math.abs(one.amountMinor),
    );
  for (const refund of refundsOf(facts)) {
    const { object, step, inference, cause, currency, amountMinor, failed, at: effectiveAt } = refund;
    post(
      { kind: 'refund', object, step, inference, cause, effectiveAt },
      currency,
      accounts.clearing,
      accounts.unapplied,
      amountMinor,
    );
    if (failed === null) continue;
    const of = { kind: 'refund-failed', object, effectiveAt: Math.max(failed.at, effectiveAt), cause: failed.cause };
    post(of, currency, accounts.unapplied, accounts.clearing, amountMinor);
  }
  for (const row of facts.movements) {
    const { at: effectiveAt, takenMinor, currency } = movedOf(row);
    const of = { kind: 'dispute', object: row.id, effectiveAt, cause: row };
    post(of, currency, accounts.clearing, accounts.unapplied, takenMinor);
  }
  if (policy.standalone === 'revenue') entries.push(...standaloneOf(facts, policy));
  return entries;
}

type Receipt = Readonly<{ of: EntryOf; currency: string; amountMinor: number }>;

/** What the charges captured and lost again, or what the intent reports while none of its charges is known. */
function receiptsOf({ milestones }: PaymentFacts, policy: MoneyPolicy): readonly Receipt[] {
  const charges = milestones.filter(({ kind }) => kind === 'charge');
  const hasCharge = charges.some(({ stage }) => stage === 'captured');
  const captured = (hasCharge ? charges : milestones).filter(({ stage }) => stage === 'captured');
  const failed = charges.filter(({ stage }) => stage === 'failed');
  const receipts = captured.map((row) => {
    const object = row.kind === 'charge' ? row.object : (row.other ?? row.object);
    const inference = row.kind === 'charge' ? null : 'its payment intent alone tells of it';
    const step = row.ordinal === 1 ? null : row.cumulative_minor;
    return receipt(
      { kind: 'charge', object, step, effectiveAt: secondOf(row.at), inference, cause: row },
      row,
      row.amount_minor,
    );
  });
  const losses = failed.map((row) => {
    const step = row.ordinal === 1 ? null : row.cumulative_minor;
    return receipt(
      { kind: 'charge-failed', object: row.object, step, effectiveAt: secondOf(row.at), cause: row },
      row,
      -row.amount_minor,
    );
  });
  return policy.pending === 'book' ? [...pendingOf(charges), ...receipts, ...losses] : [...receipts, ...losses];
}

/** A pending payment is booked until its outcome is known. */
function pendingOf(charges: readonly MilestoneRow[]): readonly Receipt[] {
  return charges
    .filter(({ stage }) => stage === 'pending')
    .flatMap((row) => {
      const end = charges.find(
        ({ object, stage }) => object === row.object && (stage === 'captured' || stage === 'declined'),
      );
      const begun = receipt(
        { kind: 'pending', object: row.object, effectiveAt: secondOf(row.at), cause: row },
        row,
        row.amount_minor,
      );
      if (end === undefined) return [begun];
      const of = { kind: 'pending-ended', object: row.object, effectiveAt: secondOf(end.at), cause: end };
      return [begun, receipt(of, row, -row.amount_minor)];
    });
}

const receipt = (of: EntryOf, row: MilestoneRow, amountMinor: number): Receipt => ({
  of,
  currency: row.currency,
  amountMinor,
});

/**
 * A payment without an invoice is revenue at once (`standalone: revenue`), except while it is applied to an invoice.
 */
function standaloneOf(facts: PaymentFacts, policy: MoneyPolicy): readonly Entry[] {
  const first =
    facts.milestones.find(({ stage, kind }) => stage === 'captured' && kind === 'charge') ??
    facts.milestones.find(({ stage }) => stage === 'captured');
  if (first === undefined) return [];
  const laid = laidTo(facts.payment, [...facts.milestones, ...facts.applications]);
  const isEvident = facts.applications.some(({ kind, stage }) => kind === 'invoice' && stage === 'paid');
  // A payment that names an invoice waits for its application.
  if (laid.length === 0 && (isEvident || facts.milestones.some(({ invoice }) => invoice !== null))) return [];
  const receivedMinor = receivedBy(facts.payment, facts.milestones);
  const receivedAt = secondOf(first.at);
  const currency = first.currency;
  const entries: (Entry | null)[] = [];
  const paid = facts.applications.filter(({ kind, stage }) => kind === 'invoice_payment' && stage === 'paid');
  // Money applied within a day of its receipt is not booked as standalone revenue first.
  const atOnce = paid.filter(({ at }) => secondOf(at) <= receivedAt + A_DAY);
  const laidMinor = (row: MilestoneRow): number =>
    laid.find(({ object }) => object === row.object)?.amountMinor ?? row.amount_minor;
  const ownMinor = Math.max(0, receivedMinor - sumOf(atOnce.map(laidMinor)));
  const move = (kind: string, object: string, effectiveAt: number, cause: MilestoneRow, amountMinor: number): void => {
    const inference = kind === 'standalone' ? OF_NO_INVOICE : null;
    entries.push(
      entry({ kind, object, effectiveAt, inference, cause }, [
        posting(accounts.unapplied, currency, amountMinor),
        posting(accounts.revenue, currency, -amountMinor),
      ]),
    );
  };
  move(
    'standalone',
    first.kind === 'charge' ? first.object : (first.other ?? first.object),
    receivedAt,
    first,
    ownMinor,
  );
  for (const row of paid) {
    const at = secondOf(row.at);
    if (!atOnce.includes(row)) move('standalone-applied', row.object, at, row, -laidMinor(row));
    const end = facts.applications.find(
      ({ stage, object, ordinal }) => stage === 'unapplied' && object === row.object && ordinal === row.ordinal,
    );
    if (end !== undefined)
      move('standalone-restored', row.object, Math.max(at, secondOf(end.at)), end, row.amount_minor);
  }
  return [...entries, ...standaloneGivenBack(facts, policy, laid, receivedMinor)].filter((one) => one !== null);
}

/**
 * The refunds and disputes of a standalone payment: the part that a transfer passed on is a loss until the transfer is
 * reversed, the rest lowers revenue.
 */
function standaloneGivenBack(
  facts: PaymentFacts,
  policy: MoneyPolicy,
  laid: readonly Laid[],
  receivedMinor: number,
): readonly (Entry | null)[] {
  const carriedMinor =
    policy.connect === 'gross'
      ? 0
      : sumOf(facts.transfers.map((row) => (row.stage === 'created' ? row.amount_minor : 0)));
  const give = (given: EntryOf, currency: string, contra: Account, amountMinor: number): Entry | null => {
    const of = { ...given, inference: given.inference ?? OF_NO_INVOICE };
    const ownMinor = partsOf(laid, receivedMinor, of.effectiveAt, Math.abs(amountMinor)).restMinor;
    const [contraMinor, lostMinor] = split(ownMinor, [receivedMinor - carriedMinor, carriedMinor]) as [number, number];
    const sign = amountMinor < 0 ? -1 : 1;
    return entry(of, [
      posting(contra, currency, sign * contraMinor),
      posting(accounts.lossesConnect, currency, sign * lostMinor),
      posting(accounts.unapplied, currency, -sign * ownMinor),
    ]);
  };
  const back = (of: EntryOf, currency: string, contra: Account, amountMinor: number): Entry | null => {
    if (policy.recovery === 'reinstate') return give(of, currency, contra, -amountMinor);
    const ownMinor = partsOf(laid, receivedMinor, of.effectiveAt, amountMinor).restMinor;
    return entry({ ...of, inference: of.inference ?? OF_NO_INVOICE }, [
      posting(accounts.unapplied, currency, ownMinor),
      posting(accounts.recoveries, currency, -ownMinor),
    ]);
  };
  return [
    ...refundsOf(facts).flatMap(({ object, step, at, inference, cause, currency, amountMinor, failed }) => [
      give(
        { kind: 'refund-standalone', object, step, effectiveAt: at, inference, cause },
        currency,
        accounts.refunds,
        amountMinor,
      ),
      failed === null
        ? null
        : back(
            { kind: 'refund-standalone-failed', object, effectiveAt: Math.max(failed.at, at), cause: failed.cause },
            currency,
            accounts.refunds,
            amountMinor,
          ),
    ]),
    ...facts.movements.map((row) => {
      const { at: effectiveAt, takenMinor, currency } = movedOf(row);
      const of = { kind: 'dispute-standalone', object: row.id, effectiveAt, cause: row };
      return takenMinor < 0
        ? back(of, currency, accounts.disputes, -takenMinor)
        : give(of, currency, accounts.disputes, takenMinor);
    }),
  ];
}
