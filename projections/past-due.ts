import type { InvoiceSnapshot, SubscriptionSnapshot } from '../src/events/normalise.js';

/**
 * A debt that a subscription is, or was, past due for: since when, and the invoice and period that identify it when a
 * payment fails again. `isSettled`: the invoice has been paid since.
 */
export type PastDue = Readonly<{ since: string; invoice: string | null; periodEnd: string | null; isSettled: boolean }>;

/** Whether retries continue (`past_due`) or are over (`unpaid`). */
export const isPastDue = (status: string): boolean => status === 'past_due' || status === 'unpaid';

/**
 * The debt after a snapshot, even while nothing is past due. A subscription is active while a bank debit is pending; if
 * the debit fails with the same latest invoice, it is past due since the first failure. Without an invoice id, the
 * period identifies the debt.
 */
export function pastDueAfter(
  before: PastDue | null,
  {
    status: statusBefore,
    snapshot,
    at,
  }: {
    status: string | null;
    snapshot: Pick<SubscriptionSnapshot, 'status' | 'latestInvoice' | 'periodEnd'>;
    at: string;
  },
): PastDue | null {
  const { status, latestInvoice: invoice, periodEnd } = snapshot;
  if (!isPastDue(status)) return before;
  const debt = { invoice, periodEnd };
  const continues =
    before !== null &&
    ((statusBefore !== null && isPastDue(statusBefore)) || (!before.isSettled && isOneDebt(before, debt)));
  if (!continues) return { since: at, ...debt, isSettled: false };
  return { ...before, ...debt, isSettled: before.isSettled && before.invoice === invoice };
}

type Debt = Pick<PastDue, 'invoice' | 'periodEnd'>;
const isOneDebt = (a: Debt, b: Debt): boolean =>
  a.invoice === null || b.invoice === null ? a.periodEnd === b.periodEnd : a.invoice === b.invoice;

/** The debt after a snapshot of an invoice. */
export function pastDueWith(
  before: PastDue | null,
  { id, status }: Pick<InvoiceSnapshot, 'id' | 'status'>,
): PastDue | null {
  if (before === null || (before.invoice ?? id) !== id) return before;
  return { ...before, isSettled: status === 'paid' };
}
