import { secondOf } from '../time.js';
import type { Cause, MilestoneRow } from './facts.js';

/** Money applied to an invoice, and whether it was unapplied. */
export type Application = Readonly<{
  /** The invoice payment; before 2025-03-31.basil, the invoice and its payer. */
  object: string;
  /** Distinguishes several applications of one object. */
  step: number | null;
  at: number;
  amountMinor: number;
  /** Null: the payer is unknown. */
  payment: string | null;
  isExternal: boolean;
  inference: string | null;
  cause: Cause;
  unapplied: Readonly<{ at: number; cause: Cause; inference: string | null }> | null;
}>;

/**
 * The applications to an invoice, from the milestones of the invoice, of its invoice payments, and of payments. Invoice
 * payments take precedence; an amount that only the invoice reports counts where no invoice payment covers it, and last
 * a payment that names the invoice. Events before 2025-03-31.basil have no invoice payments.
 */
export function applicationsOf(
  invoice: string,
  milestones: readonly MilestoneRow[],
  payments: readonly MilestoneRow[],
): readonly Application[] {
  const rows = [...milestones].sort(byTime);
  const ofPayments = rows.filter(({ kind, invoice: of }) => kind === 'invoice_payment' && of === invoice);
  const own = rows.filter(({ kind, object }) => kind === 'invoice' && object === invoice);
  const known = ofPayments.filter(({ stage }) => stage === 'paid').map((row) => ownedBy(row, ofPayments));
  const external = externalOf(invoice, known, own);
  const evident = evidentOf(invoice, [...known, ...external], own);
  const stated = [...known, ...external, ...evident];
  return reopened([...stated, ...namingOf(invoice, stated, [...payments].sort(byTime))].sort(byMoment), own);
}

const byTime = (a: MilestoneRow, b: MilestoneRow): number =>
  a.at < b.at ? -1 : a.at > b.at ? 1 : a.object < b.object ? -1 : a.object > b.object ? 1 : a.ordinal - b.ordinal;
const byMoment = (a: Application, b: Application): number =>
  a.at - b.at || (a.object < b.object ? -1 : a.object > b.object ? 1 : 0);

function ownedBy(row: MilestoneRow, stated: readonly MilestoneRow[]): Application {
  const ended = stated.find(
    ({ stage, object, ordinal }) => stage === 'unapplied' && object === row.object && ordinal === row.ordinal,
  );
  return {
    object: row.object,
    step: row.ordinal === 1 ? null : row.ordinal,
    at: secondOf(row.at),
    amountMinor: row.amount_minor,
    payment: row.payment,
    isExternal: row.payment === null && row.other !== null,
    inference: null,
    cause: row,
    unapplied: ended === undefined ? null : { at: secondOf(ended.at), cause: ended, inference: null },
  };
}

/** Payments outside Stripe that no invoice payment covers. */
function externalOf(
  invoice: string,
  known: readonly Application[],
  own: readonly MilestoneRow[],
): readonly Application[] {
  const isStated = pool(known.filter(({ isExternal }) => isExternal));
  return own
    .filter(({ stage }) => stage === 'external')
    .flatMap((row) => {
      const amountMinor = isStated(row.amount_minor);
      return amountMinor === 0
        ? []
        : [{ ...evidence(row, invoice, amountMinor), step: row.cumulative_minor, isExternal: true, inference: null }];
    });
}

/** Payments that only the invoice reports. */
function evidentOf(
  invoice: string,
  known: readonly Application[],
  own: readonly MilestoneRow[],
): readonly Application[] {
  const isStated = pool(known);
  const seen = new Map<string, number>();
  return own
    .filter(({ stage }) => stage === 'paid')
    .flatMap((row) => {
      const amountMinor = isStated(row.amount_minor);
      if (amountMinor === 0) return [];
      const object = `${invoice}:${row.other ?? row.payment ?? 'unknown'}`;
      const times = (seen.get(object) ?? 0) + 1;
      seen.set(object, times);
      return [{ ...evidence(row, object, amountMinor), step: times === 1 ? null : times }];
    });
}

