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
 * What was laid to an invoice, from the milestones of the invoice and of its invoice payments. An invoice payment is the owner of
 * what it says; what the invoice alone says it was paid is evidence, and counts as far as no invoice payment says it. Events
 * before 2025-03-31.basil know no invoice payments.
 */
export function applicationsOf(invoice: string, milestones: readonly MilestoneRow[]): readonly Application[] {
  const rows = [...milestones].sort(byTime);
  const told = rows.filter(({ kind, invoice: of }) => kind === 'invoice_payment' && of === invoice);
  const own = rows.filter(({ kind, object }) => kind === 'invoice' && object === invoice);
  const known = told.filter(({ stage }) => stage === 'paid').map((row) => ownedBy(row, told));
  const external = externalOf(invoice, known, own);
  const evident = evidentOf(invoice, [...known, ...external], own);
  return reopened([...known, ...external, ...evident].sort(byMoment), own);
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
