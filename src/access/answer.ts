import { groupBy } from '../folding/group-by.js';
import { decide, type Decision, type SubscriptionRule } from './decision.js';
import type { AccessFacts, Cause, EntitlementFact, SubscriptionFact } from './facts.js';
import type { AccessPolicy } from './policy.js';

/** To what access is asked for: a product, an entitlement by its lookup key or feature, or anything at all. */
export type Wanted = Readonly<
  { kind: 'product'; product: string } | { kind: 'entitlement'; entitlement: string } | { kind: 'anything' }
>;

/** Why access is granted, or not: the rule, and the facts and Stripe events behind it. */
export type Reason =
  | Readonly<{
      rule: SubscriptionRule;
      subscription: string;
      status: string;
      statusSince: Date;
      statusEvent: string;
      isStale: boolean;
      changedBy: Cause;
    }>
  | Readonly<{ rule: 'entitlement'; entitlement: string; feature: string; lookupKey: string; changedBy: Cause }>
  | Readonly<{ rule: 'no_subscription' | 'no_entitlement' | 'customer_deleted' }>;

/**
 * One thing that may grant access: a subscription with its products, or an entitlement. A subscription whose products end at
 * different times is one for each end.
 */
export type Grant = Readonly<{ granted: boolean; until: Date | null; products: readonly string[]; reason: Reason }>;

export type AccessAnswer = Readonly<{
  granted: boolean;
  /** When access ends unless Stripe tells something new, or when it ended; null: no end is known, or it never began. */
  until: Date | null;
  reason: Reason;
  /** False when an event showed only a part of what was asked for, or one could not be read, so that the answer may be wrong: ask Stripe. */
  isComplete: boolean;
  /** The products that subscriptions grant now, and the lookup keys of the entitlements. */
  products: readonly string[];
  entitlements: readonly string[];
  /** All that was considered, what grants longest first. */
  considered: readonly Grant[];
}>;

/**
 * Does a customer have access at a time, until when, and why? Pure. Of several grants the longest answers; of none, the
 * denial that ended last.
 */
export function accessAnswer(
  wanted: Wanted,
  facts: AccessFacts,
  { policy, at }: { policy: AccessPolicy; at: Date },
): AccessAnswer {
  const subscriptions =
    wanted.kind === 'entitlement'
      ? []
      : facts.subscriptions
          .flatMap((one) => grantsOf(one, policy, at))
          .filter(({ products }) => wanted.kind === 'anything' || products.includes(wanted.product));
  const entitlements =
    wanted.kind === 'product'
      ? []
      : facts.entitlements.filter(
          (one) => wanted.kind === 'anything' || [one.lookupKey, one.feature].includes(wanted.entitlement),
        );
  const considered = facts.isCustomerDeleted ? [] : [...subscriptions, ...entitlements.map(entitled)].sort(byLength);
  const best = considered[0] ?? {
    granted: false,
    until: null,
    reason: {
      rule: facts.isCustomerDeleted
        ? 'customer_deleted'
        : wanted.kind === 'entitlement'
          ? 'no_entitlement'
          : 'no_subscription',
    },
  };
  const granting = considered.filter(({ granted }) => granted);
  return {
    granted: best.granted,
    until: best.until,
    reason: best.reason,
    isComplete:
      (wanted.kind === 'entitlement' ||
        facts.subscriptions.every(({ hasAllItems, isStale }) => hasAllItems && !isStale)) &&
      (wanted.kind === 'product' || facts.hasAllEntitlements),
    products: [...new Set(granting.flatMap(({ products }) => products))].sort(),
    entitlements: [
      ...new Set(granting.flatMap(({ reason }) => (reason.rule === 'entitlement' ? [reason.lookupKey] : []))),
    ].sort(),
    considered,
  };
}

/** The products of a subscription, together where the same holds for them; of several items of a product the best counts. */
function grantsOf(subscription: SubscriptionFact, policy: AccessPolicy, at: Date): Grant[] {
  const { id, status, statusSince, statusEvent, isStale, changedBy } = subscription;
  const ofProducts = [...groupBy(subscription.items, ({ product }) => product)].map(([product, items]) => ({
    product,
    decision: items.map((item) => decide(subscription, item, policy, at)).sort(byLength)[0] as Decision,
  }));
  const alike = groupBy(ofProducts, ({ decision: { rule, until } }) => `${rule} ${until?.getTime()}`);
  return [...alike.values()].map((group) => {
    const { granted, until, rule } = group[0].decision;
    return {
      granted,
      until,
      products: group.flatMap(({ product }) => product ?? []),
      reason: { rule, subscription: id, status, statusSince, statusEvent, isStale, changedBy },
    };
  });
}

/** Stripe itself says when an entitlement is lost. */
const entitled = ({ id, feature, lookupKey, changedBy }: EntitlementFact): Grant => ({
  granted: true,
  until: null,
  products: [],
  reason: { rule: 'entitlement', entitlement: id, feature, lookupKey, changedBy },
});

type Decided = Pick<Decision, 'granted' | 'until'>;

/** What grants before what does not; then by the end: of a grant null is the latest, of a denial the earliest. The sort is stable. */
function byLength(a: Decided, b: Decided): number {
  if (a.granted !== b.granted) return a.granted ? -1 : 1;
  const endOf = ({ granted, until }: Decided): number =>
    until?.getTime() ?? (granted ? Number.MAX_VALUE : -Number.MAX_VALUE);
  return endOf(b) - endOf(a);
}
