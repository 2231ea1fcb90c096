import { isFinalStatus } from '../events/normalise.js';
import type { ItemFact, PaidInvoice, SubscriptionFact } from './facts.js';
import { GRACE_STATUSES, type AccessPolicy, type GivenBack, type GraceStatus } from './policy.js';

/** The rule by which a subscription grants access. */
type GrantingRule =
  'active' | 'trialing' | 'grace' | 'being_retried' | 'paid_period' | 'canceled_until_period_end' | 'paid_after_end';
/** The rule by which a subscription grants or denies access. */
export type SubscriptionRule =
  | GrantingRule
  | 'trial_denied'
  | 'trial_unpaid'
  | 'trial_over'
  | 'no_grace'
  | 'grace_over'
  | 'upgrade_unpaid'
  | 'refunded'
  | 'dispute_lost'
  | 'disputed'
  | 'renewal_not_heard_of'
  | 'cancellation_due'
  | 'collection_paused'
  | 'canceled'
  | 'incomplete_expired'
  | 'no_quantity'
  | 'status_not_known';

/**
 * Whether an item grants access at a time. `until` is when access ends or ended; null: no known end, or it never began.
 */
export type Decision = Readonly<{ granted: boolean; until: Date | null; rule: SubscriptionRule }>;

/** An end of access, in milliseconds since 1970; -Infinity denies it now, Infinity never ends it. */
type End = Readonly<{ atMs: number; rule: SubscriptionRule }>;
/** The end that a status sets, and the rule by which it grants access until then. */
type StatusEnd = End & Readonly<{ grants: GrantingRule }>;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const at = (time: Date | null): number => time?.getTime() ?? Infinity;
const PAST_DUE = ['past_due', 'unpaid'];

/** Decides access to an item's product: it lasts until the earliest end. */
export function decide(subscription: SubscriptionFact, item: ItemFact, policy: AccessPolicy, now: Date): Decision {
  const byStatus = statusEnd(subscription, item, policy);
  const ends = [
    byStatus,
    ...cancellationEnds(subscription),
    ...pauseEnds(subscription, policy, now),
    ...itemEnds(subscription, item, policy),
  ];
  const first = ends.reduce<End>((earliest, end) => (end.atMs < earliest.atMs ? end : earliest), byStatus);
  const granted = now.getTime() < first.atMs;
  return {
    granted,
    until: Number.isFinite(first.atMs) ? new Date(first.atMs) : null,
    rule: granted ? byStatus.grants : first.rule,
  };
}

/** Returns until when the status grants access. */
function statusEnd(subscription: SubscriptionFact, item: ItemFact, policy: AccessPolicy): StatusEnd {
  const { status } = subscription;
  if (isFinalStatus(status)) return finalEnd(subscription, item, policy);
  if (status === 'active') {
    const endMs = Math.max(at(item.periodEnd), item.renewedUntil?.getTime() ?? -Infinity);
    return { atMs: endMs + renewalGraceMs(policy), rule: 'renewal_not_heard_of', grants: 'active' };
  }
  if (status === 'trialing') return trialEnd(subscription, item, policy);
  if (PAST_DUE.includes(status)) return pastDueEnd(subscription, item, policy);
  return hasGrace(status)
    ? graceEnd(subscription.statusSince, policy.graceDays[status])
    : { atMs: -Infinity, rule: 'status_not_known', grants: 'grace' };
}

const renewalGraceMs = ({ renewalGraceHours }: AccessPolicy): number => renewalGraceHours * HOUR_MS;
const hasGrace = (status: string): status is GraceStatus => GRACE_STATUSES.some((known) => known === status);

/** Without a payment method, Stripe cancels or pauses a trial at its end; otherwise the next event may be delayed. */
function trialEnd(
  { trialEnd: end, trialEndBehavior, hasPaymentMethod }: SubscriptionFact,
  { periodEnd }: ItemFact,
  policy: AccessPolicy,
): StatusEnd {
  const grants = 'trialing';
  const endMs = at(end ?? periodEnd);
  if (!policy.trialing) return { atMs: -Infinity, rule: 'trial_denied', grants };
  return hasPaymentMethod === false && (trialEndBehavior === 'cancel' || trialEndBehavior === 'pause')
    ? { atMs: endMs, rule: 'trial_over', grants }
    : { atMs: endMs + renewalGraceMs(policy), rule: 'renewal_not_heard_of', grants };
}

function graceEnd(since: Date, days: number): StatusEnd {
  return days === 0
    ? { atMs: -Infinity, rule: 'no_grace', grants: 'grace' }
    : { atMs: since.getTime() + days * DAY_MS, rule: 'grace_over', grants: 'grace' };
}

/**
 * The grace counts from the first failure, so that later failures do not renew it. A period that is known to be paid is
 * granted to its end, since the debt is for something else.
 */
