import type Stripe from 'stripe';
import { amountDueMinor } from '../amounts.js';
import type { Customer, Invoice, Subscription } from '../books.js';
import type { Shape, StripeObject } from '../json.js';
import { NO_ADDRESS, nulls, type View } from './view.js';

export function customerShape(view: View, customer: Customer): StripeObject {
  return {
    id: customer.id,
    object: 'customer',
    address: { ...NO_ADDRESS, country: customer.country },
    balance: customer.balanceMinor,
    created: customer.createdAt,
    currency: customer.currency,
    default_source: null,
    delinquent: customer.delinquent,
    description: null,
    discount: null,
    email: customer.email,
    invoice_prefix: customer.invoicePrefix,
    invoice_settings: {
      custom_fields: null,
      default_payment_method: customer.defaultPaymentMethod,
      footer: null,
      rendering_options: null,
    },
    livemode: view.account.livemode,
    metadata: {},
    name: customer.name,
    next_invoice_sequence: customer.nextInvoiceSequence,
    phone: null,
    preferred_locales: ['en-US'],
    shipping: null,
    tax_exempt: 'none',
    test_clock: view.clock?.id ?? null,
  } satisfies Shape<Stripe.Customer> & StripeObject;
}

export interface CheckoutSession {
  readonly id: string;
  readonly customer: Customer;
  readonly subscription: Subscription;
  readonly invoice: Invoice;
  readonly createdAt: number;
}

/** A completed and paid Checkout session in subscription mode. */
export function checkoutSessionShape(view: View, session: CheckoutSession): StripeObject {
  const { customer, invoice } = session;
  const amount = amountDueMinor(invoice);
  return {
    id: session.id,
    object: 'checkout.session',
    after_expiration: null,
    allow_promotion_codes: false,
    amount_subtotal: amount,
    amount_total: amount,
    automatic_tax: { enabled: false, status: null },
    billing_address_collection: 'auto',
    cancel_url: 'https://nimbus.example/pricing',
    client_reference_id: null,
    created: session.createdAt,
    currency: invoice.currency,
    custom_fields: [],
    customer: customer.id,
    customer_creation: 'always',
    customer_details: {
      address: { ...NO_ADDRESS, country: customer.country },
      email: customer.email,
      name: customer.name,
      phone: null,
      tax_exempt: 'none',
      tax_ids: [],
    },
    expires_at: session.createdAt + 24 * 3600,
    invoice: invoice.id,
    livemode: view.account.livemode,
    locale: 'auto',
    metadata: {},
    mode: 'subscription',
    ...nulls(
      'payment_intent',
      'payment_link',
      'recovered_from',
      'setup_intent',
      'shipping_cost',
      'shipping_details',
      'url',
    ),
    payment_method_collection: 'always',
    payment_method_options: {},
    payment_method_types: ['card'],
    payment_status: 'paid',
    phone_number_collection: { enabled: false },
    status: 'complete',
    submit_type: 'auto',
    subscription: session.subscription.id,
    success_url: 'https://nimbus.example/welcome',
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted',
  };
}
