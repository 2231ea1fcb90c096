import { sumOf } from '../rounding.js';
import type { MrrMovement } from './movements.js';

/** A rate as a part of a whole; null where the whole is nothing. */
export type Rate = Readonly<{ part: number; whole: number }> | null;

const rate = (part: number, whole: number): Rate => (whole === 0 ? null : { part, whole });

/** What customers were worth at the start of a period and at its end, by the customer; those that are worth nothing may be missing. */
export type Worths = ReadonlyMap<string, number>;

/** How much of what was there at the start was kept. */
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

/** The sums of movements of one currency by their kind; what is lost is positive. */
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

/** The rates at which MRR was lost, of what there was at the start. */
export function churnRates(
  { reactivationMinor, expansionMinor, contractionMinor, churnMinor }: ReturnType<typeof growth>,
  startMinor: number,
): Readonly<{ gross: Rate; net: Rate }> {
  const lost = churnMinor + contractionMinor;
  return { gross: rate(lost, startMinor), net: rate(lost - expansionMinor - reactivationMinor, startMinor) };
}
