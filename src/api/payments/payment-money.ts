import { receivedMinor, type Part } from '../../../derivations/settling/received.js';
import { isRelease, isUnmoved, type MaybeRelease, type ReleasedPart } from '../../../derivations/settling/release.js';
import { isFurtherRefund } from '../../../projections/refunds.js';
import type { Row } from '../answer.js';
import { timeOrNull } from '../values.js';

/** The rows of one payment: its intent, its charges (the attempts), and their refunds and disputes. */
export type PaymentRows = Readonly<{
  intent: Row | undefined;
  charges: readonly Row[];
  /** Each refund once, as `refundsKnown` returns them; `status` is null where only a credit note names the refund. */
  refunds: readonly Row[];
  disputes: readonly Row[];
  movements: readonly Row[];
  /** What it paid according to invoice payments. */
  tiedMinor: number;
}>;

/**
 * What happened to a payment's money, in minor units of its currency. Pure, and independent of the order of arrival.
 */
export type PaymentMoney = Readonly<{
  /** The captured amount. Money only authorised, voided or expired was never received. */
  amountReceivedMinor: number;
  /** Refunds that succeeded, or are not known to have failed; null while neither a charge nor a refund is known. */
  amountRefundedMinor: number | null;
  /** The part of `amountRefundedMinor` that only a charge shows: no known refund explains it. */
  amountRefundedUnlistedMinor: number;
  /** Refunds in progress, or waiting for the customer. */
  amountRefundPendingMinor: number;
  /** What disputes have taken, or hold until they are decided. */
  amountDisputedMinor: number;
  /** Stripe's dispute fees; null where unknown in the payment's currency. */
  disputeFeesMinor: number | null;
  /** The net amount by all known events: received less refunded and disputed; Stripe's fees are not deducted. */
  amountNetMinor: number;
}>;

export function paymentMoney(rows: PaymentRows): PaymentMoney {
  const received = receivedOf(rows);
  const refunded = refundedOf(rows, received);
  const disputed = sumOf(rows.disputes, (dispute) => disputedBy(dispute, rows));
  return {
    amountReceivedMinor: received,
    ...refunded,
    amountDisputedMinor: disputed,
    disputeFeesMinor: feesOf(rows),
    amountNetMinor: received - (refunded.amountRefundedMinor ?? 0) - disputed,
  };
}

const receivedOf = ({ intent, charges, tiedMinor }: PaymentRows): number =>
  receivedMinor(intent as Part | undefined, charges as unknown as readonly Part[], tiedMinor);

function refundedOf(
  rows: PaymentRows,
  received: number,
): Pick<PaymentMoney, 'amountRefundedMinor' | 'amountRefundedUnlistedMinor' | 'amountRefundPendingMinor'> {
  const releases = releasesAmong(rows);
  const refunds = rows.refunds.filter((refund) => !releases.has(refund));
  const sumWith = (statuses: readonly unknown[]): number =>
    sumOf(
      refunds.filter(({ status }) => statuses.includes(status)),
      amountOf('amount_minor'),
    );
  const unlisted = sumOf(rows.charges, (charge) => unlistedOf(charge, refunds, rows.charges.length === 1));
  const isKnown = rows.charges.length > 0 || rows.refunds.length > 0;
  const most = wasNeverReceived(rows) ? received : Number.POSITIVE_INFINITY;
  return {
    amountRefundedMinor: isKnown ? Math.min(sumWith(['succeeded', null]) + unlisted, most) : null,
    amountRefundedUnlistedMinor: Math.min(unlisted, most),
    amountRefundPendingMinor: sumWith(['pending', 'requires_action']),
  };
}

/**
 * The refunded amount of a charge that no refund known by then explains. What Stripe counts is refunded unless
 * it reports a failure, and a failure names its refund.
 */
function unlistedOf(charge: Row, refunds: readonly Row[], isOnly: boolean): number {
  const seenAt = timeOf(charge['stripe_event_created']);
  const explaining = refunds.filter(
    (refund) =>
      (refund['charge'] === charge['id'] || (isOnly && (refund['charge'] ?? null) === null)) &&
      bornAt(refund) <= seenAt,
  );
  return Math.max(countedOf(charge, explaining) - explainedBy(charge, explaining), 0);
}

/**
 * The refunded amount that a charge counts. Where no event shows whether it includes a release, refunds larger than the
 * remainder prove that it does not.
 */
function countedOf(charge: Row, refunds: readonly Row[]): number {
  const counted = amountOf('amount_refunded_minor')(charge);
  const received = amountOf('amount_received_minor')(charge);
  const made = sumOf(
    refunds.filter(({ status }) => status === 'succeeded'),
    amountOf('amount_minor'),
  );
  const isReleaseKnown = received === 0 || (charge['is_release_counted'] ?? null) !== null;
  return isReleaseKnown || made <= counted ? counted : counted + amountOf('amount_minor')(charge) - received;
}

