import type { Interval, Seconds } from './calendar.js';

/**
 * The simulator's own books: the true state of Stripe's objects, independent of any API version. Objects are replaced,
 * never changed.
 */

export interface Price {
  readonly id: string;
  readonly product: string;
  readonly productName: string;
  readonly currency: string;
  /** Metered prices are billed in arrears by usage. */
  readonly usage: 'licensed' | 'metered';
  /** Null when the price is tiered. */
  readonly unitAmountMinor: number | null;
  readonly tiers: readonly Tier[];
  /**
   * Graduated: each unit costs the price of its own tier. Volume: all units cost the price of the last unit's tier.
   * Null when the price is not tiered.
   */
  readonly tiersMode: 'graduated' | 'volume' | null;
  readonly interval: Interval;
  readonly createdAt: Seconds;
}

export interface Tier {
  /** The last unit of the tier; null when it is unbounded. */
  readonly upTo: number | null;
  readonly unitAmountMinor: number;
  /** Charged once when the quantity reaches the tier. */
  readonly flatAmountMinor: number;
}

/** A test clock, which runs a customer's time faster: `speed` of its seconds per real second. */
export interface TestClock {
  readonly id: string;
  /** The clock's own time at its creation, and the real time. */
  readonly startsAt: Seconds;
  readonly createdAt: Seconds;
  readonly speed: number;
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly country: string;
  /** Fixed by Stripe with the first invoice. */
  readonly currency: string | null;
  readonly invoicePrefix: string;
  readonly nextInvoiceSequence: number;
  readonly defaultPaymentMethod: string | null;
  readonly delinquent: boolean;
  /** Below zero: credit for the next invoice. */
  readonly balanceMinor: number;
  readonly createdAt: Seconds;
}

export interface PaymentMethod {
  readonly id: string;
  readonly brand: 'visa' | 'mastercard' | 'amex';
  readonly last4: string;
  readonly fingerprint: string;
  readonly expiresYear: number;
  readonly expiresMonth: number;
  readonly createdAt: Seconds;
}

export type SubscriptionStatus =
  'incomplete' | 'incomplete_expired' | 'trialing' | 'active' | 'past_due' | 'unpaid' | 'canceled' | 'paused';

export interface SubscriptionItem {
  readonly id: string;
  readonly price: Price;
  /** Null when the price is metered. */
  readonly quantity: number | null;
  readonly createdAt: Seconds;
}

export interface Coupon {
  readonly id: string;
  readonly name: string;
  /** One of the two: a percentage of every amount, or a fixed amount in one currency off an invoice. */
  readonly percentOff: number | null;
  readonly amountOff: { readonly currency: string; readonly minor: number } | null;
  readonly duration: 'once' | 'repeating' | 'forever';
  /** The duration in months of a repeating coupon. */
  readonly months: number | null;
  readonly createdAt: Seconds;
}

export interface Discount {
  readonly id: string;
  readonly coupon: Coupon;
  readonly customer: string;
  readonly subscription: string;
  readonly startAt: Seconds;
  readonly endAt: Seconds | null;
}

export interface SchedulePhase {
  readonly startAt: Seconds;
  readonly endAt: Seconds;
  readonly items: readonly SubscriptionItem[];
}

/** The planned phases of a subscription. When the schedule is released, the subscription stays as it is. */
export interface Schedule {
  readonly id: string;
  readonly customer: string;
  readonly subscription: string;
  readonly status: 'active' | 'released' | 'completed' | 'canceled';
  /** The fate of the subscription after the last phase. */
  readonly endBehavior: 'release' | 'cancel';
  readonly phases: readonly [SchedulePhase, SchedulePhase];
  /** The index of the current phase. */
  readonly current: 0 | 1;
  readonly createdAt: Seconds;
  readonly endedAt: Seconds | null;
}

export interface PauseCollection {
  readonly behavior: 'keep_as_draft' | 'mark_uncollectible' | 'void';
  readonly resumes_at: Seconds | null;
}

