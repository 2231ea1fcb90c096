import { secondOf } from '../time.js';
import type { Cause, MilestoneRow } from './facts.js';

/** Money laid to an invoice, and whether it was taken off it again. */
export type Application = Readonly<{
  /** The invoice payment; before there were any, the invoice and who paid it. */
  object: string;
  /** Where several of one object are told apart. */
  step: number | null;
  at: number;
  amountMinor: number;
  /** Null: nobody knows who paid. */
  payment: string | null;
  isExternal: boolean;
  inference: string | null;
  cause: Cause;
  unapplied: Readonly<{ at: number; cause: Cause; inference: string | null }> | null;
}>;

/**
 * What was laid to an invoice, from the milestones of the invoice, of its invoice payments, and of payments. An invoice payment is the owner
 * of what it says; what the invoice alone says it was paid is evidence, and counts as far as no invoice payment says it; so does, after both, a
 * payment that names the invoice. Events before 2025-03-31.basil know no invoice payments.
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
  const told = [...known, ...external, ...evident];
  return reopened([...told, ...namingOf(invoice, told, [...payments].sort(byTime))].sort(byMoment), own);
}

const byTime = (a: MilestoneRow, b: MilestoneRow): number =>
  a.at < b.at ? -1 : a.at > b.at ? 1 : a.object < b.object ? -1 : a.object > b.object ? 1 : a.ordinal - b.ordinal;
const byMoment = (a: Application, b: Application): number =>
  a.at - b.at || (a.object < b.object ? -1 : a.object > b.object ? 1 : 0);

function ownedBy(row: MilestoneRow, told: readonly MilestoneRow[]): Application {
  const ended = told.find(
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

/** What was paid outside Stripe, as far as no invoice payment tells of it. */
function externalOf(
  invoice: string,
  known: readonly Application[],
  own: readonly MilestoneRow[],
): readonly Application[] {
  const isToldOf = pool(known.filter(({ isExternal }) => isExternal));
  return own
    .filter(({ stage }) => stage === 'external')
    .flatMap((row) => {
      const amountMinor = isToldOf(row.amount_minor);
      return amountMinor === 0
        ? []
        : [{ ...evidence(row, invoice, amountMinor), step: row.cumulative_minor, isExternal: true, inference: null }];
    });
}

/** What the invoice says it was paid, as far as nothing better tells of it. */
function evidentOf(
  invoice: string,
  known: readonly Application[],
  own: readonly MilestoneRow[],
): readonly Application[] {
  const isToldOf = pool(known);
  const seen = new Map<string, number>();
  return own
    .filter(({ stage }) => stage === 'paid')
    .flatMap((row) => {
      const amountMinor = isToldOf(row.amount_minor);
      if (amountMinor === 0) return [];
      const object = `${invoice}:${row.other ?? row.payment ?? 'unknown'}`;
      const times = (seen.get(object) ?? 0) + 1;
      seen.set(object, times);
      return [{ ...evidence(row, object, amountMinor), step: times === 1 ? null : times }];
    });
}

/** What payments that name the invoice have received, as far as nothing else tells what they paid of it. */
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
  // Who paid by the word of the invoice alone may be any of them.
  let unknownMinor = sumOf(known.filter(({ payment, isExternal }) => payment === null && !isExternal));
  return [...naming].sort().flatMap((payment) => {
    const own = payments.filter((row) => row.payment === payment);
    const ofCharges = own.filter(({ kind }) => kind === 'charge');
    const captured = own.filter(({ stage }) => stage === 'captured');
    const counted = captured.some(({ kind }) => kind === 'charge') ? ofCharges : own;
    let toldMinor = sumOf(known.filter((one) => one.payment === payment));
    const seen = new Map<string, number>();
    return counted
      .filter(({ stage }) => stage === 'captured')
      .flatMap((row) => {
        const told = Math.min(row.amount_minor, toldMinor);
        toldMinor -= told;
        const unknown = Math.min(row.amount_minor - told, unknownMinor);
        unknownMinor -= unknown;
        const amountMinor = row.amount_minor - told - unknown;
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

/** Takes amounts out of what is known, the first first; what is left of an amount is not told by it. */
function pool(known: readonly Application[]): (amountMinor: number) => number {
  let leftMinor = known.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return (amountMinor) => {
    const told = Math.min(amountMinor, leftMinor);
    leftMinor -= told;
    return amountMinor - told;
  };
}

/** An invoice that is open again has lost payments: those that say so, and of the others the last before it. */
function reopened(applications: readonly Application[], own: readonly MilestoneRow[]): readonly Application[] {
  const ended = [...applications];
  let toldMinor = applications.reduce((sum, one) => (one.unapplied === null ? sum : sum + one.amountMinor), 0);
  for (const row of own.filter(({ stage }) => stage === 'reopened')) {
    let lostMinor = row.amount_minor - Math.min(row.amount_minor, toldMinor);
    toldMinor -= Math.min(row.amount_minor, toldMinor);
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
