import type { JsonObject } from '../../src/events/json.js';

export const before = '2020-08-27';
export const basil = '2025-03-31.basil';
export const subscriptionParent = {
  type: 'subscription_details',
  quote_details: null,
  subscription_details: { subscription: 'sub_1', metadata: {} },
};

/** Event types, their objects before and since 2025-03-31.basil, and the stream of both. */
export const routingTable: readonly (readonly [
  types: string,
  object: { before: JsonObject; basil: JsonObject },
  stream: string,
])[] = [
  [
    'customer.subscription.created .updated .deleted .paused .resumed .trial_will_end .pending_update_applied .pending_update_expired',
    same('subscription', 'sub_1', { customer: 'cus_1' }),
    'subscription-sub_1',
  ],
  [
    'invoice.created .finalized .finalization_failed .updated .sent .paid .payment_succeeded .payment_failed .payment_action_required .voided .marked_uncollectible .deleted .overdue .will_be_due .overpaid .payment_attempt_required',
    {
      before: { id: 'in_1', object: 'invoice', subscription: 'sub_1' },
      basil: { id: 'in_1', object: 'invoice', parent: subscriptionParent },
    },
    'subscription-sub_1',
  ],
  [
    'invoice.upcoming',
    {
      before: { object: 'invoice', subscription: 'sub_1', customer: 'cus_1' },
      basil: { object: 'invoice', parent: subscriptionParent, customer: 'cus_1' },
    },
    'subscription-sub_1',
  ],
  [
    'invoiceitem.created .updated .deleted',
    {
      before: { id: 'ii_1', object: 'invoiceitem', subscription: 'sub_1' },
      basil: { id: 'ii_1', object: 'invoiceitem', parent: subscriptionParent },
    },
    'subscription-sub_1',
  ],
  ['invoice_payment.paid', same('invoice_payment', 'inpay_1', { invoice: 'in_1' }), 'invoice_payment-inpay_1'],
  [
    'charge.succeeded .failed .pending .captured .updated .expired .refunded',
    {
      before: { id: 'ch_1', object: 'charge', invoice: 'in_1', customer: 'cus_1' },
      basil: { id: 'ch_1', object: 'charge', customer: 'cus_1' },
    },
    'charge-ch_1',
  ],
  [
    'payment_intent.created .processing .requires_action .amount_capturable_updated .partially_funded .payment_failed .canceled .succeeded',
    {
      before: { id: 'pi_1', object: 'payment_intent', invoice: 'in_1' },
      basil: { id: 'pi_1', object: 'payment_intent' },
    },
    'payment_intent-pi_1',
  ],
  ['refund.created .updated .failed', same('refund', 're_1', { charge: 'ch_1' }), 'refund-re_1'],
  ['charge.refund.updated', same('refund', 're_1', { charge: 'ch_1' }), 'refund-re_1'],
  [
    'charge.dispute.created .updated .funds_withdrawn .funds_reinstated .closed',
    same('dispute', 'du_1', { charge: 'ch_1' }),
    'dispute-du_1',
  ],
  [
    'radar.early_fraud_warning.created .updated',
    same('radar.early_fraud_warning', 'issfr_1', { charge: 'ch_1' }),
    'radar.early_fraud_warning-issfr_1',
  ],
  ['review.opened .closed', same('review', 'prv_1', { charge: 'ch_1' }), 'review-prv_1'],
  ['credit_note.created .updated .voided', same('credit_note', 'cn_1', { invoice: 'in_1' }), 'credit_note-cn_1'],
  [
    'checkout.session.completed .async_payment_succeeded .async_payment_failed .expired',
    same('checkout.session', 'cs_test_1', { subscription: 'sub_1', mode: 'subscription' }),
    'checkout.session-cs_test_1',
  ],
  [
    'subscription_schedule.created .updated .completed .released .canceled .aborted .expiring',
    same('subscription_schedule', 'sub_sched_1', { subscription: 'sub_1' }),
    'subscription_schedule-sub_sched_1',
  ],
  ['quote.created .finalized .accepted .canceled', same('quote', 'qt_1', { subscription: 'sub_1' }), 'quote-qt_1'],
  ['customer.created .updated .deleted', same('customer', 'cus_1', {}), 'customer-cus_1'],
  ['customer.tax_id.created .updated .deleted', same('tax_id', 'txi_1', { customer: 'cus_1' }), 'tax_id-txi_1'],
  ['customer.source.created .updated .deleted .expiring', same('card', 'card_1', { customer: 'cus_1' }), 'card-card_1'],
  [
    'payment_method.attached .detached .updated .automatically_updated',
    same('payment_method', 'pm_1', { customer: 'cus_1' }),
    'payment_method-pm_1',
  ],
  [
    'setup_intent.created .succeeded .setup_failed .requires_action .canceled',
    same('setup_intent', 'seti_1', { customer: 'cus_1' }),
    'setup_intent-seti_1',
  ],
  ['mandate.updated', same('mandate', 'mandate_1', {}), 'mandate-mandate_1'],
  [
    'customer.discount.created .updated .deleted',
    {
      before: { object: 'discount', customer: 'cus_1', subscription: 'sub_1' },
      basil: { object: 'discount', customer: { id: 'cus_1', object: 'customer' } },
    },
    'customer-cus_1',
  ],
  [
    'customer.discount.created .updated .deleted',
    same('discount', 'di_1', { customer: 'cus_1', subscription: 'sub_1' }),
    'discount-di_1',
  ],
  [
    'entitlements.active_entitlement_summary.updated',
    {
      before: { object: 'entitlements.active_entitlement_summary', customer: 'cus_1' },
      basil: { object: 'entitlements.active_entitlement_summary', customer: 'cus_1' },
    },
    'customer-cus_1',
  ],
  [
    'billing.alert.triggered',
    {
      before: { object: 'billing.alert_triggered', customer: 'cus_1' },
      basil: { object: 'billing.alert_triggered', customer: 'cus_1' },
    },
    'customer-cus_1',
  ],
  [
    'billing.credit_grant.created .updated',
    same('billing.credit_grant', 'credgr_1', { customer: 'cus_1' }),
    'billing.credit_grant-credgr_1',
  ],
  [
    'billing.credit_balance_transaction.created',
    same('billing.credit_balance_transaction', 'cbtxn_1', {}),
    'billing.credit_balance_transaction-cbtxn_1',
  ],
  [
    'billing.meter.created .updated .deactivated .reactivated',
    same('billing.meter', 'mtr_1', {}),
    'billing.meter-mtr_1',
  ],
  [
    'customer_cash_balance_transaction.created',
    same('customer_cash_balance_transaction', 'ccsbtxn_1', { customer: 'cus_1' }),
    'customer_cash_balance_transaction-ccsbtxn_1',
  ],
  [
    'test_helpers.test_clock.advancing .ready .created .deleted .internal_failure',
    same('test_helpers.test_clock', 'clock_1', {}),
    'test_helpers.test_clock-clock_1',
  ],
  ['price.created .updated .deleted', same('price', 'price_1', {}), 'price-price_1'],
  ['price.created', same('price', 'gold', {}), 'price-own-test-gold'],
  ['plan.created .updated .deleted', same('plan', 'gold', {}), 'plan-own-test-gold'],
  ['product.created .updated .deleted', same('product', 'prod_1', {}), 'product-own-test-prod_1'],
  ['coupon.created .updated .deleted', same('coupon', '25% OFF', {}), 'coupon-own-test-25% OFF'],
  ['promotion_code.created .updated', same('promotion_code', 'promo_1', {}), 'promotion_code-own-test-promo_1'],
  ['tax_rate.created .updated', same('tax_rate', 'txr_1', {}), 'tax_rate-txr_1'],
  ['payout.created .updated .paid .failed .canceled', same('payout', 'po_1', {}), 'payout-po_1'],
  ['balance.available', { before: { object: 'balance' }, basil: { object: 'balance' } }, 'account-own'],
];

function same(object: string, id: string, rest: JsonObject): { before: JsonObject; basil: JsonObject } {
  return { before: { id, object, ...rest }, basil: { id, object, ...rest } };
}
