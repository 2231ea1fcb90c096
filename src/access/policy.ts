/** Statuses that may grant access for a while, though nothing is paid for. */
export const GRACE_STATUSES = ['past_due', 'unpaid', 'paused', 'incomplete'] as const;
export type GraceStatus = (typeof GRACE_STATUSES)[number];

/** Which states of a subscription give its customer access; what one business decides otherwise than another. */
export type AccessPolicy = Readonly<{
  /** Whether a trial grants access. */
  trialing: boolean;
  /**
   * For how many days access goes on: of `past_due` and `unpaid` from the first failure to pay, of the others from when the
   * subscription got the status; 0: it ends at once.
   */
  graceDays: Readonly<Record<GraceStatus, number>>;
  /** Hours after the end of a paid period, or of a trial, for which access continues while no event says what follows. */
  renewalGraceHours: number;
  /** Values of `pause_collection.behavior` that end access while collection is paused. */
  pauseCollectionDenies: readonly string[];
  /** Whether a subscription that was canceled at once, by choice, while it was paid for, grants access to the end of its period. */
  canceledUntilPeriodEnd: boolean;
  /** Whether a past due subscription grants access, beyond its days of grace, for as long as Stripe goes on trying to collect. */
  whileRetried: boolean;
  /** Whether what an update added has the grace of the status while the update's invoice is not paid. */
  unpaidUpgradeGrace: boolean;
  /** Whether a subscription whose trial ended without any way to pay has the grace of its status. */
  trialUnpaidGrace: boolean;
  /** What ends access to a period when all that was paid for it is given back. */
  givenBackDenies: readonly GivenBack[];
  /** Whether a period that is paid once its subscription was canceled is granted to its end. */
  paidAfterEnd: boolean;
}>;

/** The ways in which money goes back: refunds (credit notes too), disputes that were lost, and those that are not decided. */
export const GIVEN_BACK = ['refunds', 'lost_disputes', 'open_disputes'] as const;
export type GivenBack = (typeof GIVEN_BACK)[number];

/**
 * What holds when nothing is configured. A week for a failed payment is about the first half of Stripe's retries; for three
 * days Stripe goes on delivering the events that tell of a renewal; of the ways to pause collection, Stripe recommends
 * `void` for when the service cannot be provided, the others for when it goes on. Grace is for what was paid for before; who has
 * all of the money back has not paid, and a dispute that is not decided is no loss yet.
 */
export const DEFAULT_ACCESS_POLICY: AccessPolicy = {
  trialing: true,
  graceDays: { past_due: 7, unpaid: 0, paused: 0, incomplete: 0 },
  renewalGraceHours: 72,
  pauseCollectionDenies: ['void'],
  canceledUntilPeriodEnd: false,
  whileRetried: false,
  unpaidUpgradeGrace: false,
  trialUnpaidGrace: false,
  givenBackDenies: ['refunds', 'lost_disputes'],
  paidAfterEnd: false,
};
