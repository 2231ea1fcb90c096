import type { MoneyPolicy } from '../policy.js';
import { sumOf } from '../rounding.js';
import type { MrrPart } from './subscription.js';

export type MovementKind = 'opening' | 'new' | 'reactivation' | 'expansion' | 'contraction' | 'churn';

/** The MRR of a customer in one currency, from a second on. */
export type MrrStep = Readonly<{ at: number; mrrMinor: number; annualMinor: number; subscriptions: number }>;

/** A change of a customer's MRR: all changes of one second, or of one group, together. `amountMinor` is signed. */
export type MrrMovement = Readonly<{
  at: number;
  /** The time of the first change in its group. */
  firstAt: number;
  kind: MovementKind;
  amountMinor: number;
  beforeMinor: number;
  afterMinor: number;
  parts: readonly MrrPart[];
}>;

export type CustomerMrr = Readonly<{ steps: readonly MrrStep[]; movements: readonly MrrMovement[] }>;

const A_DAY = 86_400;

/** The MRR steps and movements of one customer in one currency, from the parts of all of its subscriptions. */
export function customerMrr(parts: readonly MrrPart[], policy: MoneyPolicy): CustomerMrr {
  const ordered = [...parts].sort(
    (a, b) => a.at - b.at || (a.subscription < b.subscription ? -1 : a.subscription > b.subscription ? 1 : 0),
  );
  return { steps: stepsOf(ordered), movements: movementsOf(grouped(ordered, policy.mrrGroupMinutes * 60), policy) };
}

function stepsOf(parts: readonly MrrPart[]): readonly MrrStep[] {
  const worth = new Map<string, number>();
  let [mrrMinor, annualMinor] = [0, 0];
  return grouped(parts, 0).flatMap((group) => {
    for (const part of group) worth.set(part.subscription, (worth.get(part.subscription) ?? 0) + part.mrrMinor);
    const [mrr, annual] = [sumOf(group.map((part) => part.mrrMinor)), sumOf(group.map((part) => part.annualMinor))];
    [mrrMinor, annualMinor] = [mrrMinor + mrr, annualMinor + annual];
    const subscriptions = [...worth.values()].filter((amount) => amount > 0).length;
    return [{ at: atOf(group), mrrMinor, annualMinor, subscriptions }];
  });
}

/** Groups parts in which each follows the one before it within this many seconds. */
function grouped(parts: readonly MrrPart[], seconds: number): readonly (readonly MrrPart[])[] {
  const groups: MrrPart[][] = [];
  for (const part of parts) {
    const last = groups.at(-1);
    if (last !== undefined && part.at - atOf(last) <= seconds) last.push(part);
    else groups.push([part]);
  }
  return groups;
}

const atOf = (group: readonly MrrPart[]): number => group.at(-1)?.at ?? 0;

function movementsOf(groups: readonly (readonly MrrPart[])[], policy: MoneyPolicy): readonly MrrMovement[] {
  let [beforeMinor, lostAt, wasAbove] = [0, null as number | null, false];
  return groups.flatMap((parts) => {
    const amountMinor = sumOf(parts.map((part) => part.mrrMinor));
    if (amountMinor === 0) return [];
    const [at, afterMinor] = [atOf(parts), beforeMinor + amountMinor];
    const days = policy.mrrReactivationDays;
    const isForgotten = days !== null && lostAt !== null && at > lostAt + days * A_DAY;
    const kind = kindOf(beforeMinor, afterMinor, wasAbove && !isForgotten, parts);
    const movement = { at, firstAt: parts[0]?.at ?? at, kind, amountMinor, beforeMinor, afterMinor, parts };
    wasAbove ||= afterMinor > 0;
    if (afterMinor === 0) lostAt = at;
    beforeMinor = afterMinor;
    return [movement];
  });
}

function kindOf(before: number, after: number, wasAbove: boolean, parts: readonly MrrPart[]): MovementKind {
  if (before === 0) {
    if (wasAbove) return 'reactivation';
    return parts.some(({ cause }) => cause === 'opening') ? 'opening' : 'new';
  }
  if (after === 0) return 'churn';
  return after > before ? 'expansion' : 'contraction';
}
