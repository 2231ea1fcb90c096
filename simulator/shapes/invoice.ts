import type Stripe from 'stripe';
import { isBasilOrLater } from '../api-version.js';
import { amountDueMinor, discountMinor, inclusiveTaxMinor, subtotalMinor, taxMinor, totalMinor } from '../amounts.js';
import type { Invoice, InvoiceLine, InvoicePayment } from '../books.js';
import type { JsonObject, Shape, StripeObject } from '../json.js';
import { discountShape } from './discount.js';
import { decimal, planShape, priceShape } from './price.js';
import { listShape, NO_ADDRESS, nulls, type View } from './view.js';

/** Fields of the `stripe` package's type that are newer than the versions rendered here. */
type NewerFields = 'customer_account';

export function invoiceShape(view: View, invoice: Invoice): StripeObject {
  const common = commonFields(view, invoice);
  return isBasilOrLater(view.apiVersion)
    ? ({ ...common, ...sinceBasil(invoice) } satisfies Omit<Shape<Stripe.Invoice>, NewerFields> & StripeObject)
    : { ...common, ...beforeBasil(view, invoice) };
}

function commonFields(view: View, invoice: Invoice) {
  const { customer } = invoice;
  return {
    id: invoice.id,
    object: 'invoice',
    account_country: view.account.country,
    account_name: view.account.name,
    account_tax_ids: null,
    ...amounts(view, invoice),
    application: null,
    attempt_count: invoice.attemptCount,
    attempted: invoice.attemptCount > 0 || invoice.status === 'paid',
    auto_advance: invoice.autoAdvance,
    automatic_tax: isBasilOrLater(view.apiVersion)
      ? { disabled_reason: null, enabled: false, liability: null, provider: null, status: null }
      : { enabled: false, status: null },
    billing_reason: invoice.reason,
    collection_method: invoice.dueAt === null ? 'charge_automatically' : 'send_invoice',
    created: invoice.createdAt,
    currency: invoice.currency,
    custom_fields: null,
    customer: customer.id,
    customer_address: { ...NO_ADDRESS, country: customer.country },
    customer_email: customer.email,
    customer_name: customer.name,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    ...nulls('default_payment_method', 'default_source', 'description'),
    default_tax_rates: [],
    discounts: invoice.discount === null ? [] : [invoice.discount.id],
    due_date: invoice.dueAt,
    effective_at: invoice.finalizedAt,
    ending_balance: invoice.endingBalanceMinor,
    ...nulls('footer', 'from_invoice', 'last_finalization_error', 'latest_revision', 'on_behalf_of', 'receipt_number'),
    ...hostedPages(view, invoice),
    issuer: { type: 'self' },
    lines: listShape(
      invoice.lines.map((line) => lineShape(view, invoice, line)),
      `/v1/invoices/${invoice.id}/lines`,
      true,
    ),
    livemode: view.account.livemode,
    metadata: {},
    next_payment_attempt: invoice.nextAttemptAt,
    number: invoice.number,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: invoice.periodEnd,
    period_start: invoice.periodStart,
    post_payment_credit_notes_amount: invoice.postCreditMinor,
    pre_payment_credit_notes_amount: invoice.preCreditMinor,
    ...nulls('rendering', 'shipping_cost', 'shipping_details', 'statement_descriptor'),
    test_clock: view.clock?.id ?? null,
    starting_balance: invoice.startingBalanceMinor,
    status: invoice.status,
    status_transitions: {
      finalized_at: invoice.finalizedAt,
      marked_uncollectible_at: invoice.uncollectibleAt,
      paid_at: invoice.paidAt,
      voided_at: invoice.voidedAt,
    },
    webhooks_delivered_at:
      invoice.reason === 'subscription_cycle' && invoice.finalizedAt !== null ? invoice.createdAt : null,
  } satisfies JsonObject;
}

function amounts(view: View, invoice: Invoice) {
  const due = amountDueMinor(invoice);
  // Before basil, amounts paid outside Stripe left the invoice paid but were not counted in `amount_paid`.
  const isPaidHere = invoice.status === 'paid' && (isBasilOrLater(view.apiVersion) || !invoice.paidOutside);
  const paid = isPaidHere ? due : invoice.status === 'paid' ? 0 : invoice.partPaidMinor;
  return {
    amount_due: due,
    amount_paid: paid,
    amount_remaining: due - paid,
    amount_shipping: 0,
    subtotal: subtotalMinor(invoice),
    subtotal_excluding_tax: subtotalMinor(invoice) - inclusiveTaxMinor(invoice),
    total: totalMinor(invoice),
    total_discount_amounts: discountAmounts(invoice, discountMinor(invoice)),
    total_excluding_tax: totalMinor(invoice) - taxMinor(invoice),
  };
}

function discountAmounts({ discount }: Invoice, amountMinor: number): JsonObject[] {
  return discount === null ? [] : [{ amount: amountMinor, discount: discount.id }];
}

function hostedPages(view: View, invoice: Invoice) {
  if (invoice.finalizedAt === null) return { hosted_invoice_url: null, invoice_pdf: null };
  const mode = view.account.livemode ? 'live' : 'test';
  const path = `${view.account.id}/${mode}_${invoice.hostedToken}`;
  return {
    hosted_invoice_url: `https://invoice.stripe.com/i/${path}?s=ap`,
    invoice_pdf: `https://pay.stripe.com/invoice/${path}/pdf?s=ap`,
  };
}

const isTaxed = ({ lines }: Invoice): boolean => lines.some(({ tax }) => tax !== null);

