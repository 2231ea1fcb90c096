import type { Answer, Row } from '../answer.js';
import { timeOrNull } from '../values.js';

/** What an invoice says of its money, in minor units, and when the event was that said so. */
export type InvoiceMoney = Readonly<{
  id: string;
  status: string;
  amountDueMinor: number;
  amountPaidMinor: number;
  amountRemainingMinor: number;
  paidAt: unknown;
  toldAt: unknown;
}>;
type Settled = Pick<InvoiceMoney, 'status' | 'amountPaidMinor' | 'amountRemainingMinor' | 'paidAt'>;

/**
 * An invoice with what payments have paid since it was last told; null where they tell nothing more. What they had paid before is in its own
 * amounts: Stripe opens one again whose payment fails after all. `payments` are answers about payments, perhaps of others too. Pure.
 */
export function settledBy(invoice: InvoiceMoney, payments: readonly Answer[]): Settled | null {
  if (!OPEN.includes(invoice.status)) return null;
  const toldAt = msOf(invoice.toldAt);
  const parts = payments.flatMap((payment) => partsOf(payment, invoice.id));
  const sum = (some: readonly Part[]): number => some.reduce((total, { amountMinor }) => total + amountMinor, 0);
  const before = sum(parts.filter(({ at }) => at < toldAt));
  const atOnce = sum(parts.filter(({ at }) => at === toldAt));
  const since = sum(parts.filter(({ at }) => at > toldAt));
  const told = invoice.amountPaidMinor;
  const paid = told + since + Math.max(atOnce - Math.max(told - before, 0), 0);
  const amountPaidMinor = Math.min(paid, Math.max(told, invoice.amountDueMinor));
  if (amountPaidMinor <= told) return null;
  const amountRemainingMinor = Math.max(invoice.amountRemainingMinor - (amountPaidMinor - told), 0);
  if (amountRemainingMinor > 0) return { ...invoice, amountPaidMinor, amountRemainingMinor };
  const last = Math.max(...parts.map(({ at }) => at));
  return { status: 'paid', amountPaidMinor, amountRemainingMinor, paidAt: new Date(last).toISOString() };
}

const OPEN: readonly string[] = ['open', 'uncollectible'];

/** Which of these invoices payments may still settle. */
export const unsettledIds = (invoices: readonly (Row | Answer)[]): string[] =>
  invoices.filter(({ status }) => OPEN.includes(String(status))).map(({ id }) => String(id));

type Part = Readonly<{ amountMinor: number; at: number }>;

/** What a payment has paid of an invoice, and when: as what ties them says, or else, until 2025-03-31.basil, by all of itself. */
function partsOf(payment: Answer, invoice: string): Part[] {
  const tied = (payment['invoices'] as readonly Row[]).find(({ id }) => id === invoice);
  if (tied === undefined || hasFailed(payment)) return [];
  const ties = tied['invoicePayments'] as readonly Row[];
  if (ties.length > 0)
    return ties
      .filter(({ status }) => status === 'paid')
      .map((tie) => ({
        amountMinor: Number(tie['amountPaidMinor']),
        at: msOf(tie['paidAt'] ?? changeOf(tie).created),
      }));
  if (payment['status'] !== 'succeeded') return [];
  return [{ amountMinor: Number(payment['amountReceivedMinor']), at: succeededAt(payment) }];
}

const partsKnown = (payment: Answer): readonly Row[] =>
  [payment['paymentIntent'], ...(payment['charges'] as readonly Row[])].filter((part): part is Row => part !== null);

const hasFailed = (payment: Answer): boolean => {
  const charges = payment['charges'] as readonly Row[];
  return charges.length > 0 && charges.every(({ status }) => status === 'failed');
};

/** A later event than the success may be the last one of a part; then it is known when that began. */
function succeededAt(payment: Answer): number {
  const succeeded = partsKnown(payment).filter(({ status }) => status === 'succeeded');
  const told = succeeded.filter((part) => SUCCESSES.includes(String(changeOf(part).type)));
  return told.length > 0
    ? Math.min(...told.map((part) => msOf(changeOf(part).created)))
    : Math.max(...succeeded.map((part) => msOf(part['createdAt'])));
}

const SUCCESSES = ['charge.succeeded', 'charge.captured', 'payment_intent.succeeded'];

const changeOf = (part: Row) => part['changedBy'] as Readonly<{ type: unknown; created: unknown }>;
const msOf = (time: unknown): number => timeOrNull(time)?.getTime() ?? Number.NEGATIVE_INFINITY;

/** An answer about an invoice, with that. */
export function settledAnswer(invoice: Answer, payments: readonly Answer[]): Answer {
  const settled = settledBy(
    {
      id: String(invoice['id']),
      status: String(invoice['status']),
      amountDueMinor: Number(invoice['amountDueMinor']),
      amountPaidMinor: Number(invoice['amountPaidMinor']),
      amountRemainingMinor: Number(invoice['amountRemainingMinor']),
      paidAt: invoice['paidAt'],
      toldAt: changeOf(invoice).created,
    },
    payments,
  );
  if (settled === null) return invoice;
  const { status, amountPaidMinor, amountRemainingMinor, paidAt } = settled;
  return { ...invoice, status, amountPaidMinor, amountRemainingMinor, paidAt };
}

/** A row of an invoice, with that. */
export function settledRow(row: Row, payments: readonly Answer[]): Row {
  const settled = settledBy(
    {
      id: String(row['id']),
      status: String(row['status']),
      amountDueMinor: Number(row['amount_due_minor']),
      amountPaidMinor: Number(row['amount_paid_minor']),
      amountRemainingMinor: Number(row['amount_remaining_minor']),
      paidAt: row['paid_at'],
      toldAt: row['stripe_event_created'],
    },
    payments,
  );
  if (settled === null) return row;
  const { status, amountPaidMinor, amountRemainingMinor, paidAt } = settled;
  return {
    ...row,
    status,
    amount_paid_minor: amountPaidMinor,
    amount_remaining_minor: amountRemainingMinor,
    paid_at: paidAt,
  };
}