export interface Subscription {
  readonly id: string;
  readonly customer: string;
  readonly currency: string;
  readonly status: SubscriptionStatus;
  readonly items: readonly SubscriptionItem[];
  readonly createdAt: Seconds;
  readonly anchorAt: Seconds;
  readonly periodStart: Seconds;
  readonly periodEnd: Seconds;
  readonly trialStart: Seconds | null;
  readonly trialEnd: Seconds | null;
  readonly cancelAt: Seconds | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly canceledAt: Seconds | null;
  readonly endedAt: Seconds | null;
  readonly cancellationReason: 'cancellation_requested' | 'payment_failed' | null;
  readonly pauseCollection: PauseCollection | null;
  readonly discount: Discount | null;
  readonly schedule: string | null;
  readonly latestInvoice: string | null;
  readonly defaultPaymentMethod: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface InvoiceLine {
  readonly id: string;
  /** Null on one-off invoices. */
  readonly item: SubscriptionItem | null;
  /** The pending invoice item that this line was before. */
  readonly invoiceItem: string | null;
  readonly quantity: number;
  readonly amountMinor: number;
  /** The discount on the line when it is invoiced. */
  readonly discountMinor: number;
  /** The tax included in the amount, or added to it. */
  readonly tax: Readonly<{ minor: number; isInclusive: boolean; percentage: number }> | null;
  readonly description: string;
  readonly proration: boolean;
  readonly periodStart: Seconds;
  readonly periodEnd: Seconds;
}

export type BillingReason = 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'manual';

export interface Invoice {
  readonly id: string;
  readonly number: string | null;
  /** Null on one-off invoices. */
  readonly subscription: string | null;
  readonly customer: Customer;
  readonly currency: string;
  readonly reason: BillingReason;
  readonly discount: Discount | null;
  /** The due date of an invoice that is sent; null when a card is charged. */
  readonly dueAt: Seconds | null;
  readonly status: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible';
  readonly lines: readonly InvoiceLine[];
  readonly periodStart: Seconds;
  readonly periodEnd: Seconds;
  readonly createdAt: Seconds;
  readonly finalizedAt: Seconds | null;
  readonly paidAt: Seconds | null;
  readonly voidedAt: Seconds | null;
  readonly uncollectibleAt: Seconds | null;
  /** The customer's balance before and after the invoice was finalised. */
  readonly startingBalanceMinor: number;
  readonly endingBalanceMinor: number | null;
  /** Credit notes issued before and after the payment. */
  readonly preCreditMinor: number;
  readonly postCreditMinor: number;
  readonly paidOutside: boolean;
  /** What was paid on an open invoice, and what was paid beyond the amount due of a paid one. */
  readonly partPaidMinor: number;
  readonly overpaidMinor: number;
  readonly attemptCount: number;
  readonly nextAttemptAt: Seconds | null;
  readonly autoAdvance: boolean;
  readonly intent: string | null;
  readonly charge: string | null;
  /** The last part of the hosted page's URL. */
  readonly hostedToken: string;
}

export interface Intent {
  readonly id: string;
  readonly invoice: string;
  readonly customer: Customer;
  readonly amountMinor: number;
  readonly currency: string;
  readonly description: string;
  readonly status: 'requires_payment_method' | 'processing' | 'succeeded' | 'canceled';
  readonly latestCharge: Charge | null;
  readonly paymentMethod: PaymentMethod;
  readonly secret: string;
  readonly createdAt: Seconds;
}

export interface Charge {
  readonly id: string;
  readonly intent: string;
  readonly invoice: string;
  readonly customer: Customer;
  readonly paymentMethod: PaymentMethod;
  readonly amountMinor: number;
  readonly refunds: readonly Refund[];
  readonly currency: string;
  readonly description: string;
  readonly declineCode: 'insufficient_funds' | 'do_not_honor' | 'expired_card' | null;
  readonly balanceTransaction: string | null;
  readonly riskScore: number;
  readonly createdAt: Seconds;
  /** For bank debits: pending now, and when the debit ends. */
  readonly isPending?: true;
  readonly endsAt?: Seconds;
}

export interface InvoicePayment {
  readonly id: string;
  readonly invoice: string;
  readonly intent: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly createdAt: Seconds;
  readonly paidAt: Seconds;
  /** When it was detached from the invoice. */
  readonly canceledAt: Seconds | null;
}

export interface Refund {
  readonly id: string;
  readonly charge: string;
  readonly intent: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly status: 'succeeded' | 'failed';
  readonly reason: 'requested_by_customer' | null;
  readonly balanceTransaction: string;
  readonly createdAt: Seconds;
}

/**
 * Reduces the amount due of an open invoice, or returns part of a paid one: as a refund, or as credit of the customer.
 */
export interface CreditNote {
  readonly id: string;
  readonly number: string;
  readonly invoice: Invoice;
  readonly amountMinor: number;
  readonly refund: Refund | null;
  readonly status: 'issued' | 'void';
  readonly createdAt: Seconds;
  readonly voidedAt: Seconds | null;
}

/** A movement of money by a dispute. */
export interface DisputeEntry {
  readonly id: string;
  readonly amountMinor: number;
  readonly feeMinor: number;
  readonly createdAt: Seconds;
}

export interface Dispute {
  readonly id: string;
  readonly charge: Charge;
  readonly status: 'warning_needs_response' | 'warning_closed' | 'needs_response' | 'won' | 'lost' | 'prevented';
  readonly reason: 'fraudulent' | 'general' | 'product_not_received';
  readonly entries: readonly DisputeEntry[];
  readonly createdAt: Seconds;
}
