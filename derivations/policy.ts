import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../src/events/json.js';
import type { Policy } from './derivation.js';

/**
 * Accounting choices that differ between firms, as data. The first value of each is the default, and Stripe's own rule
 * where Stripe has one. Every answer carries the hash of the policy, since any change gives other rows.
 */
export const policyChoices = {
  /** How to book a payment without an invoice: as unapplied, or as revenue at once. */
  standalone: ['unapplied', 'revenue'],
  /** Whether invoice items are booked before they are billed. */
  unbilled: ['items', 'off'],
  /** How to book money that comes back after a loss: as a gain (Stripe's examples), or as revenue again. */
  recovery: ['gains', 'reinstate'],
  /** Whether the tax of an uncollectible invoice stays owed or is reversed. */
  uncollectibleTax: ['keep', 'reverse'],
  /** Whether a refund or dispute takes back its proportion of tax. */
  refundTax: ['proportional', 'none'],
  /** Whether discounts lower revenue, or are booked to an account of their own. */
  discounts: ['net', 'contra'],
  /** Whether a pending payment is booked. */
  pending: ['no', 'book'],
  /** Whether transfers of destination charges lower revenue, or are booked to an account of their own. */
  connect: ['net', 'gross'],
  recognition: ['second', 'day', 'month', 'month_prorated'],
  /** Whether revenue earned before its invoice was finalised is recognised with the invoice, or in its own months. */
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
    /** The time zone of days and months. */
    zone: string;
    /** How many days a past due subscription counts; null: as long as it is past due. */
    mrrPastDueDays: number | null;
    /** Consecutive changes at most this many minutes apart form one movement. */
    mrrGroupMinutes: number;
    /** A customer who returns after more days than this counts as new; null: always as a reactivation. */
    mrrReactivationDays: number | null;
  }>;

export const defaultPolicy: MoneyPolicy = {
  ...(Object.fromEntries(Object.entries(policyChoices).map(([name, [first]]) => [name, first])) as Choices),
  zone: 'UTC',
  mrrPastDueDays: null,
  mrrGroupMinutes: 0,
  mrrReactivationDays: null,
};

/** The identifier of a policy, the same for equal policies in any order of fields: 16 hex digits of a SHA-256. */
export const policyHash = (policy: Policy): string =>
  createHash('sha256')
    .update(canonicalJson(policy as Json))
    .digest('hex')
    .slice(0, 16);
