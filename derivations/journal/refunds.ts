import { isRelease } from '../settling/release.js';
import { secondOf } from '../time.js';
import type { Cause, MilestoneRow, RefundEvidenceRow, Unmoved } from './facts.js';

/** A refund to a customer, counted once however many objects report it. */
export type Refund = Readonly<{
  /** The refund; the charge, if only the charge reports the amount. */
  object: string;
  step: number | null;
  at: number;
  amountMinor: number;
  currency: string;
  payment: string | null;
  inference: string | null;
  cause: Cause;
  failed: Readonly<{ at: number; cause: Cause }> | null;
}>;

/** The facts that report refunds. */
export type RefundFacts = Readonly<{
  /** The milestones `made` and `failed` of refunds, and `refunded` of charges. */
  refunds: readonly MilestoneRow[];
  refundEvidence: readonly RefundEvidenceRow[];
}>;

/**
 * The refunds of payments: from their own events, then from the lists of charges, then from the refunded totals of
 * charges.
 */
export function refundsOf({ refunds, refundEvidence }: RefundFacts): readonly Refund[] {
  const made = refunds.filter(({ kind, stage }) => kind === 'refund' && stage === 'made');
  const own = made.filter(hasMoved).map((row) => ownedBy(row, refunds));
  // A release that a charge lists is skipped, too: its events show that it moved no money.
  const named = new Set(made.map(({ object }) => object));
  const listed = refundEvidence
    .filter((row) => !named.has(row.refund) && isMade(row.status) && hasMoved(row))
    .map(listedBy);
  const known = [...own, ...listed];
  return [...known, ...evidentOf(known, refunds)];
}

const isMade = (status: string | null): boolean => status === null || status === 'pending' || status === 'succeeded';

type MaybeUnmoved = Readonly<{ unmoved?: Unmoved | null }>;

/** Whether a refund moved money; a release of what was not captured does not. */
const hasMoved = ({ unmoved }: MaybeUnmoved): boolean =>
  !unmoved || unmoved.charge === null || !isRelease(unmoved.refund, unmoved.charge);

function ownedBy(row: MilestoneRow, refunds: readonly MilestoneRow[]): Refund {
  const failed = refunds.find(
    ({ kind, object, stage }) => kind === 'refund' && object === row.object && stage === 'failed',
  );
  return {
    ...refundAt(row),
    object: row.object,
    step: null,
    // Its charge may arrive later and show that it is a release.
    inference: row.unmoved ? 'no event tells that it moved money' : null,
    failed: failed === undefined ? null : { at: secondOf(failed.at), cause: failed },
  };
}

const listedBy = (row: RefundEvidenceRow): Refund => ({
  ...refundAt(row),
  object: row.refund,
  step: null,
  inference: 'its charge alone tells of it',
  failed: null,
});

/** The refunded totals of charges, less the known refunds of their payments. */
function evidentOf(known: readonly Refund[], refunds: readonly MilestoneRow[]): readonly Refund[] {
  const steps = refunds
    .filter(({ kind, stage }) => kind === 'charge' && stage === 'refunded')
    .sort((a, b) => (a.object < b.object ? -1 : a.object > b.object ? 1 : a.ordinal - b.ordinal));
  const left = new Map<string, number>();
  for (const { payment, amountMinor } of known)
    if (payment !== null) left.set(payment, (left.get(payment) ?? 0) + amountMinor);
  return steps.flatMap((row) => {
    const payment = row.payment ?? row.object;
    const statedMinor = Math.min(row.amount_minor, left.get(payment) ?? 0);
    left.set(payment, (left.get(payment) ?? 0) - statedMinor);
    const amountMinor = row.amount_minor - statedMinor;
    if (amountMinor === 0) return [];
    const inference = 'its charge alone says how much was refunded';
    return [
      {
        ...refundAt(row),
        payment,
        amountMinor,
        object: row.object,
        step: row.cumulative_minor,
        inference,
        failed: null,
      },
    ];
  });
}

const refundAt = (row: MilestoneRow | RefundEvidenceRow) => ({
  at: secondOf(row.at),
  amountMinor: row.amount_minor,
  currency: row.currency,
  payment: row.payment,
  cause: row as Cause,
});
