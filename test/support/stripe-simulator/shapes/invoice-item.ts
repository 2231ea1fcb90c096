import { isBasilOrLater } from '../api-version.js';
import type { InvoiceLine } from '../books.js';
import type { StripeObject } from '../json.js';
import { decimal, planShape, priceShape } from './price.js';
import type { View } from './view.js';

export interface PendingItem {
  readonly id: string;
  readonly line: InvoiceLine;
  readonly subscription: string;
  readonly customer: string;
  readonly createdAt: number;
}

/** A proration that waits for the next invoice. */
export function invoiceItemShape(view: View, { id, line, subscription, customer, createdAt }: PendingItem): StripeObject {
  const { price } = line.item;
  return {
    id,
    object: 'invoiceitem',
    amount: line.amountMinor,
    currency: price.currency,
    customer,
    date: createdAt,
    description: line.description,
    discountable: false,
    discounts: [],
    invoice: null,
    livemode: view.account.livemode,
    metadata: {},
    period: { end: line.periodEnd, start: line.periodStart },
    proration: true,
    quantity: line.item.quantity,
    tax_rates: [],
    test_clock: null,
    ...(isBasilOrLater(view.apiVersion)
      ? {
          net_amount: line.amountMinor,
          parent: { subscription_details: { subscription, subscription_item: line.item.id }, type: 'subscription_details' },
          pricing: { price_details: { price: price.id, product: price.product }, type: 'price_details', unit_amount_decimal: decimal(price.unitAmountMinor) },
        }
      : {
          plan: planShape(view, price),
          price: priceShape(view, price),
          subscription,
          subscription_item: line.item.id,
          unit_amount: price.unitAmountMinor,
          unit_amount_decimal: decimal(price.unitAmountMinor),
        }),
  };
}
