import type { InvoiceLine } from './books.js';
import type { Stage } from './stage.js';

/** Tax rate in percent, and whether prices include it, by the customer's country; all others pay none. */
const RATES: Readonly<Record<string, readonly [percentage: number, isInclusive: boolean]>> = {
  DE: [19, false],
  FR: [20, true],
  GB: [20, false],
  JP: [10, true],
};

/** The lines with the customer's tax, computed after discounts and rounded line by line. */
export function taxed({ bank, customer }: Stage, lines: readonly InvoiceLine[]): readonly InvoiceLine[] {
  const rate = bank ? RATES[customer.country] : undefined;
  if (rate === undefined) return lines;
  const [percentage, isInclusive] = rate;
  return lines.map((line) => {
    const paidMinor = line.amountMinor - line.discountMinor;
    const exact = (paidMinor * percentage) / (isInclusive ? 100 + percentage : 100);
    return { ...line, tax: { minor: Math.round(exact), isInclusive, percentage } };
  });
}
