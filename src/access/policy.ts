/** Statuses that may grant access for a while, though nothing is paid for. */
export const GRACE_STATUSES = ['past_due', 'unpaid', 'paused', 'incomplete'] as const;
export type GraceStatus = (typeof GRACE_STATUSES)[number];

/** Which states of a subscription give its customer access; what one business decides otherwise than another. */
export type AccessPolicy = Readonly<{
  /** Whether a trial grants access. */
  trialing: boolean;
  /** For how many days access goes on from when a subscription got this status; 0: it ends at once. */
  graceDays: Readonly<Record<GraceStatus, number>>;
  /** Hours after the end of a paid period, or of a trial, for which access goes on while no event has told what follows. */
  renewalGraceHours: number;
  /** Values of `pause_collection.behavior` that end access while collection is paused. */
  pauseCollectionDenies: readonly string[];
  /** Whether a subscription that was canceled at once, by choice, while it was paid for, grants access to the end of its period. */
  canceledUntilPeriodEnd: boolean;
}>;

/**
 * What holds when nothing is configured. A week for a failed payment is about the first half of Stripe's retries; for three
 * days Stripe goes on delivering the events that tell of a renewal; of the ways to pause collection, Stripe recommends
 * `void` for when the service cannot be provided, the others for when it goes on.
 */
export const DEFAULT_ACCESS_POLICY: AccessPolicy = {
  trialing: true,
  graceDays: { past_due: 7, unpaid: 0, paused: 0, incomplete: 0 },
  renewalGraceHours: 72,
  pauseCollectionDenies: ['void'],
  canceledUntilPeriodEnd: false,
};
