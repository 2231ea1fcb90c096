/** The types whose objects the ledger reads, by prefix. Stripe accepts no wildcard but `*` for all. */
const READ: Readonly<Record<string, string>> = {
  charge: 'captured expired failed pending refunded succeeded updated',
  'charge.dispute': 'closed created funds_reinstated funds_withdrawn updated',
  'charge.refund': 'updated',
  'checkout.session': 'async_payment_failed async_payment_succeeded completed expired',
  coupon: 'created deleted updated',
  credit_note: 'created updated voided',
  customer: 'created deleted updated',
  'customer.discount': 'created deleted updated',
  'customer.subscription':
    'created deleted paused pending_update_applied pending_update_expired resumed trial_will_end updated',
  'entitlements.active_entitlement_summary': 'updated',
  invoice:
    'created deleted finalization_failed finalized marked_uncollectible overdue overpaid paid payment_action_required payment_attempt_required payment_failed payment_succeeded sent upcoming updated voided will_be_due',
  invoice_payment: 'paid',
  invoiceitem: 'created deleted',
  payment_intent:
    'amount_capturable_updated canceled created partially_funded payment_failed processing requires_action succeeded',
  payment_method: 'attached automatically_updated detached updated',
  payout: 'canceled created failed paid reconciliation_completed updated',
  plan: 'created deleted updated',
  price: 'created deleted updated',
  product: 'created deleted updated',
  promotion_code: 'created updated',
  refund: 'created failed updated',
  setup_intent: 'canceled created requires_action setup_failed succeeded',
  subscription_schedule: 'aborted canceled completed created expiring released updated',
  'test_helpers.test_clock': 'advancing created deleted internal_failure ready',
};

/** The event types that an endpoint of the ledger must receive. */
export const NEEDED_TYPES: readonly string[] = Object.entries(READ).flatMap(([beginning, ends]) =>
  ends.split(' ').map((end) => `${beginning}.${end}`),
);
