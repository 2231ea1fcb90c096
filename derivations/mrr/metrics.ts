import { sumOf } from '../rounding.js';
import type { MrrMovement } from './movements.js';

/** A rate as a part of a whole; null if the whole is 0. */
export type Rate = Readonly<{ part: number; whole: number }> | null;

const rate = (part: number, whole: number): Rate => (whole === 0 ? null : { part, whole });

/** The MRR of customers at a moment, by customer; a missing customer has none. */
export type Worths = ReadonlyMap<string, number>;

/** Net and gross revenue retention, and logo churn, over the customers with MRR at the start. */
export function retention(start: Worths, end: Worths): Readonly<{ nrr: Rate; grr: Rate; logoChurn: Rate }> {
  const there = [...start].filter(([, amount]) => amount > 0);
  const startMinor = sumOf(there.map(([, amount]) => amount));
  const now = (customer: string): number => end.get(customer) ?? 0;
  return {
    nrr: rate(sumOf(there.map(([customer]) => now(customer))), startMinor),
    grr: rate(sumOf(there.map(([customer, amount]) => Math.min(amount, now(customer)))), startMinor),
    logoChurn: rate(there.filter(([customer]) => now(customer) === 0).length, there.length),
  };
}

/** The sums of one currency's movements by kind; losses are positive. */
export function growth(movements: readonly MrrMovement[]) {
  const sum = (kind: MrrMovement['kind']): number =>
    Math.abs(sumOf(movements.map((one) => (one.kind === kind ? one.amountMinor : 0))));
  return {
    openingMinor: sum('opening'),
    newMinor: sum('new'),
    reactivationMinor: sum('reactivation'),
    expansionMinor: sum('expansion'),
    contractionMinor: sum('contraction'),
    churnMinor: sum('churn'),
  };
}

/** Gross and net MRR churn as rates of the MRR at the start. */
export function churnRates(
  { reactivationMinor, expansionMinor, contractionMinor, churnMinor }: ReturnType<typeof growth>,
  startMinor: number,
): Readonly<{ gross: Rate; net: Rate }> {
  const lost = churnMinor + contractionMinor;
  return { gross: rate(lost, startMinor), net: rate(lost - expansionMinor - reactivationMinor, startMinor) };
}
