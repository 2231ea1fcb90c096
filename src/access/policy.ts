/** Statuses that may grant access for some days without a payment. */
export const GRACE_STATUSES = ['past_due', 'unpaid', 'paused', 'incomplete'] as const;
export type GraceStatus = (typeof GRACE_STATUSES)[number];

/** Which states of a subscription grant access: the decisions that differ between businesses. */
export type AccessPolicy = Readonly<{
  /** Whether a trial grants access. */
  trialing: boolean;
  /**
   * For how many days access continues: for `past_due` and `unpaid` from the first failed payment, for the others from
   * the start of the status; 0 ends it at once.
   */
  graceDays: Readonly<Record<GraceStatus, number>>;
  /** Hours for which access continues after a paid period or trial while no further event has arrived. */
  renewalGraceHours: number;
  /** Values of `pause_collection.behavior` that end access while collection is paused. */
  pauseCollectionDenies: readonly string[];
  /** Whether an immediate, voluntary cancellation of a paid subscription leaves access until the end of its period. */
  canceledUntilPeriodEnd: boolean;
  /** Whether a past-due subscription grants access beyond its grace while Stripe plans further attempts. */
  whileRetried: boolean;
  /** Whether a product added by an update gets the status's grace while the update's invoice is unpaid. */
  unpaidUpgradeGrace: boolean;
  /** Whether a subscription whose trial ended without a payment method gets the status's grace. */
  trialUnpaidGrace: boolean;
  /** The kinds of returns that end access to a period when they return everything paid for it. */
  givenBackDenies: readonly GivenBack[];
  /** Whether a period that is paid after its subscription was canceled grants access to its end. */
  paidAfterEnd: boolean;
}>;

/** The kinds of returns: refunds (and credit notes), lost disputes, and open disputes. */
export const GIVEN_BACK = ['refunds', 'lost_disputes', 'open_disputes'] as const;
export type GivenBack = (typeof GIVEN_BACK)[number];

/**
 * The default policy. A week of grace covers about the first half of Stripe's retries. Stripe redelivers renewal events
 * for three days. For paused collection, Stripe recommends `void` when the service is not provided, and the others when
 * it is. A fully refunded customer has not paid; an open dispute is not lost yet.
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
