/**
 * The fields of a refund, and of its charge or payment intent, that decide whether it is a release. Times as rows hold
 * them.
 */
export type MaybeRelease = Readonly<{
  status: string | null;
  amount_minor: number | null;
  balance_transaction: string | null;
  reason: string | null;
  created_at: Date | string | null;
  api_version: string | null;
}>;
export type ReleasedPart = Readonly<{
  object: string;
  amount_minor: number;
  amount_received_minor: number;
  is_release_counted: boolean | null;
  captured_at: Date | string | null;
  stripe_event_created: Date | string;
}>;

/** The longest time between a capture and the release of the remainder. */
const AT_ONCE_MS = 60_000;

/** Whether a refund succeeded and no event shows that it moved money. */
export const isUnmoved = ({ status, balance_transaction: movement }: MaybeRelease): boolean =>
  status === 'succeeded' && (movement ?? null) === null;

/**
 * Whether an unmoved refund is a release: before 2025-03-31.basil Stripe releases authorised money that is not captured
 * by a refund without a movement, at capture or cancellation. A refund that a person requests has a reason, or comes
 * later. Pure.
 */
export function isRelease(refund: MaybeRelease, of: ReleasedPart): boolean {
  const received = Number(of.amount_received_minor);
  if (Number(of.amount_minor) - received !== Number(refund.amount_minor)) return false;
  if (received === 0) return true;
  if (of.is_release_counted === false || (refund.reason ?? null) !== null) return false;
  const capturedAt = of.object === 'charge' ? of.captured_at : of.stripe_event_created;
  const isOld = (refund.api_version ?? '') < '2025-03-31.basil';
  const [captured, created] = [msOf(capturedAt), msOf(refund.created_at)];
  if (captured === null || created === null) return of.is_release_counted === true || isOld;
  return Math.abs(created - captured) <= AT_ONCE_MS || (of.object !== 'charge' && isOld);
}

const msOf = (time: Date | string | null | undefined): number | null =>
  time === null || time === undefined ? null : new Date(time).getTime();
