import { split, sumOf } from '../rounding.js';
import { secondOf } from '../time.js';
import type { Application } from './applications.js';
import type { MilestoneRow } from './facts.js';

/** An application of a payment to an invoice; `until` is null while it holds. */
export type Laid = Readonly<{ object: string; invoice: string; amountMinor: number; until: number | null }>;

/**
 * The applications of a payment by invoice payments. For an overpaid invoice, those report the whole payment or only
 * the amount due; the excess counts as applied to it either way, since it came with the payment.
 */
export function laidTo(payment: string, rows: readonly MilestoneRow[]): readonly Laid[] {
  const stated = rows
    .filter((row) => row.kind === 'invoice_payment' && row.stage === 'paid' && row.payment === payment)
    .map((row) => {
      const end = rows.find(
        (one) => one.stage === 'unapplied' && one.object === row.object && one.ordinal === row.ordinal,
      );
      return {
        object: row.object,
        invoice: row.invoice ?? '',
        amountMinor: row.amount_minor,
        until: end === undefined ? null : secondOf(end.at),
      };
    });
  const overpaid = rows.filter(({ kind, stage }) => kind === 'invoice' && stage === 'overpaid');
  return overpaid.length === 0 ? stated : withOverpaid(stated, overpaid, receivedBy(payment, rows));
}

function withOverpaid(
  stated: readonly Laid[],
  overpaid: readonly MilestoneRow[],
  receivedMinor: number,
): readonly Laid[] {
  const overs = new Map<string, number>();
  for (const { object, amount_minor: amount } of overpaid) overs.set(object, (overs.get(object) ?? 0) + amount);
  const isOn = ({ until }: Laid): boolean => until === null;
  let leftMinor = Math.max(0, receivedMinor - sumOf(stated.filter(isOn).map(({ amountMinor }) => amountMinor)));
  return stated.map((one) => {
    const overMinor = isOn(one) ? Math.min(leftMinor, overs.get(one.invoice) ?? 0) : 0;
    leftMinor -= overMinor;
    overs.set(one.invoice, (overs.get(one.invoice) ?? 0) - overMinor);
    return { ...one, amountMinor: one.amountMinor + overMinor };
  });
}

/** The amount that a payment received: from its charges, or from its intent while no charge is known. */
export function receivedBy(payment: string, rows: readonly MilestoneRow[]): number {
  const captured = rows.filter((row) => row.stage === 'captured' && (row.payment ?? row.object) === payment);
  const charges = captured.filter(({ kind }) => kind === 'charge');
  return sumOf((charges.length > 0 ? charges : captured).map((row) => row.amount_minor));
}

/**
 * Splits what a payment gives back among its applications at that moment; `restMinor` is the part of what is not
 * applied.
 */
export function partsOf(
  laid: readonly Laid[],
  receivedMinor: number,
  at: number,
  amountMinor: number,
): Readonly<{ of: readonly Readonly<{ invoice: string; amountMinor: number }>[]; restMinor: number }> {
  const now = laid
    .filter(({ until }) => until === null || until >= at)
    .sort((a, b) => (a.object < b.object ? -1 : a.object > b.object ? 1 : 0));
  const standaloneMinor = Math.max(0, receivedMinor - sumOf(now.map((one) => one.amountMinor)));
  const parts = split(amountMinor, [...now.map((one) => one.amountMinor), standaloneMinor]);
  return {
    of: now.map(({ invoice }, place) => ({ invoice, amountMinor: parts[place] ?? 0 })),
    restMinor: parts.at(-1) ?? 0,
  };
}

/** An invoice's part of what a payment gives back. `own` are its applications by the payment, read or inferred. */
export function shareOf(
  invoice: string,
  own: readonly Application[],
  rows: readonly MilestoneRow[],
  payment: string,
  at: number,
  amountMinor: number,
): number {
  const known = laidTo(payment, rows);
  const laid = own.map((one) => ({
    object: one.object,
    invoice,
    amountMinor: known.find(({ object }) => object === one.object)?.amountMinor ?? one.amountMinor,
    until: one.unapplied?.at ?? null,
  }));
  const others = known.filter((one) => one.invoice !== invoice);
  const { of } = partsOf([...laid, ...others], receivedBy(payment, rows), at, amountMinor);
  return sumOf(of.map((part) => (part.invoice === invoice ? part.amountMinor : 0)));
}