/**
 * How much of a charge's refunded amount its refunds explain. A failed refund was counted before it failed, so it
 * explains its amount, unless the count before the last change shows that Stripe had already deducted it.
 */
function explainedBy(charge: Row, refunds: readonly Row[]): number {
  const changedAt = timeOf(charge['refunded_changed_at']);
  const hasFailed = ({ status }: Row): boolean => status === 'failed' || status === 'canceled';
  const before = refunds.filter((refund) => hasFailed(refund) && timeOf(refund['stripe_event_created']) < changedAt);
  const failedBefore = sumOf(before, amountOf('amount_minor'));
  const others = sumOf(refunds, amountOf('amount_minor')) - failedBefore;
  const former = charge['former_refunded_minor'] ?? null;
  if (former === null || failedBefore === 0) return others + failedBefore;
  const countedBefore = refunds.filter((refund) => !before.includes(refund) && bornAt(refund) < changedAt);
  const room = Math.max(Number(former) - sumOf(countedBefore, amountOf('amount_minor')), 0);
  return others + Math.min(failedBefore, room);
}

/** Whether the money was cancelled or only authorised, so that nothing can be refunded. */
const wasNeverReceived = ({ intent, charges }: PaymentRows): boolean =>
  intent?.['status'] === 'canceled' ||
  (charges.length > 0 &&
    charges.every(({ status, is_captured: isCaptured }) => status === 'failed' || isCaptured === false));

const bornAt = (refund: Row): number => Math.min(timeOf(refund['known_since']), timeOf(refund['created_at']));

/** The refunds that are releases of what was not captured; a charge has at most one. */
function releasesAmong({ intent, charges, refunds }: PaymentRows): ReadonlySet<Row> {
  const releases = new Map<Row, Row>();
  for (const refund of [...refunds].sort((a, b) => timeOf(a['created_at']) - timeOf(b['created_at']))) {
    if (!isUnmoved(refund as MaybeRelease)) continue;
    const of = charges.find(({ id }) => id === refund['charge']) ?? (charges.length === 0 ? intent : undefined);
    if (of !== undefined && !releases.has(of) && isRelease(refund as MaybeRelease, of as ReleasedPart))
      releases.set(of, refund);
  }
  return new Set(releases.values());
}

/**
 * What a dispute takes: the sum of its movements if they are in the payment's currency, else its amount until money
 * came back. An inquiry takes nothing, nor does a dispute that was won or ended by a refund.
 */
function disputedBy(dispute: Row, { movements }: PaymentRows): number {
  const status = String(dispute['status']);
  if (dispute['is_inquiry'] === true || TAKES_NOTHING.includes(status)) return 0;
  const own = movements.filter((movement) => movement['dispute'] === dispute['id']);
  const amount = amountOf('amount_minor')(dispute);
  const moved = sumOf(own, amountOf('amount_minor'));
  if (own.length === 0) return amount;
  if (own.every(({ currency }) => currency === dispute['currency'])) return Math.max(-moved, 0);
  return moved < 0 ? amount : 0;
}

const TAKES_NOTHING = ['won', 'charge_refunded', 'prevented'];

function feesOf({ disputes, movements }: PaymentRows): number | null {
  const areAllKnown = disputes.every(
    ({ id, is_inquiry: isInquiry, currency }) =>
      movements.every((movement) => movement['dispute'] !== id || movement['currency'] === currency) &&
      (isInquiry === true || movements.some((movement) => movement['dispute'] === id)),
  );
  return areAllKnown ? sumOf(movements, amountOf('fee_minor')) : null;
}

/**
 * Returns each refund once: from its own events, else from a charge that lists it or a credit note that names it. The
 * source with the later status wins.
 */
export function refundsKnown(own: readonly Row[], evidence: readonly Row[]): Row[] {
  const known = new Map(own.map((refund) => [String(refund['id']), refund]));
  for (const { refund, source: _, source_object: __, invoice: ___, ...fields } of evidence) {
    const id = String(refund);
    const before = known.get(id);
    if (before === undefined) known.set(id, { ...fields, id });
    else if (isFurtherRefund(statusOf(before), statusOf(fields)))
      known.set(id, { ...before, ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) });
  }
  return [...known.values()].sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
}

const statusOf = ({ status }: Row): string | null => (status === null || status === undefined ? null : String(status));

const sumOf = (rows: readonly Row[], amount: (row: Row) => number): number =>
  rows.reduce((sum, row) => sum + amount(row), 0);
const amountOf =
  (column: string) =>
  (row: Row): number =>
    Number(row[column] ?? 0);
/** A time in ms; an unknown time imposes no limit. */
const timeOf = (time: unknown): number => timeOrNull(time)?.getTime() ?? Number.POSITIVE_INFINITY;
