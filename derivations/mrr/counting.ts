import type { MoneyPolicy } from '../policy.js';
import { secondOf, secondOrNull } from '../time.js';
import type { SubscriptionFacts, TermsRow } from './facts.js';

/** Whether a subscription counts towards MRR, or the reason why not. */
export type Counting = 'counts' | 'trialing' | 'not_yet' | 'past_due' | 'paused' | 'canceling' | 'ended';

const A_DAY = 86_400;

/** The later moments at which a row's counting may change without an event, known from its data. */
export function turningPoints(row: TermsRow, pastDueSince: number | null, policy: MoneyPolicy): readonly number[] {
  const days = policy.mrrPastDueDays;
  return [
    secondOrNull(row.pause?.resumesAt ?? null),
    pastDueSince === null || days === null ? null : pastDueSince + days * A_DAY,
  ].filter((moment) => moment !== null);
}

/** Returns whether a row counts at a moment (docs/money.md, MRR, which subscriptions count). */
export function countingAt(
  row: TermsRow,
  at: number,
  { firstPaidAt }: Pick<SubscriptionFacts, 'firstPaidAt'>,
  pastDueSince: number | null,
  policy: MoneyPolicy,
): Counting {
  const { status } = row;
  if (status === 'canceled' || status === 'incomplete_expired') return 'ended';
  if (status === 'incomplete') return 'not_yet';
  if (status === 'paused') return 'paused';
  if (status === 'trialing' && policy.mrrTrials === 'no') return 'trialing';
  if (status === 'unpaid') return 'past_due';
  if (status === 'past_due' && isPastDue(pastDueSince, at, policy)) return 'past_due';
  if (isPaused(row, at, policy)) return 'paused';
  if (policy.mrrChurns === 'cancel' && (row.cancel_at_period_end || row.cancel_at !== null)) return 'canceling';
  if (policy.mrrStarts === 'paid' && (firstPaidAt === null || secondOf(firstPaidAt) > at)) return 'not_yet';
  return 'counts';
}

const isPastDue = (since: number | null, at: number, { mrrPastDueDays: days }: MoneyPolicy): boolean =>
  days !== null && since !== null && at >= since + days * A_DAY;

/** Whether paused collection excludes the row. Kept drafts still count by default: those will be charged. */
function isPaused({ pause }: TermsRow, at: number, { mrrPaused }: MoneyPolicy): boolean {
  if (pause === null || mrrPaused === 'keep') return false;
  if (pause.resumesAt !== null && at >= secondOf(pause.resumesAt)) return false;
  return mrrPaused === 'drop' || pause.behavior !== 'keep_as_draft';
}
