/** The objects that can be listed and read, as data (docs.stripe.com/api). */
export type Listed = Readonly<{
  object: string;
  path: string;
  /** The permission that a restricted key needs. */
  right: string;
  hasCreated: boolean;
  /** Filters that compare a field of the object with the given value. */
  equal?: readonly string[];
  /** The first API version that has it. */
  since?: string;
}>;

const listed = (object: string, path: string, right: string, more: Partial<Listed> = {}): Listed => ({
  object,
  path: `/v1/${path}`,
  right,
  hasCreated: true,
  ...more,
});

export const LISTED: readonly Listed[] = [
  listed('product', 'products', 'rak_product_read', { equal: ['active'] }),
  listed('price', 'prices', 'rak_plan_read', { equal: ['active', 'product', 'currency'] }),
  listed('plan', 'plans', 'rak_plan_read', { equal: ['active', 'product'] }),
  listed('coupon', 'coupons', 'rak_coupon_read'),
  listed('promotion_code', 'promotion_codes', 'rak_promotion_code_read'),
  listed('tax_rate', 'tax_rates', 'rak_tax_rate_read'),
  listed('customer', 'customers', 'rak_customer_read', { equal: ['email', 'test_clock'] }),
  listed('subscription', 'subscriptions', 'rak_subscription_read', { equal: ['customer', 'test_clock'] }),
  listed('subscription_schedule', 'subscription_schedules', 'rak_subscription_read', { equal: ['customer'] }),
  listed('invoice', 'invoices', 'rak_invoice_read', { equal: ['customer', 'subscription', 'status'] }),
  listed('invoiceitem', 'invoiceitems', 'rak_invoice_read', { equal: ['customer', 'invoice'] }),
  listed('invoice_payment', 'invoice_payments', 'rak_invoice_read', { equal: ['invoice'], since: '2025-03-31' }),
  listed('payment_intent', 'payment_intents', 'rak_payment_intent_read', { equal: ['customer'] }),
  listed('charge', 'charges', 'rak_charge_read', { equal: ['customer', 'payment_intent'] }),
  listed('refund', 'refunds', 'rak_charge_read', { equal: ['charge', 'payment_intent'] }),
  listed('dispute', 'disputes', 'rak_dispute_read', { equal: ['charge', 'payment_intent'] }),
  listed('credit_note', 'credit_notes', 'rak_credit_note_read', { equal: ['customer', 'invoice'] }),
  listed('balance_transaction', 'balance_transactions', 'rak_balance_transaction_source_read', {
    equal: ['currency', 'source', 'type'],
  }),
  listed('payout', 'payouts', 'rak_payout_read', { equal: ['status'] }),
  listed('checkout.session', 'checkout/sessions', 'rak_checkout_session_read', {
    equal: ['customer', 'subscription', 'status'],
  }),
  listed('setup_intent', 'setup_intents', 'rak_setup_intent_read', { equal: ['customer'] }),
  listed('quote', 'quotes', 'rak_quote_read', { hasCreated: false, equal: ['customer', 'status', 'test_clock'] }),
  listed('payment_method', 'payment_methods', 'rak_payment_method_read', { hasCreated: false, equal: ['customer'] }),
  listed('test_helpers.test_clock', 'test_helpers/test_clocks', 'rak_billing_clock_read', { hasCreated: false }),
];

/** Objects of a test clock are listed only when one of these filters is given. */
export const HIDDEN_BY_CLOCK: Readonly<Record<string, readonly string[]>> = {
  customer: ['test_clock'],
  subscription: ['test_clock', 'customer'],
  subscription_schedule: ['customer'],
  quote: ['test_clock'],
};
