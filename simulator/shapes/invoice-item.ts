import { isBasilOrLater } from '../api-version.js';
import type { InvoiceLine } from '../books.js';
import type { JsonObject, StripeObject } from '../json.js';
import { decimal, planShape, priceShape } from './price.js';
import type { View } from './view.js';

export interface PendingItem {
  readonly id: string;
  readonly line: InvoiceLine;
  /** Null for one-off items. */
  readonly subscription: string | null;
  readonly customer: string;
  readonly currency: string;
  readonly createdAt: number;
}

/** A proration or a one-off item that waits for the next invoice. */
export function invoiceItemShape(view: View, pending: PendingItem): StripeObject {
  const { id, line, customer, createdAt } = pending;
  return {
    id,
    object: 'invoiceitem',
    amount: line.amountMinor,
    currency: pending.currency,
    customer,
    date: createdAt,
    description: line.description,
    discountable: !line.proration,
    discounts: [],
    invoice: null,
    livemode: view.account.livemode,
    metadata: {},
    period: { end: line.periodEnd, start: line.periodStart },
    proration: line.proration,
    quantity: line.quantity,
    tax_rates: [],
    test_clock: view.clock?.id ?? null,
    ...(isBasilOrLater(view.apiVersion) ? sinceBasil(pending) : beforeBasil(view, pending)),
  };
}

function sinceBasil({ line: { item, amountMinor }, subscription }: PendingItem): JsonObject {
  return {
    net_amount: amountMinor,
    parent: item && {
      subscription_details: { subscription, subscription_item: item.id },
      type: 'subscription_details',
    },
    pricing: item && {
      price_details: { price: item.price.id, product: item.price.product },
      type: 'price_details',
      unit_amount_decimal: decimal(item.price.unitAmountMinor),
    },
  };
}

function beforeBasil(view: View, { line: { item, amountMinor, quantity }, subscription }: PendingItem): JsonObject {
  const unitAmountMinor = item === null ? amountMinor / quantity : item.price.unitAmountMinor;
  return {
    plan: item && planShape(view, item.price),
    price: item && priceShape(view, item.price),
    subscription,
    ...(item === null ? {} : { subscription_item: item.id }),
    unit_amount: unitAmountMinor,
    unit_amount_decimal: decimal(unitAmountMinor),
  };
}
