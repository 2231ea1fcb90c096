import type { AccessFacts, ItemFact, PaidInvoice, SubscriptionFact } from '../../src/access/facts.js';

const DAY_MS = 86_400_000;
/** A time in days from the start of the period in the tests' facts, 2026-01-01. */
export const day = (days: number): Date => new Date(Date.UTC(2026, 0, 1) + days * DAY_MS);

/** A paid invoice of 20.00 without refunds. */
export const paidInvoice = (fields: Partial<PaidInvoice> = {}): PaidInvoice => ({
  invoice: 'in_1',
  currency: 'eur',
  paidAt: day(0),
  amountPaidMinor: 2_000,
  amountRefundedMinor: 0,
  amountLostMinor: 0,
  amountDisputedMinor: 0,
  givenBackAt: day(4),
  ...fields,
});

/** An item of `prod_1` with a period of thirty days. */
export const item = (fields: Partial<ItemFact> = {}): ItemFact => ({
  product: 'prod_1',
  quantity: 1,
  periodStart: day(0),
  periodEnd: day(30),
  renewedUntil: null,
  paid: [],
  isPaid: false,
  unpaidUpgrade: null,
  ...fields,
});

/** An active subscription to `prod_1` with a period of thirty days. */
export const subscription = (fields: Partial<SubscriptionFact> = {}): SubscriptionFact => ({
  id: 'sub_1',
  status: 'active',
  statusSince: day(0),
  statusEvent: 'evt_status',
  previousStatus: 'incomplete',
  pastDueSince: null,
  nextPaymentAttempt: null,
  hasPaymentMethod: null,
  items: [item()],
  hasAllItems: true,
  trialEnd: null,
  trialEndBehavior: null,
  endedAt: null,
  cancelAt: null,
  cancelAtPeriodEnd: false,
  cancellationReason: null,
  pauseCollection: null,
  clockTime: null,
  isStale: false,
  changedBy: {
    stripeEventId: 'evt_last',
    type: 'customer.subscription.updated',
    created: day(0).toISOString(),
    apiVersion: null,
  },
  ...fields,
});

export const facts = (fields: Partial<AccessFacts> = {}): AccessFacts => ({
  customer: 'cus_1',
  subscriptions: [],
  unseenSubscriptions: [],
  entitlements: [],
  hasAllEntitlements: true,
  isCustomerDeleted: false,
  ...fields,
});
