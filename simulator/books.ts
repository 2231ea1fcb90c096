import type { Interval, Seconds } from './calendar.js';

/** The simulator's own books: what is true of Stripe's objects, apart from how an API version renders them. Never changed, only replaced. */

export interface Price {
  readonly id: string;
  readonly product: string;
  readonly productName: string;
  readonly currency: string;
  /** Metered prices charge in arrears for what was used. */
  readonly usage: 'licensed' | 'metered';
  /** Null when the price is tiered. */
  readonly unitAmountMinor: number | null;
  readonly tiers: readonly Tier[];
  /** Graduated: each unit costs what its own tier says; volume: all cost what the tier of the last says. Null when it is not tiered. */
  readonly tiersMode: 'graduated' | 'volume' | null;
  readonly interval: Interval;
  readonly createdAt: Seconds;
}

export interface Tier {
  /** The last unit of the tier; null when there is no end. */
  readonly upTo: number | null;
  readonly unitAmountMinor: number;
  /** Once, for a quantity that reaches the tier. */
  readonly flatAmountMinor: number;
}

/** Lets a customer's time run ahead: `speed` seconds of it pass in a real one. */
export interface TestClock {
  readonly id: string;
  /** Its own time when it was made, and the real one. */
  readonly startsAt: Seconds;
  readonly createdAt: Seconds;
  readonly speed: number;
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly country: string;
  /** Stripe fixes it with the first invoice. */
  readonly currency: string | null;
  readonly invoicePrefix: string;
  readonly nextInvoiceSequence: number;
  readonly defaultPaymentMethod: string | null;
  readonly delinquent: boolean;
  /** Below zero: credit that the next invoice uses up. */
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
  /** Either a part of every amount, or an amount of one currency off an invoice. */
  readonly percentOff: number | null;
  readonly amountOff: { readonly currency: string; readonly minor: number } | null;
  readonly duration: 'once' | 'repeating' | 'forever';
  /** For how long it applies, when it repeats. */
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

/** What a subscription will be; released, it leaves the subscription as it then is. */
export interface Schedule {
  readonly id: string;
  readonly customer: string;
  readonly subscription: string;
  readonly status: 'active' | 'released' | 'completed' | 'canceled';
  /** What becomes of the subscription when the last phase is over. */
  readonly endBehavior: 'release' | 'cancel';
  readonly phases: readonly [SchedulePhase, SchedulePhase];
  /** Which phase is in force. */
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
  /** The invoice item that it waited as. */
  readonly invoiceItem: string | null;
  readonly quantity: number;
  readonly amountMinor: number;
  /** What a coupon takes off of it, when it is invoiced. */
  readonly discountMinor: number;
  /** What its amount includes, or what comes on top of it. */
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
  /** When it is sent, until when it is to be paid; null when a card is charged. */
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
  /** The customer's balance when it was finalised, and what finalising left of it. */
  readonly startingBalanceMinor: number;
  readonly endingBalanceMinor: number | null;
  /** Credit notes on it, before and after it was paid. */
  readonly preCreditMinor: number;
  readonly postCreditMinor: number;
  readonly paidOutside: boolean;
  /** What an open one was paid, and a paid one beyond what it asked for. */
  readonly partPaidMinor: number;
  readonly overpaidMinor: number;
  readonly attemptCount: number;
  readonly nextAttemptAt: Seconds | null;
  readonly autoAdvance: boolean;
  readonly intent: string | null;
  readonly charge: string | null;
  /** The last part of the hosted page's address. */
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
  /** Of a bank debit: it is under way, and until when it was. */
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
  /** It was taken off the invoice again. */
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

/** It lowers what an open invoice is due, or gives back of what a paid one was paid: as a refund, or to the customer's balance. */
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

/** Money that a dispute moved. */
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