/** All lines of one customer have the same tax rate. */
const taxedAmount = (lines: readonly InvoiceLine[]) => ({
  minor: taxMinor({ lines }),
  taxableMinor:
    lines.reduce((sum, line) => sum + line.amountMinor - line.discountMinor, 0) - inclusiveTaxMinor({ lines }),
  isInclusive: lines[0]?.tax?.isInclusive === true,
  rate: `txr_simulated${lines[0]?.tax?.percentage ?? 0}`,
});

function taxAmounts(lines: readonly InvoiceLine[]): JsonObject[] {
  const { minor, taxableMinor, isInclusive, rate } = taxedAmount(lines);
  const reason = { taxability_reason: 'standard_rated', taxable_amount: taxableMinor };
  return [{ amount: minor, inclusive: isInclusive, tax_rate: rate, ...reason }];
}

function taxesOf(lines: readonly InvoiceLine[]): JsonObject[] {
  const { minor, taxableMinor, isInclusive, rate } = taxedAmount(lines);
  return [
    {
      amount: minor,
      tax_behavior: isInclusive ? 'inclusive' : 'exclusive',
      tax_rate_details: { tax_rate: rate },
      taxability_reason: 'standard_rated',
      taxable_amount: taxableMinor,
      type: 'tax_rate_details',
    },
  ];
}

function beforeBasil(view: View, invoice: Invoice) {
  return {
    application_fee_amount: null,
    charge: invoice.charge,
    discount: invoice.discount === null ? null : discountShape(view, invoice.discount),
    paid: invoice.status === 'paid',
    paid_out_of_band: invoice.paidOutside,
    payment_intent: invoice.intent,
    quote: null,
    subscription: invoice.subscription,
    tax: isTaxed(invoice) ? taxMinor(invoice) : null,
    total_tax_amounts: isTaxed(invoice) ? taxAmounts(invoice.lines) : [],
    transfer_data: null,
  };
}

function sinceBasil(invoice: Invoice) {
  return {
    amount_overpaid: invoice.overpaidMinor,
    automatically_finalizes_at: invoice.status === 'draft' ? invoice.nextAttemptAt : null,
    parent:
      invoice.subscription === null
        ? null
        : {
            quote_details: null,
            subscription_details: { metadata: {}, subscription: invoice.subscription },
            type: 'subscription_details',
          },
    total_pretax_credit_amounts: [],
    total_taxes: isTaxed(invoice) ? taxesOf(invoice.lines) : [],
  };
}

function lineShape(view: View, invoice: Invoice, line: InvoiceLine): JsonObject {
  const common = {
    id: line.id,
    object: 'line_item',
    amount: line.amountMinor,
    currency: invoice.currency,
    description: line.description,
    discount_amounts: discountAmounts(invoice, line.discountMinor),
    discountable: !line.proration,
    discounts: invoice.discount === null ? [] : [invoice.discount.id],
    livemode: view.account.livemode,
    metadata: {},
    period: { end: line.periodEnd, start: line.periodStart },
    quantity: line.quantity,
  };
  return isBasilOrLater(view.apiVersion)
    ? ({ ...common, ...lineSinceBasil(invoice, line) } satisfies Shape<Stripe.InvoiceLineItem>)
    : { ...common, ...lineBeforeBasil(view, invoice, line) };
}

function lineBeforeBasil(view: View, invoice: Invoice, line: InvoiceLine): JsonObject {
  return {
    ...(line.invoiceItem === null ? {} : { invoice_item: line.invoiceItem }),
    plan: line.item && planShape(view, line.item.price),
    price: line.item && priceShape(view, line.item.price),
    proration: line.proration,
    proration_details: { credited_items: null },
    subscription: invoice.subscription,
    ...(line.item === null ? {} : { subscription_item: line.item.id }),
    tax_amounts: line.tax === null ? [] : taxAmounts([line]),
    tax_rates: [],
    type: line.proration || line.item === null ? 'invoiceitem' : 'subscription',
  };
}

function lineSinceBasil(invoice: Invoice, line: InvoiceLine) {
  const { item } = line;
  const details = {
    invoice_item: line.invoiceItem,
    proration: line.proration,
    proration_details: { credited_items: null },
    subscription: invoice.subscription,
  };
  return {
    invoice: invoice.id,
    parent:
      item === null
        ? { invoice_item_details: details, subscription_item_details: null, type: 'invoice_item_details' }
        : {
            invoice_item_details: null,
            subscription_item_details: { ...details, subscription_item: item.id },
            type: 'subscription_item_details',
          },
    pretax_credit_amounts: [],
    pricing: item && {
      price_details: { price: item.price.id, product: item.price.product },
      type: 'price_details',
      unit_amount_decimal: decimal(item.price.unitAmountMinor),
    },
    quantity_decimal: String(line.quantity),
    subscription: invoice.subscription,
    subtotal: line.amountMinor,
    taxes: line.tax === null ? [] : taxesOf([line]),
  };
}

export function invoicePaymentShape(view: View, payment: InvoicePayment): StripeObject {
  return {
    id: payment.id,
    object: 'invoice_payment',
    amount_paid: payment.amountMinor,
    amount_requested: payment.amountMinor,
    created: payment.createdAt,
    currency: payment.currency,
    invoice: payment.invoice,
    is_default: true,
    livemode: view.account.livemode,
    payment: { payment_intent: payment.intent, type: 'payment_intent' },
    status: payment.canceledAt === null ? 'paid' : 'canceled',
    status_transitions: { canceled_at: payment.canceledAt, paid_at: payment.paidAt },
  } satisfies Shape<Stripe.InvoicePayment> & StripeObject;
}
