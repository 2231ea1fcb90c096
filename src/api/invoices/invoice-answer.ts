import type { Answer } from '../answer.js';

/**
 * Returns an invoice with the payments that paid it, or were meant to. Since 2025-03-31.basil only a payment record
 * shows that it was paid outside Stripe. Pure.
 */
export function invoiceAnswer(invoice: Answer, payments: readonly Answer[]): Answer {
  const isOutside = payments.some(({ isOutOfBand, status }) => isOutOfBand === true && status === 'succeeded');
  return { ...invoice, paidOutOfBand: isOutside ? true : invoice['paidOutOfBand'], payments };
}
