import { z } from 'zod';
import { DEFAULT_ACCESS_POLICY, GIVEN_BACK, GRACE_STATUSES, type AccessPolicy } from '../access/policy.js';
import { integer, named, knownWord, wholeNumber, wordsOf, yesOrNo } from './fields.js';

/** Days of grace by status; statuses that are not named keep their default. */
const graceDays = named
  .pipe(
    z.array(
      z.object({
        name: knownWord(
          GRACE_STATUSES,
          `must be STATUS=DAYS, separated by commas; statuses: ${GRACE_STATUSES.join(', ')}`,
        ),
        value: wholeNumber(0, 3_650, 14),
      }),
    ),
  )
  .transform((days) => ({
    ...DEFAULT_ACCESS_POLICY.graceDays,
    ...Object.fromEntries(days.map(({ name, value }) => [name, value])),
  }));

const PAUSE_BEHAVIORS = ['void', 'keep_as_draft', 'mark_uncollectible'] as const;

/** The variables of the access policy. */
export const accessVariables = {
  ACCESS_TRIALING: yesOrNo(DEFAULT_ACCESS_POLICY.trialing),
  ACCESS_GRACE_DAYS: graceDays,
  ACCESS_RENEWAL_GRACE_HOURS: integer(DEFAULT_ACCESS_POLICY.renewalGraceHours, 0, 8_760),
  ACCESS_PAUSE_COLLECTION_DENIES: wordsOf(PAUSE_BEHAVIORS, DEFAULT_ACCESS_POLICY.pauseCollectionDenies),
  ACCESS_CANCELED_UNTIL_PERIOD_END: yesOrNo(DEFAULT_ACCESS_POLICY.canceledUntilPeriodEnd),
  ACCESS_WHILE_RETRIED: yesOrNo(DEFAULT_ACCESS_POLICY.whileRetried),
  ACCESS_UNPAID_UPGRADE_GRACE: yesOrNo(DEFAULT_ACCESS_POLICY.unpaidUpgradeGrace),
  ACCESS_TRIAL_UNPAID_GRACE: yesOrNo(DEFAULT_ACCESS_POLICY.trialUnpaidGrace),
  ACCESS_GIVEN_BACK_DENIES: wordsOf(GIVEN_BACK, DEFAULT_ACCESS_POLICY.givenBackDenies),
  ACCESS_PAID_AFTER_END: yesOrNo(DEFAULT_ACCESS_POLICY.paidAfterEnd),
};

/** Returns the access policy that these values set. */
export const accessPolicyOf = (values: z.output<z.ZodObject<typeof accessVariables>>): AccessPolicy => ({
  trialing: values.ACCESS_TRIALING,
  graceDays: values.ACCESS_GRACE_DAYS,
  renewalGraceHours: values.ACCESS_RENEWAL_GRACE_HOURS,
  pauseCollectionDenies: values.ACCESS_PAUSE_COLLECTION_DENIES,
  canceledUntilPeriodEnd: values.ACCESS_CANCELED_UNTIL_PERIOD_END,
  whileRetried: values.ACCESS_WHILE_RETRIED,
  unpaidUpgradeGrace: values.ACCESS_UNPAID_UPGRADE_GRACE,
  trialUnpaidGrace: values.ACCESS_TRIAL_UNPAID_GRACE,
  givenBackDenies: values.ACCESS_GIVEN_BACK_DENIES,
  paidAfterEnd: values.ACCESS_PAID_AFTER_END,
});
