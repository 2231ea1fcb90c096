import { groupBy } from '../folding/group-by.js';
import { decide, isPaidAfterEnd, type Decision, type SubscriptionRule } from './decision.js';
import type { AccessFacts, Cause, EntitlementFact, ItemFact, PaidInvoice, SubscriptionFact } from './facts.js';
import type { AccessPolicy } from './policy.js';

/** The target of a question about access: a product, an entitlement by its lookup key or feature, or anything. */
export type Wanted = Readonly<
  { kind: 'product'; product: string } | { kind: 'entitlement'; entitlement: string } | { kind: 'anything' }
>;

/** Why access is granted or denied: the rule, and the facts and Stripe events behind it. */
export type Reason =
  | Readonly<{
      rule: SubscriptionRule;
      customer: string;
      subscription: string;
      status: string;
      statusSince: Date;
      statusEvent: string;
      /** The first failed payment of the past-due amount. */
      pastDueSince: Date | null;
      /** The paid invoices of the period, and how much of the money was returned. */
      paid: readonly PaidInvoice[];
      /** Whether one of them was paid after the subscription was canceled: refund it, or grant access. */
      isPaidAfterEnd: boolean;
      /** The test clock's time at which it was judged; null without a test clock. */
      clockTime: Date | null;
      isStale: boolean;
      changedBy: Cause;
    }>
  | Readonly<{
      rule: 'entitlement';
      customer: string;
      entitlement: string;
      feature: string;
      lookupKey: string;
      changedBy: Cause;
    }>
  | Readonly<{
      rule: 'no_subscription' | 'subscription_not_seen' | 'no_entitlement' | 'customer_deleted' | 'customer_not_known';
    }>;

/**
 * A possible source of access: a subscription with its products, or an entitlement. A subscription whose products end
 * at different times has one grant per end.
 */
export type Grant = Readonly<{
  granted: boolean;
  until: Date | null;
  products: readonly string[];
  /** Whether everything paid for the period was refunded or credited; null when no payment is known. */
  refunded: boolean | null;
  reason: Reason;
}>;

export type AccessAnswer = Readonly<{
  granted: boolean;
  /** When access ends unless a new event changes that, or when it ended; null: no known end, or it never began. */
  until: Date | null;
  reason: Reason;
  /**
   * False when the answer may be wrong: the customer is unknown, an event showed only a part, an event could not be
   * read, or a named subscription has no events. Ask Stripe then.
   */
  isComplete: boolean;
  /** The products that subscriptions grant, and the lookup keys of the entitlements. */
  products: readonly string[];
  entitlements: readonly string[];
  /** Subscriptions that other objects of the customers name, but that have no events. */
  unseenSubscriptions: readonly string[];
  /** Everything that was considered, longest access first. */
  considered: readonly Grant[];
}>;

/**
 * Decides whether a person has access at a time, until when, and why. Pure. `facts` are those of each known customer of
 * the person. The longest grant decides; without a grant, the denial that ended last.
 */
export function accessAnswer(
  wanted: Wanted,
  facts: readonly AccessFacts[],
  { policy, at }: { policy: AccessPolicy; at: Date },
): AccessAnswer {
  const living = facts.filter(({ isCustomerDeleted }) => !isCustomerDeleted);
  const considered = living
    .flatMap((one) => [...ofSubscriptions(wanted, one, { policy, at }), ...ofEntitlements(wanted, one)])
    .sort(byLength);
  const unseenSubscriptions = wanted.kind === 'entitlement' ? [] : living.flatMap((one) => one.unseenSubscriptions);
  const best = considered[0] ?? {
    granted: false,
    until: null,
    reason: { rule: ruleOfNothing(wanted, facts, unseenSubscriptions) },
  };
  const granting = considered.filter(({ granted }) => granted);
  return {
    granted: best.granted,
    until: best.until,
    reason: best.reason,
    isComplete: facts.length > 0 && unseenSubscriptions.length === 0 && living.every((one) => isWhole(wanted, one)),
    products: [...new Set(granting.flatMap(({ products }) => products))].sort(),
    entitlements: [
      ...new Set(granting.flatMap(({ reason }) => (reason.rule === 'entitlement' ? [reason.lookupKey] : []))),
    ].sort(),
    unseenSubscriptions,
    considered,
  };
}

