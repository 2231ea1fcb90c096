import { isFinalStatus } from '../events/normalise.js';
import type { ItemFact, SubscriptionFact } from './facts.js';
import { GRACE_STATUSES, type AccessPolicy, type GraceStatus } from './policy.js';

/** The rule by which a subscription grants access, or does not. */
export type SubscriptionRule =
  | 'active'
  | 'trialing'
  | 'grace'
  | 'canceled_until_period_end'
  | 'trial_denied'
  | 'no_grace'
  | 'grace_over'
  | 'renewal_not_heard_of'
  | 'cancellation_due'
  | 'collection_paused'
  | 'canceled'
  | 'incomplete_expired'
  | 'no_quantity'
  | 'status_not_known';

/** Whether an item of a subscription grants access at a time. `until` is when it ends, or ended; null: no end is known, or it never began. */
export type Decision = Readonly<{ granted: boolean; until: Date | null; rule: SubscriptionRule }>;

/** Something that ends access from a time on, in milliseconds since 1970: -Infinity while it is so, Infinity when it never does. */
type End = Readonly<{ atMs: number; rule: SubscriptionRule }>;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const at = (time: Date | null): number => time?.getTime() ?? Infinity;

/** Access to what an item is for lasts to the first of the ends that status, cancellation, pause and the item itself put to it. */
export function decide(subscription: SubscriptionFact, item: ItemFact, policy: AccessPolicy, now: Date): Decision {
  const ends = [
    statusEnd(subscription, item, policy),
    ...cancellationEnds(subscription),
    ...pauseEnds(subscription, policy, now),
    ...(item.quantity === 0 ? [{ atMs: -Infinity, rule: 'no_quantity' } as const] : []),
  ];
  const first = ends.reduce((earliest, end) => (end.atMs < earliest.atMs ? end : earliest));
  const granted = now.getTime() < first.atMs;
  return {
    granted,
    until: Number.isFinite(first.atMs) ? new Date(first.atMs) : null,
    rule: granted ? grantingRule(subscription.status) : first.rule,
  };
}

/** How long the status alone grants access. */
function statusEnd(subscription: SubscriptionFact, { periodEnd }: ItemFact, policy: AccessPolicy): End {
  const { status, statusSince, trialEnd } = subscription;
  const renewalGraceMs = policy.renewalGraceHours * HOUR_MS;
  if (isFinalStatus(status))
    return {
      atMs: periodEnd !== null && keepsItsPeriod(subscription, policy) ? at(periodEnd) : -Infinity,
      rule: status as 'canceled' | 'incomplete_expired',
    };
  if (status === 'active') return { atMs: at(periodEnd) + renewalGraceMs, rule: 'renewal_not_heard_of' };
  if (status === 'trialing')
    return policy.trialing
      ? { atMs: at(trialEnd ?? periodEnd) + renewalGraceMs, rule: 'renewal_not_heard_of' }
      : { atMs: -Infinity, rule: 'trial_denied' };
  if (!hasGrace(status)) return { atMs: -Infinity, rule: 'status_not_known' };
  const graceMs = policy.graceDays[status] * DAY_MS;
  return graceMs === 0
    ? { atMs: -Infinity, rule: 'no_grace' }
    : { atMs: statusSince.getTime() + graceMs, rule: 'grace_over' };
}

const hasGrace = (status: string): status is GraceStatus => GRACE_STATUSES.some((known) => known === status);

/** Only a period that was paid for is kept: not when the payment's failure ended it, nor when an unpaid one was canceled. */
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
 * A cancellation that is due holds, though the event that tells of it may not have come. It ends all items; of periods that
 * differ, `cancel_at_period_end` means the one that ends first.
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

function grantingRule(status: string): SubscriptionRule {
  if (status === 'active' || status === 'trialing') return status;
  return status === 'canceled' ? 'canceled_until_period_end' : 'grace';
}