function pastDueEnd(subscription: SubscriptionFact, item: ItemFact, policy: AccessPolicy): StatusEnd {
  const { status, statusSince, pastDueSince, nextPaymentAttempt } = subscription;
  const grace: StatusEnd =
    !policy.trialUnpaidGrace && isTrialUnpaid(subscription, item)
      ? { atMs: -Infinity, rule: 'trial_unpaid', grants: 'grace' }
      : graceEnd(pastDueSince ?? statusSince, policy.graceDays[status as 'past_due' | 'unpaid']);
  const further: StatusEnd[] = [];
  if (policy.whileRetried && status === 'past_due' && nextPaymentAttempt !== null)
    further.push({
      atMs: nextPaymentAttempt.getTime() + renewalGraceMs(policy),
      rule: 'grace_over',
      grants: 'being_retried',
    });
  if (item.isPaid && item.periodEnd !== null)
    further.push({ atMs: item.periodEnd.getTime(), rule: 'grace_over', grants: 'paid_period' });
  return further.reduce((latest, end) => (end.atMs > latest.atMs ? end : latest), grace);
}

/** Whether an item is in the first period after its trial, without a payment method. */
const isTrialUnpaid = ({ trialEnd: end, hasPaymentMethod }: SubscriptionFact, { periodStart }: ItemFact): boolean =>
  hasPaymentMethod === false && end !== null && periodStart !== null && periodStart <= end;

function finalEnd(subscription: SubscriptionFact, item: ItemFact, policy: AccessPolicy): StatusEnd {
  const rule = subscription.status as 'canceled' | 'incomplete_expired';
  const atMs = item.periodEnd?.getTime() ?? -Infinity;
  if (policy.paidAfterEnd && isPaidAfterEnd(subscription, item)) return { atMs, rule, grants: 'paid_after_end' };
  return keepsItsPeriod(subscription, policy)
    ? { atMs, rule, grants: 'canceled_until_period_end' }
    : { atMs: -Infinity, rule, grants: 'canceled_until_period_end' };
}

/** Whether the invoice of the last period was paid after the subscription was canceled. */
export const isPaidAfterEnd = ({ status, endedAt }: SubscriptionFact, { paid }: ItemFact): boolean =>
  status === 'canceled' &&
  endedAt !== null &&
  paid.some(({ paidAt, amountPaidMinor }) => amountPaidMinor > 0 && paidAt !== null && paidAt > endedAt);

/** Whether a canceled subscription keeps its period: only a paid one, not one that a failed payment ended. */
function keepsItsPeriod(
  { status, previousStatus, cancellationReason }: SubscriptionFact,
  { canceledUntilPeriodEnd }: AccessPolicy,
): boolean {
  return (
    canceledUntilPeriodEnd &&
    status === 'canceled' &&
    previousStatus === 'active' &&
    cancellationReason !== 'payment_failed'
  );
}

/**
 * Returns the ends by a planned cancellation, which takes effect even before its event arrives. It ends all items;
 * `cancel_at_period_end` means the earliest period end.
 */
function cancellationEnds({ cancelAt, cancelAtPeriodEnd, items }: SubscriptionFact): End[] {
  const times = [cancelAt, ...(cancelAtPeriodEnd ? items.map(({ periodEnd }) => periodEnd) : [])];
  return times.map((time) => ({ atMs: at(time), rule: 'cancellation_due' }));
}

function pauseEnds({ pauseCollection }: SubscriptionFact, { pauseCollectionDenies }: AccessPolicy, now: Date): End[] {
  const isPaused = pauseCollection !== null && now.getTime() < at(pauseCollection.resumesAt);
  return isPaused && pauseCollectionDenies.includes(pauseCollection.behavior)
    ? [{ atMs: -Infinity, rule: 'collection_paused' }]
    : [];
}

/** Returns the ends of a single item. */
function itemEnds({ status }: SubscriptionFact, item: ItemFact, policy: AccessPolicy): End[] {
  const ends: End[] = [];
  if (item.quantity === 0) ends.push({ atMs: -Infinity, rule: 'no_quantity' });
  if (item.unpaidUpgrade !== null && PAST_DUE.includes(status) && !policy.unpaidUpgradeGrace)
    ends.push({ atMs: -Infinity, rule: 'upgrade_unpaid' });
  return [...ends, ...givenBackEnds(item.paid, policy)];
}

/**
 * The kinds of returned money, in order, each with the rule that applies when it and the kinds before it returned all
 * of the money.
 */
const WAYS_BACK: readonly (readonly [GivenBack, (paid: PaidInvoice) => number, SubscriptionRule])[] = [
  ['refunds', ({ amountRefundedMinor }) => amountRefundedMinor, 'refunded'],
  ['lost_disputes', ({ amountLostMinor }) => amountLostMinor, 'dispute_lost'],
  ['open_disputes', ({ amountDisputedMinor }) => amountDisputedMinor, 'disputed'],
];

/** A period ends when everything paid for it was returned, over all its invoices; a partial return changes nothing. */
function givenBackEnds(paid: readonly PaidInvoice[], { givenBackDenies }: AccessPolicy): End[] {
  const invoices = paid.filter(({ amountPaidMinor }) => amountPaidMinor > 0);
  if (invoices.length === 0) return [];
  const counted = WAYS_BACK.filter(([way]) => givenBackDenies.includes(way));
  const rules = counted.map(([, , rule], last) => {
    const backOf = (one: PaidInvoice): number =>
      counted.slice(0, last + 1).reduce((sum, [, amount]) => sum + amount(one), 0);
    return invoices.every((one) => backOf(one) >= one.amountPaidMinor) ? rule : null;
  });
  const rule = rules.find((one) => one !== null);
  const times = invoices.map(({ givenBackAt }) => givenBackAt?.getTime() ?? -Infinity);
  return rule === undefined || rule === null ? [] : [{ atMs: Math.max(...times), rule }];
}