/** Explains why nothing can grant access. */
function ruleOfNothing(wanted: Wanted, facts: readonly AccessFacts[], unseen: readonly string[]) {
  if (facts.length === 0) return 'customer_not_known';
  if (facts.every(({ isCustomerDeleted }) => isCustomerDeleted)) return 'customer_deleted';
  if (wanted.kind === 'entitlement') return 'no_entitlement';
  return unseen.length > 0 ? 'subscription_not_seen' : 'no_subscription';
}

const isWhole = (wanted: Wanted, { subscriptions, hasAllEntitlements }: AccessFacts): boolean =>
  (wanted.kind === 'entitlement' || subscriptions.every(({ hasAllItems, isStale }) => hasAllItems && !isStale)) &&
  (wanted.kind === 'product' || hasAllEntitlements);

function ofSubscriptions(
  wanted: Wanted,
  { customer, subscriptions }: AccessFacts,
  { policy, at }: { policy: AccessPolicy; at: Date },
): Grant[] {
  if (wanted.kind === 'entitlement') return [];
  return subscriptions
    .flatMap((one) => grantsOf(customer, one, { policy, at }))
    .filter(({ products }) => wanted.kind === 'anything' || products.includes(wanted.product));
}

function ofEntitlements(wanted: Wanted, { customer, entitlements }: AccessFacts): Grant[] {
  if (wanted.kind === 'product') return [];
  return entitlements
    .filter((one) => wanted.kind === 'anything' || [one.lookupKey, one.feature].includes(wanted.entitlement))
    .map((one) => entitled(customer, one));
}

/** Groups the products of a subscription by equal decisions. Of several items of a product the best counts. */
function grantsOf(
  customer: string,
  subscription: SubscriptionFact,
  { policy, at }: { policy: AccessPolicy; at: Date },
): Grant[] {
  const { id, status, statusSince, statusEvent, pastDueSince, clockTime, isStale, changedBy } = subscription;
  const ofProducts = [...groupBy(subscription.items, ({ product }) => product)].map(([product, items]) => ({
    product,
    items,
    decision: items.map((item) => decide(subscription, item, policy, clockTime ?? at)).sort(byLength)[0] as Decision,
  }));
  const alike = groupBy(ofProducts, ({ decision: { rule, until } }) => `${rule} ${until?.getTime()}`);
  return [...alike.values()].map((group) => {
    const { granted, until, rule } = group[0].decision;
    const items = group.flatMap((one) => one.items);
    const paid = paidFor(items);
    return {
      granted,
      until,
      products: group.flatMap(({ product }) => product ?? []),
      refunded: isRefunded(paid),
      reason: {
        rule,
        customer,
        subscription: id,
        status,
        statusSince,
        statusEvent,
        pastDueSince,
        paid,
        isPaidAfterEnd: items.some((item) => isPaidAfterEnd(subscription, item)),
        clockTime,
        isStale,
        changedBy,
      },
    };
  });
}

/** Removes duplicates, since an invoice may pay for several items. */
const paidFor = (items: readonly ItemFact[]): PaidInvoice[] =>
  [
    ...groupBy(
      items.flatMap(({ paid }) => paid),
      ({ invoice }) => invoice,
    ).values(),
  ].map(([first]) => first);

function isRefunded(paid: readonly PaidInvoice[]): boolean | null {
  const invoices = paid.filter(({ amountPaidMinor }) => amountPaidMinor > 0);
  if (invoices.length === 0) return null;
  return invoices.every(({ amountPaidMinor, amountRefundedMinor }) => amountRefundedMinor >= amountPaidMinor);
}

/** An entitlement grants access until Stripe removes it. */
const entitled = (customer: string, { id, feature, lookupKey, changedBy }: EntitlementFact): Grant => ({
  granted: true,
  until: null,
  products: [],
  refunded: null,
  reason: { rule: 'entitlement', customer, entitlement: id, feature, lookupKey, changedBy },
});

type Decided = Pick<Decision, 'granted' | 'until'>;

/**
 * Sorts grants before denials, then by end; null is the latest end of a grant and the earliest of a denial. The sort is
 * stable.
 */
function byLength(a: Decided, b: Decided): number {
  if (a.granted !== b.granted) return a.granted ? -1 : 1;
  const endOf = ({ granted, until }: Decided): number =>
    until?.getTime() ?? (granted ? Number.MAX_VALUE : -Number.MAX_VALUE);
  return endOf(b) - endOf(a);
}
