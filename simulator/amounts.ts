import type { Charge, Invoice, Price, Refund } from './books.js';

/** What the books add up to, in minor units. */

/** What `quantity` units cost for one interval. */
export function priceMinor({ unitAmountMinor, tiers, tiersMode }: Price, quantity: number): number {
  if (unitAmountMinor !== null) return unitAmountMinor * quantity;
  if (tiersMode === 'volume') {
    const tier = quantity === 0 ? undefined : tiers.find(({ upTo }) => upTo === null || quantity <= upTo);
    return tier === undefined ? 0 : tier.flatAmountMinor + quantity * tier.unitAmountMinor;
  }
  let [sum, from] = [0, 0];
  for (const tier of tiers) {
    const upTo = Math.min(quantity, tier.upTo ?? quantity);
    if (upTo <= from) break;
    sum += tier.flatAmountMinor + (upTo - from) * tier.unitAmountMinor;
    from = upTo;
  }
  return sum;
}

/** What an invoice asks for in all, after the customer's credit and credit notes; a credit beyond it is kept for the next. */
export function amountDueMinor(invoice: Invoice): number {
  return Math.max(0, totalMinor(invoice) + invoice.startingBalanceMinor) - invoice.preCreditMinor;
}

export function amountRefundedMinor({ refunds }: Charge): number {
  return refunds.reduce((sum, { amountMinor, status }) => sum + (status === 'failed' ? 0 : amountMinor), 0);
}

/** The balance transaction that puts a failed refund back. */
export function failureOf({ balanceTransaction }: Refund): string {
  return `${balanceTransaction}f`;
}

export function subtotalMinor({ lines }: Invoice): number {
  return lines.reduce((sum, line) => sum + line.amountMinor, 0);
}

export function discountMinor({ lines }: Invoice): number {
  return lines.reduce((sum, line) => sum + line.discountMinor, 0);
}

/** All taxes, those that amounts include among them. */
export function taxMinor({ lines }: Pick<Invoice, 'lines'>): number {
  return lines.reduce((sum, { tax }) => sum + (tax?.minor ?? 0), 0);
}

/** The taxes that amounts include. */
export function inclusiveTaxMinor({ lines }: Pick<Invoice, 'lines'>): number {
  return lines.reduce((sum, { tax }) => sum + (tax?.isInclusive === true ? tax.minor : 0), 0);
}

export function totalMinor(invoice: Invoice): number {
  return subtotalMinor(invoice) - discountMinor(invoice) + taxMinor(invoice) - inclusiveTaxMinor(invoice);
}
