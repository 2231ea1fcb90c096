/** A Stripe event that made something so, as every answer names it. */
export type Cause = Readonly<{ stripeEventId: string; type: string; created: string; apiVersion: string | null }>;

/** What one item of a subscription is for, and to when. */
export type ItemFact = Readonly<{
  /** Null when the item names neither a product nor a price. */
  product: string | null;
  /** Null where nothing is counted, as with metered prices. */
  quantity: number | null;
  /** Its own since 2025-03-31.basil, before the subscription's. */
  periodEnd: Date | null;
}>;

/** What access depends on of one subscription. */
export type SubscriptionFact = Readonly<{
  id: string;
  status: string;
  statusSince: Date;
  /** Id of the Stripe event from which on the status is what it is. */
  statusEvent: string;
  previousStatus: string | null;
  items: readonly ItemFact[];
  /** False when it has more items, maybe of other products, than its last event shows. */
  hasAllItems: boolean;
  trialEnd: Date | null;
  cancelAt: Date | null;
  cancelAtPeriodEnd: boolean;
  cancellationReason: string | null;
  pauseCollection: Readonly<{ behavior: string; resumesAt: Date | null }> | null;
  /** Later events could not be read: this is the last that is known. */
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
