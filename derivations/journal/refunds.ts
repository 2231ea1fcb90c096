import { isRelease } from '../settling/release.js';
import { secondOf } from '../time.js';
import type { Cause, MilestoneRow, RefundEvidenceRow, Unmoved } from './facts.js';

/** Money that went back to a customer, once, whoever tells of it. */
export type Refund = Readonly<{
  /** The refund; the charge, where it alone says how much was refunded. */
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

/** What tells of refunds. */
export type RefundFacts = Readonly<{
  /** `made` and `failed` of refunds, `refunded` of charges. */
  refunds: readonly MilestoneRow[];
  refundEvidence: readonly RefundEvidenceRow[];
}>;

/** The refunds of payments: their own events, then what charges list, then what charges say was refunded in all. */
export function refundsOf({ refunds, refundEvidence }: RefundFacts): readonly Refund[] {
  const made = refunds.filter(({ kind, stage }) => kind === 'refund' && stage === 'made');
  const own = made.filter(hasMoved).map((row) => ownedBy(row, refunds));
  // A refund whose events show that it never moved anything is no refund, whatever its charge lists.
  const named = new Set(made.map(({ object }) => object));
  const listed = refundEvidence
    .filter((row) => !named.has(row.refund) && isMade(row.status) && hasMoved(row))
    .map(listedBy);
  const known = [...own, ...listed];
  return [...known, ...evidentOf(known, refunds)];
}

const isMade = (status: string | null): boolean => status === null || status === 'pending' || status === 'succeeded';

type MaybeUnmoved = Readonly<{ unmoved?: Unmoved | null }>;

/** The release of what was not captured moves no money. */
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
    // Its charge, when it comes, may show that it is a release.
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

/** What each charge says it gave back, as far as no refund is known to be it. */
function evidentOf(known: readonly Refund[], refunds: readonly MilestoneRow[]): readonly Refund[] {
  const steps = refunds
    .filter(({ kind, stage }) => kind === 'charge' && stage === 'refunded')
    .sort((a, b) => (a.object < b.object ? -1 : a.object > b.object ? 1 : a.ordinal - b.ordinal));
  const left = new Map<string, number>();
  for (const { payment, amountMinor } of known)
    if (payment !== null) left.set(payment, (left.get(payment) ?? 0) + amountMinor);
  return steps.flatMap((row) => {
    const payment = row.payment ?? row.object;
    const told = Math.min(row.amount_minor, left.get(payment) ?? 0);
    left.set(payment, (left.get(payment) ?? 0) - told);
    const amountMinor = row.amount_minor - told;
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
