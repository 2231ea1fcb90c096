import type { Charge, Invoice, Price, Refund } from './books.js';

/** Sums over the books, in minor units. */

/** The price of `quantity` units for one interval. */
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

/**
 * The total due on an invoice after the customer's credit and its credit notes. Credit beyond the total stays for the
 * next invoice.
 */
export function amountDueMinor(invoice: Invoice): number {
  return Math.max(0, totalMinor(invoice) + invoice.startingBalanceMinor) - invoice.preCreditMinor;
}

export function amountRefundedMinor({ refunds }: Charge): number {
  return refunds.reduce((sum, { amountMinor, status }) => sum + (status === 'failed' ? 0 : amountMinor), 0);
}

/** The id of the balance transaction that reverses a failed refund. */
export function failureOf({ balanceTransaction }: Refund): string {
  return `${balanceTransaction}f`;
}

export function subtotalMinor({ lines }: Invoice): number {
  return lines.reduce((sum, line) => sum + line.amountMinor, 0);
}

export function discountMinor({ lines }: Invoice): number {
  return lines.reduce((sum, line) => sum + line.discountMinor, 0);
}

/** All taxes, inclusive ones too. */
export function taxMinor({ lines }: Pick<Invoice, 'lines'>): number {
  return lines.reduce((sum, { tax }) => sum + (tax?.minor ?? 0), 0);
}

/** The taxes included in the amounts. */
export function inclusiveTaxMinor({ lines }: Pick<Invoice, 'lines'>): number {
  return lines.reduce((sum, { tax }) => sum + (tax?.isInclusive === true ? tax.minor : 0), 0);
}

export function totalMinor(invoice: Invoice): number {
  return subtotalMinor(invoice) - discountMinor(invoice) + taxMinor(invoice) - inclusiveTaxMinor(invoice);
}
