/** A Stripe event that made something so, as every answer names it. */
export type Cause = Readonly<{ stripeEventId: string; type: string; created: string; apiVersion: string | null }>;

/** A paid invoice for the period that an item is in, and what of the money has gone back. Amounts in minor units of `currency`. */
export type PaidInvoice = Readonly<{
  invoice: string;
  currency: string;
  paidAt: Date | null;
  amountPaidMinor: number;
  amountRefundedMinor: number;
  /** What lost disputes took, and what others hold until they are decided. */
  amountLostMinor: number;
  amountDisputedMinor: number;
  /** When money went back last. */
  givenBackAt: Date | null;
}>;

/** What one item of a subscription is for, and to when. */
export type ItemFact = Readonly<{
  /** Null when the item names neither a product nor a price. */
  product: string | null;
  /** Null where nothing is counted, as with metered prices. */
  quantity: number | null;
  /** Its own since 2025-03-31.basil, before the subscription's. */
  periodStart: Date | null;
  periodEnd: Date | null;
  /** The end of the period that a paid invoice has renewed, and no event of the subscription has shown yet. */
  renewedUntil: Date | null;
  paid: readonly PaidInvoice[];
  /** Whether it is known that this period is paid, and that what is owed is for something else. */
  isPaid: boolean;
  /** The invoice, not paid, of the update that added the product. */
  unpaidUpgrade: string | null;
}>;

/** What access depends on of one subscription. */
export type SubscriptionFact = Readonly<{
  id: string;
  status: string;
  statusSince: Date;
  /** Id of the Stripe event from which on the status is what it is. */
  statusEvent: string;
  previousStatus: string | null;
  /** The first failure to pay what is past due. */
  pastDueSince: Date | null;
  /** When Stripe tries again to collect it; null: not any more, or not known. */
  nextPaymentAttempt: Date | null;
  /** Whether there is a way to pay; null: not known, or not needed. */
  hasPaymentMethod: boolean | null;
  items: readonly ItemFact[];
  /** False when it has more items, maybe of other products, than its last event shows. */
  hasAllItems: boolean;
  trialEnd: Date | null;
  /** What ends a trial without a way to pay: `cancel`, `create_invoice` or `pause`. */
  trialEndBehavior: string | null;
  cancelAt: Date | null;
  cancelAtPeriodEnd: boolean;
  endedAt: Date | null;
  cancellationReason: string | null;
  pauseCollection: Readonly<{ behavior: string; resumesAt: Date | null }> | null;
  /** How late it is on the test clock by which the subscription lives; null when it lives by the time of all. */
  clockTime: Date | null;
  /** Later events, of it or of what paid for it, could not be read: this is the last that is known. */
  isStale: boolean;
  changedBy: Cause;
}>;

/** An entitlement that Stripe's last summary lists; `changedBy` listed it first. */
export type EntitlementFact = Readonly<{ id: string; feature: string; lookupKey: string; changedBy: Cause }>;

/** All that access of one customer depends on. */
export type AccessFacts = Readonly<{
  customer: string;
  subscriptions: readonly SubscriptionFact[];
  /** Subscriptions that other objects of the customer name, and of which no event has been read. */
  unseenSubscriptions: readonly string[];
  entitlements: readonly EntitlementFact[];
  /** False when there are more than are known, or may be. */
  hasAllEntitlements: boolean;
  isCustomerDeleted: boolean;
}>;
