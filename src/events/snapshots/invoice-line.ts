import { Fields } from '../fields.js';
import { subscriptionOf } from '../identity.js';
import type { StripeEvent } from '../stripe-event.js';
import { discountsOf, type DiscountFacts } from './discount.js';
import { originOf, type Origin } from './origin.js';
import { pricedBy } from './price.js';

/** What an invoice line or a pending invoice item charges. Minor units of `currency`; negative for credits. */
type Charged = Readonly<{
  amountMinor: number;
  currency: string;
  /** Whole units; since 2026 `quantityDecimal` holds the exact quantity. */
  quantity: number | null;
  quantityDecimal: string | null;
  description: string | null;
  price: string | null;
  product: string | null;
  /** A decimal as text, in minor units; null when the price is tiered. */
  unitAmountDecimal: string | null;
  isProration: boolean;
  periodStart: string | null;
  periodEnd: string | null;
  subscription: string | null;
  subscriptionItem: string | null;
  discounts: readonly DiscountFacts[];
}>;

/** One line of an invoice. */
export type InvoiceLine = Readonly<{
  /** In 2012 subscription lines had no id: then the line's position, from 1. */
  id: string;
  /** The invoice item behind the line; null for a line that comes from a subscription only. */
  invoiceItem: string | null;
  /** Taxes on the line, whether the amount includes them or not; null when the snapshot does not say. */
  taxMinor: number | null;
  /** The part of the taxes that the amount includes. */
  taxInclusiveMinor: number | null;
  /** The part paid by billing credits. */
  creditMinor: number;
  /** The discounts on the line; null when the snapshot does not say, as before 2020-08-27. */
  discountMinor: number | null;
}> &
  Charged;

/** An invoice item: a line of an invoice, past or future. */
export type InvoiceItemSnapshot = Readonly<{
  kind: 'invoice_item';
  id: string;
  customer: string | null;
  invoice: string | null;
  createdAt: string | null;
  testClock: string | null;
}> &
  Charged &
  Origin;

export function invoiceItemSnapshot(stripeEvent: StripeEvent): InvoiceItemSnapshot {
  const item = new Fields(stripeEvent.data.object, 'invoiceitem');
  const parent = item.hashOrNull('parent')?.hashOrNull('subscription_details') ?? null;
  return {
    kind: 'invoice_item',
    id: item.id('id'),
    customer: item.idOrNull('customer'),
    invoice: item.idOrNull('invoice'),
    createdAt: item.timeOrNull('date', 'created'),
    testClock: item.idOrNull('test_clock'),
    ...charged(item),
    isProration: item.flag('proration', false),
    subscription: subscriptionOf(item.object),
    subscriptionItem: item.idOrNull('subscription_item') ?? parent?.idOrNull('subscription_item') ?? null,
    ...originOf(stripeEvent),
  };
}

/** Reads a line from an invoice of any API version; since 2025-03-31.basil it has a `parent` and `pricing`. */
export function invoiceLine(line: Fields, place: number): InvoiceLine {
  const parent = line.hashOrNull('parent');
  const source = parent?.hashOrNull('subscription_item_details') ?? parent?.hashOrNull('invoice_item_details') ?? line;
  const id = line.idOrNull('id');
  return {
    id: id ?? String(place + 1),
    // Before 2019-12-03 the line of an invoice item had the item's id.
    invoiceItem: source.idOrNull('invoice_item') ?? (isOldLineOf(line, 'invoiceitem') ? id : null),
    ...charged(line),
    isProration: source.flag('proration', false),
    // Likewise the line of a subscription had the id of the subscription, or of its item.
    subscription: source.idOrNull('subscription') ?? (isOldLineOf(line, 'subscription', /^(?!si_)/) ? id : null),
    subscriptionItem: source.idOrNull('subscription_item') ?? (isOldLineOf(line, 'subscription', /^si_/) ? id : null),
    taxMinor: sumOrNull(line, 'taxes') ?? sumOrNull(line, 'tax_amounts'),
    taxInclusiveMinor: inclusiveOf(line),
    creditMinor: line
      .hashes('pretax_credit_amounts')
      .filter((credit) => credit.textOrNull('type') === 'credit_balance_transaction')
      .reduce((sum, credit) => sum + credit.integer('amount'), 0),
    discountMinor: sumOrNull(line, 'discount_amounts'),
  };
}

/**
 * Whether a line of this type has the id of its source. Since 2019-12-03 lines have ids of their own, which begin with
 * `il_` (for some time before, `sli_`). In 2012 the lines that are invoice items say so in `object`.
 */
function isOldLineOf(line: Fields, type: string, form = /^/): boolean {
  const id = line.idOrNull('id');
  const is = line.textOrNull('type') ?? line.textOrNull('object');
  return id !== null && is === type && form.test(id) && !OWN_LINE_ID.test(id);
}

const OWN_LINE_ID = /^(il|li|sli)_/;

/** The sum of a list's amounts; null when the list is absent. */
export function sumOrNull(object: Fields, name: string): number | null {
  if (!object.has(name)) return null;
  return object.hashes(name).reduce((sum, entry) => sum + entry.integer('amount'), 0);
}

/** The part of a line's taxes that its amount includes; null when the snapshot shows no taxes. */
export function inclusiveOf(line: Fields): number | null {
  const name = ['taxes', 'tax_amounts'].find((one) => line.has(one));
  if (name === undefined) return null;
  return line.hashes(name).reduce((sum, tax) => (isInclusive(tax) ? sum + tax.integer('amount') : sum), 0);
}

/** Until 2025-03-31.basil a flag, since then `tax_behavior`. */
export const isInclusive = (tax: Fields): boolean =>
  tax.flag('inclusive', tax.textOrNull('tax_behavior') === 'inclusive');

function charged(line: Fields): Omit<Charged, 'isProration' | 'subscription' | 'subscriptionItem'> {
  const period = line.hashOrNull('period');
  return {
    amountMinor: line.integer('amount'),
    currency:
      line.textOrNull('currency') ?? line.expandedOrNull('plan')?.textOrNull('currency') ?? line.text('currency'),
    quantity: line.integerOrNull('quantity'),
    quantityDecimal: line.decimalOrNull('quantity_decimal'),
    description: line.textOrNull('description'),
    ...pricing(line),
    periodStart: period?.timeOrNull('start') ?? null,
    periodEnd: period?.timeOrNull('end') ?? null,
    discounts: discountsOf(line),
  };
}

function pricing(line: Fields): Pick<Charged, 'price' | 'product' | 'unitAmountDecimal'> {
  const current = line.hashOrNull('pricing');
  const details = current?.hashOrNull('price_details') ?? null;
  if (current !== null)
    return {
      price: details?.idOrNull('price') ?? null,
      product: details?.idOrNull('product') ?? null,
      unitAmountDecimal: current.decimalOrNull('unit_amount_decimal'),
    };
  const { price, product, ...terms } = pricedBy(line);
  return {
    price,
    product,
    unitAmountDecimal: line.decimalOrNull('unit_amount_decimal', 'unit_amount') ?? terms.unitAmountDecimal,
  };
}