/** Receipts of payments that name the invoice, less what other evidence covers. */
function namingOf(
  invoice: string,
  known: readonly Application[],
  payments: readonly MilestoneRow[],
): readonly Application[] {
  const naming = new Set(
    payments
      .filter(({ stage, invoice: of }) => stage === 'captured' && of === invoice)
      .flatMap((row) => row.payment ?? []),
  );
  // An unknown payer that the invoice reports may be any of these payments.
  let unknownMinor = sumOf(known.filter(({ payment, isExternal }) => payment === null && !isExternal));
  return [...naming].sort().flatMap((payment) => {
    const own = payments.filter((row) => row.payment === payment);
    const ofCharges = own.filter(({ kind }) => kind === 'charge');
    const captured = own.filter(({ stage }) => stage === 'captured');
    const counted = captured.some(({ kind }) => kind === 'charge') ? ofCharges : own;
    let statedMinor = sumOf(known.filter((one) => one.payment === payment));
    const seen = new Map<string, number>();
    return counted
      .filter(({ stage }) => stage === 'captured')
      .flatMap((row) => {
        const stated = Math.min(row.amount_minor, statedMinor);
        statedMinor -= stated;
        const unknown = Math.min(row.amount_minor - stated, unknownMinor);
        unknownMinor -= unknown;
        const amountMinor = row.amount_minor - stated - unknown;
        if (amountMinor === 0) return [];
        const object = `${invoice}:${row.kind === 'charge' ? row.object : (row.other ?? row.object)}`;
        const times = (seen.get(object) ?? 0) + 1;
        seen.set(object, times);
        const failed = ofCharges.find(({ stage, object: of }) => stage === 'failed' && of === row.object);
        return [
          {
            ...{ ...evidence(row, object, amountMinor), payment, step: times === 1 ? null : times },
            inference: NAMED,
            unapplied: failed === undefined ? null : { at: secondOf(failed.at), cause: failed, inference: NAMED },
          },
        ];
      });
  });
}

const NAMED = 'the payment alone says that it pays it';
const sumOf = (all: readonly Application[]): number => all.reduce((sum, { amountMinor }) => sum + amountMinor, 0);

const evidence = (row: MilestoneRow, object: string, amountMinor: number): Omit<Application, 'step'> => ({
  object,
  at: secondOf(row.at),
  amountMinor,
  payment: row.payment,
  isExternal: false,
  inference: 'the invoice alone says that it was paid',
  cause: row,
  unapplied: null,
});

/**
 * Returns a function that draws each amount from the total of the known applications and returns the part not covered.
 */
function pool(known: readonly Application[]): (amountMinor: number) => number {
  let leftMinor = known.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return (amountMinor) => {
    const stated = Math.min(amountMinor, leftMinor);
    leftMinor -= stated;
    return amountMinor - stated;
  };
}

/** Unapplies payments of a reopened invoice: first those that report it themselves, then the latest before it. */
function reopened(applications: readonly Application[], own: readonly MilestoneRow[]): readonly Application[] {
  const ended = [...applications];
  let statedMinor = applications.reduce((sum, one) => (one.unapplied === null ? sum : sum + one.amountMinor), 0);
  for (const row of own.filter(({ stage }) => stage === 'reopened')) {
    let lostMinor = row.amount_minor - Math.min(row.amount_minor, statedMinor);
    statedMinor -= Math.min(row.amount_minor, statedMinor);
    const at = secondOf(row.at);
    for (let place = ended.length - 1; place >= 0 && lostMinor > 0; place -= 1) {
      const one = ended[place] as Application;
      if (one.unapplied !== null || one.at > at || one.amountMinor > lostMinor) continue;
      const inference = one.inference ?? 'the invoice alone says that it is open again';
      ended[place] = { ...one, unapplied: { at, cause: row, inference } };
      lostMinor -= one.amountMinor;
    }
  }
  return ended;
}
