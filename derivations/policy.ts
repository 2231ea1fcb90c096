import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../src/events/json.js';
import type { Policy } from './derivation.js';

/**
 * What differs between firms, as data. The first value of each is the default, and Stripe's own rule where Stripe has one.
 * A change of any gives other rows: the hash of the policy names it in every answer.
 */
export const policyChoices = {
  /** What a payment without an invoice is: not yet laid to anything, or revenue at once. */
  standalone: ['unapplied', 'revenue'],
  /** Whether invoice items are booked before they are billed. */
  unbilled: ['items', 'off'],
  /** What comes back after it was taken: a gain (Stripe's examples), or revenue again. */
  recovery: ['gains', 'reinstate'],
  /** The tax of what will not be collected: still owed, or not. */
  uncollectibleTax: ['keep', 'reverse'],
  /** Whether a refund or dispute takes tax back in its proportion. */
  refundTax: ['proportional', 'none'],
  /** Discounts lower revenue, or stand beside it. */
  discounts: ['net', 'contra'],
  /** Whether a payment that is under way is booked. */
  pending: ['no', 'book'],
  /** Transfers of destination charges lower revenue, or stand beside it. */
  connect: ['net', 'gross'],
  recognition: ['second', 'day', 'month', 'month_prorated'],
  /** What was earned before the invoice was finalised is earned with it, or in its own months. */
  catchUp: ['yes', 'no'],
  mrrDiscounts: ['recurring', 'forever', 'all', 'none'],
  mrrTrials: ['no', 'yes'],
  mrrStarts: ['active', 'paid'],
  mrrChurns: ['end', 'cancel'],
  mrrPaused: ['behavior', 'keep', 'drop'],
  mrrMetered: ['excluded', 'trailing'],
  mrrOpening: ['opening', 'start_date'],
  mrrBackdated: ['event', 'start'],
} as const;

type Choices = { readonly [Name in keyof typeof policyChoices]: (typeof policyChoices)[Name][number] };

export type MoneyPolicy = Choices &
  Readonly<{
    /** Whose days and months. */
    zone: string;
    /** A past due subscription counts for so many days; null: as long as it is past due. */
    mrrPastDueDays: number | null;
    /** Changes that follow each other within so many minutes are one. */
    mrrGroupMinutes: number;
    /** Who comes back after more days is new; null: never new again. */
    mrrReactivationDays: number | null;
  }>;

export const defaultPolicy: MoneyPolicy = {
  ...(Object.fromEntries(Object.entries(policyChoices).map(([name, [first]]) => [name, first])) as Choices),
  zone: 'UTC',
  mrrPastDueDays: null,
  mrrGroupMinutes: 0,
  mrrReactivationDays: null,
};

/** What names a policy: equal policies have the same, whatever the order of their fields. */
export const policyHash = (policy: Policy): string =>
  createHash('sha256')
    .update(canonicalJson(policy as Json))
    .digest('hex')
    .slice(0, 16);
