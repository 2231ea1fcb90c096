import type { Reason } from '../access/answer.js';
import type { AccessReason } from './answers.js';
import { dayText } from './parts/text.js';

type Rule = Reason['rule'];
type TimedReason = AccessReason & Readonly<{ until: string | null }>;
/** The sentence for a rule, what would restore access, and the configuration variable that changes the rule. */
type Words = Readonly<{ text: (reason: TimedReason) => string; back?: string; policy?: string }>;

const word = (status: string | undefined): string => (status ?? 'not known').replaceAll('_', ' ');
const since = (time: string | null | undefined): string =>
  time === null || time === undefined ? '' : ` since ${dayText(time)}`;
const on = (time: string | null | undefined): string =>
  time === null || time === undefined ? '' : ` on ${dayText(time)}`;

/** Whole days from the first failure to the end of the grace. */
function graceOf({ pastDueSince, statusSince, until }: TimedReason): string {
  const from = pastDueSince ?? statusSince;
  if (from === undefined || until === null) return 'the grace period';
  const days = Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000);
  return days === 1 ? 'the grace period of 1 day' : `the grace period of ${days} days`;
}

const PAY = 'Payment of the open invoice, by a retry of Stripe or by the customer.';
const NEW = 'A new subscription.';

/** The words for every rule of src/access; the type requires all of them. */
const RULES: Readonly<Record<Rule, Words>> = {
  active: { text: () => 'the subscription is active' },
  trialing: { text: () => 'the subscription is in its trial', policy: 'ACCESS_TRIALING' },
  grace: {
    text: (reason) =>
      `${word(reason.status)}${since(reason.pastDueSince ?? reason.statusSince)}, within ${graceOf(reason)}`,
    policy: 'ACCESS_GRACE_DAYS',
  },
  being_retried: {
    text: (reason) => `${word(reason.status)}${since(reason.pastDueSince)}, and Stripe is still retrying the payment`,
    policy: 'ACCESS_WHILE_RETRIED',
  },
  paid_period: { text: () => 'an invoice is past due, but the current period is paid' },
  canceled_until_period_end: {
    text: (reason) => `canceled${on(reason.statusSince)}, but the paid period has not ended`,
    policy: 'ACCESS_CANCELED_UNTIL_PERIOD_END',
  },
  paid_after_end: {
    text: (reason) => `canceled${on(reason.statusSince)}, but paid after that`,
    policy: 'ACCESS_PAID_AFTER_END',
  },
  entitlement: { text: (reason) => `Stripe lists the entitlement ${reason.lookupKey ?? ''}`.trim() },
  trial_denied: {
    text: () => 'the subscription is in its trial, and trials give no access',
    back: 'The first payment after the trial.',
    policy: 'ACCESS_TRIALING',
  },
  trial_unpaid: {
    text: () => 'the trial is over and nothing was paid',
    back: PAY,
    policy: 'ACCESS_TRIAL_UNPAID_GRACE',
  },
  trial_over: {
    text: (reason) => `the trial ended${on(reason.until)} without a payment method`,
    back: 'A payment method and a new subscription.',
  },
  no_grace: {
    text: (reason) => `${word(reason.status)}${since(reason.statusSince)}, and this status has no grace period`,
    back: PAY,
    policy: 'ACCESS_GRACE_DAYS',
  },
  grace_over: {
    text: (reason) =>
      `${word(reason.status)}${since(reason.pastDueSince ?? reason.statusSince)}, and ${graceOf(reason)} has ended`,
    back: PAY,
    policy: 'ACCESS_GRACE_DAYS',
  },
  upgrade_unpaid: {
    text: () => 'the upgrade has not been paid',
    back: PAY,
    policy: 'ACCESS_UNPAID_UPGRADE_GRACE',
  },
  refunded: {
    text: () => 'the payments for the period were refunded in full',
    back: 'A new payment for the period.',
    policy: 'ACCESS_GIVEN_BACK_DENIES',
  },
  dispute_lost: {
    text: () => 'the payment for the period was disputed, and the dispute was lost',
    back: 'A new payment for the period.',
    policy: 'ACCESS_GIVEN_BACK_DENIES',
  },
  disputed: {
    text: () => 'the payment for the period is disputed',
    back: 'Winning the dispute.',
    policy: 'ACCESS_GIVEN_BACK_DENIES',
  },
  renewal_not_heard_of: {
    text: () => 'the period has ended, and no renewal event has arrived',
    back: 'The renewal event. If Stripe shows one, it was not delivered: check the endpoint in Stripe and resend the event.',
    policy: 'ACCESS_RENEWAL_GRACE_HOURS',
  },
  cancellation_due: { text: (reason) => `it was set to end${on(reason.until)}`, back: NEW },
  collection_paused: {
    text: () => 'collection is paused',
    back: 'Resume collection in Stripe.',
    policy: 'ACCESS_PAUSE_COLLECTION_DENIES',
  },
  canceled: {
    text: (reason) => `canceled${on(reason.statusSince)}`,
    back: NEW,
    policy: 'ACCESS_CANCELED_UNTIL_PERIOD_END',
  },
  incomplete_expired: { text: () => 'the first payment never succeeded, and the subscription expired', back: NEW },
  no_quantity: { text: () => 'the subscribed quantity is 0', back: 'A quantity of 1 or more.' },
  status_not_known: {
    text: (reason) => `the ledger does not know the status ${word(reason.status)}`,
    back: 'A newer version of the ledger.',
  },
  no_subscription: {
    text: () => 'no subscription is known',
    back: 'A subscription. If Stripe shows one, its events were not delivered.',
  },
  subscription_not_seen: {
    text: () => 'other objects name a subscription, but no event of it has arrived',
    back: 'The events of the subscription. Enable customer.subscription.* at the endpoint in Stripe and resend them.',
  },
  no_entitlement: {
    text: () => 'Stripe lists no such entitlement',
    back: 'The feature on a product of an active subscription.',
  },
  customer_deleted: { text: () => 'the customer was deleted in Stripe', back: 'A new customer.' },
  customer_not_known: { text: () => 'the customer is unknown', back: 'The events of the customer.' },
};

const NOT_IN_WORDS: Words = { text: ({ rule }) => `the rule ${word(rule)} decides` };

const wordsOf = (rule: string): Words => (Object.hasOwn(RULES, rule) ? RULES[rule as Rule] : NOT_IN_WORDS);

/** The reason for a decision, as the end of a sentence. */
export const reasonText = (reason: AccessReason, until: string | null): string =>
  wordsOf(reason.rule).text({ ...reason, until });
/** What would restore access; null where nothing needs to be done. */
export const wayBack = ({ rule }: AccessReason): string | null => wordsOf(rule).back ?? null;
/** The policy variable that changes this decision; null where there is none. */
export const policyOf = ({ rule }: AccessReason): string | null => wordsOf(rule).policy ?? null;
