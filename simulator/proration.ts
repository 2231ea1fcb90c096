import { priceMinor } from './amounts.js';
import type { InvoiceLine, SubscriptionItem } from './books.js';
import type { Seconds } from './calendar.js';
import type { Operation } from './journal.js';
import { invoiceItemShape } from './shapes/invoice-item.js';
import { newId, type Stage } from './stage.js';

/**
 * Prorations for the rest of the period when the items become `items`: credit for what ends, a charge for what begins.
 * Metered items have none.
 */
export function prorationLines(stage: Stage, next: { items: readonly SubscriptionItem[]; at: Seconds }): InvoiceLine[] {
  const licensed = (of: readonly SubscriptionItem[]): LicensedItem[] =>
    of.filter((item): item is LicensedItem => item.quantity !== null);
  const { items } = stage.subscription;
  const ending = licensed(items).filter((item) => !next.items.includes(item));
  const beginning = licensed(next.items).filter((item) => !items.includes(item));
  return [
    ...ending.map((item) => prorationLine(stage, { item, at: next.at, sign: -1 })),
    ...beginning.map((item) => prorationLine(stage, { item, at: next.at, sign: 1 })),
  ];
}

type LicensedItem = SubscriptionItem & { readonly quantity: number };

function prorationLine(
  stage: Stage,
  { item, at, sign }: { item: LicensedItem; at: Seconds; sign: 1 | -1 },
): InvoiceLine {
  const { periodStart, periodEnd } = stage.subscription;
  const share = (periodEnd - at) / (periodEnd - periodStart);
  return {
    id: newId(stage, 'il'),
    item,
    invoiceItem: null,
    quantity: item.quantity,
    discountMinor: 0,
    tax: null,
    amountMinor: sign * Math.round(priceMinor(item.price, item.quantity) * share),
    description: `${sign < 0 ? 'Unused' : 'Remaining'} time on ${item.quantity} × ${item.price.productName}`,
    proration: true,
    periodStart: at,
    periodEnd,
  };
}

/** Records each proration as an invoice item that waits for the next invoice. */
export function recordPending(stage: Stage, operation: Operation, lines: readonly InvoiceLine[]): void {
  const { id: subscription, currency } = stage.subscription;
  const waiting = lines.map((line) => ({ ...line, invoiceItem: newId(stage, 'ii') }));
  for (const line of waiting) {
    const item = {
      id: line.invoiceItem,
      line,
      subscription,
      customer: stage.customer.id,
      currency,
      createdAt: operation.at,
    };
    operation.record('invoiceitem.created', (view) => invoiceItemShape(view, item), subscription);
  }
  stage.pendingLines = [...stage.pendingLines, ...waiting];
}
