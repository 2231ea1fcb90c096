/** The Stripe event behind a fact, as answers name it. */
export type Cause = Readonly<{ stripeEventId: string; type: string; created: string; apiVersion: string | null }>;

/**
 * A paid invoice for an item's current period, and how much of the money was returned. Amounts in minor units of
 * `currency`.
 */
export type PaidInvoice = Readonly<{
  invoice: string;
  currency: string;
  paidAt: Date | null;
  amountPaidMinor: number;
  amountRefundedMinor: number;
  /** The amount lost in disputes; `amountDisputedMinor` is the amount held by open disputes. */
  amountLostMinor: number;
  amountDisputedMinor: number;
  /** When money was last returned. */
  givenBackAt: Date | null;
}>;

/** The product and period of one item of a subscription. */
export type ItemFact = Readonly<{
  /** Null when the item names neither a product nor a price. */
  product: string | null;
  /** Null when nothing is counted, as with metered prices. */
  quantity: number | null;
  /** The item's own period since 2025-03-31.basil; before, the subscription's. */
  periodStart: Date | null;
  periodEnd: Date | null;
  /** The end of a period that a paid invoice has renewed before the subscription's own event. */
  renewedUntil: Date | null;
  paid: readonly PaidInvoice[];
  /** Whether this period is known to be paid, so that a debt is for something else. */
  isPaid: boolean;
  /** The unpaid invoice of the update that added the product. */
  unpaidUpgrade: string | null;
}>;

/** The facts of one subscription that access depends on. */
export type SubscriptionFact = Readonly<{
  id: string;
  status: string;
  statusSince: Date;
  /** The id of the Stripe event that set the status. */
  statusEvent: string;
  previousStatus: string | null;
  /** The first failed payment of the past-due amount. */
  pastDueSince: Date | null;
  /** When Stripe tries the next collection; null: never again, or unknown. */
  nextPaymentAttempt: Date | null;
  /** Whether there is a payment method; null: unknown, or not needed. */
  hasPaymentMethod: boolean | null;
  items: readonly ItemFact[];
  /** False when it has more items, perhaps of other products, than its last event shows. */
  hasAllItems: boolean;
  trialEnd: Date | null;
  /** What happens at the end of a trial without a payment method: `cancel`, `create_invoice` or `pause`. */
  trialEndBehavior: string | null;
  cancelAt: Date | null;
  cancelAtPeriodEnd: boolean;
  endedAt: Date | null;
  cancellationReason: string | null;
  pauseCollection: Readonly<{ behavior: string; resumesAt: Date | null }> | null;
  /** The time of the subscription's test clock; null without one. */
  clockTime: Date | null;
  /** Whether later events of it or of its payments could not be read, so that these facts may be old. */
  isStale: boolean;
  changedBy: Cause;
}>;

/** An entitlement in Stripe's last summary; `changedBy` is the event that first listed it. */
export type EntitlementFact = Readonly<{ id: string; feature: string; lookupKey: string; changedBy: Cause }>;

/** All facts that one customer's access depends on. */
export type AccessFacts = Readonly<{
  customer: string;
  subscriptions: readonly SubscriptionFact[];
  /** Subscriptions that other objects of the customer name, but that have no events. */
  unseenSubscriptions: readonly string[];
  entitlements: readonly EntitlementFact[];
  /** False when there are, or may be, more than the known ones. */
  hasAllEntitlements: boolean;
  isCustomerDeleted: boolean;
}>;
