import type { Answer } from '../answer.js';

/**
 * An invoice with what paid it, or was meant to. Since 2025-03-31.basil only a payment record tells that it was paid outside Stripe. Pure.
 */
export function invoiceAnswer(invoice: Answer, payments: readonly Answer[]): Answer {
  const isOutside = payments.some(({ isOutOfBand, status }) => isOutOfBand === true && status === 'succeeded');
  return { ...invoice, paidOutOfBand: isOutside ? true : invoice['paidOutOfBand'], payments };
}
