import assert from 'node:assert/strict';
import { isPreviewInvoice } from './identity.js';
import { UnreadableSnapshot } from './fields.js';
import { field, type JsonObject } from './json.js';
import {
  balanceSnapshot,
  balanceTransactionSnapshot,
  PAYOUT_TRANSACTIONS,
  payoutTransactionsSnapshot,
} from './snapshots/balance.js';
import { checkoutSessionSnapshot } from './snapshots/checkout-session.js';
import { creditNoteSnapshot } from './snapshots/credit-note.js';
import { customerSnapshot, entitlementsSnapshot } from './snapshots/customer.js';
import { deletionSnapshot, type Deletion } from './snapshots/deletion.js';
import { couponSnapshot, discountSnapshot } from './snapshots/discount.js';
import { disputeSnapshot } from './snapshots/dispute.js';
import { invoiceItemSnapshot } from './snapshots/invoice-line.js';
import { invoicePaymentSnapshot } from './snapshots/invoice-payment.js';
import { invoiceSnapshot, upcomingInvoiceSnapshot } from './snapshots/invoice.js';
import { chargeSnapshot, paymentIntentSnapshot } from './snapshots/payment.js';
import { movementSnapshot } from './snapshots/movement.js';
import { paymentMethodSnapshot } from './snapshots/payment-method.js';
import { planSnapshot, priceSnapshot, productSnapshot } from './snapshots/price.js';
import { promotionCodeSnapshot } from './snapshots/promotion-code.js';
import { refundSnapshot } from './snapshots/refund.js';
import { isRelatedObject, relatedObjectSnapshot } from './snapshots/related-object.js';
import { subscriptionScheduleSnapshot } from './snapshots/subscription-schedule.js';
import { subscriptionSnapshot } from './snapshots/subscription.js';
import type { StripeEvent } from './stripe-event.js';

export { UnreadableSnapshot };
export type { Metadata } from './fields.js';
export { isFinalStatus } from './rank.js';
export { unknownDiscount } from './snapshots/discount.js';
export { PAYOUT_TRANSACTIONS } from './snapshots/balance.js';
export type {
  BalanceAmount,
  BalanceSnapshot,
  BalanceTransactionSnapshot,
  FeeDetail,
  PayoutTransactionsSnapshot,
} from './snapshots/balance.js';
export type { CheckoutSessionSnapshot } from './snapshots/checkout-session.js';
export type { CreditNoteLine, CreditNoteSnapshot } from './snapshots/credit-note.js';
export type { CustomerSnapshot, EntitlementsSnapshot } from './snapshots/customer.js';
export type { CouponSnapshot, CouponTerms, DiscountFacts, DiscountSnapshot } from './snapshots/discount.js';
export type { DisputeMovement, DisputeSnapshot } from './snapshots/dispute.js';
export type { InvoiceItemSnapshot, InvoiceLine } from './snapshots/invoice-line.js';
export type { InvoicePaymentFacts, InvoicePaymentSnapshot } from './snapshots/invoice-payment.js';
export type { InvoiceSnapshot, UpcomingInvoiceSnapshot } from './snapshots/invoice.js';
export { refundedOf } from './snapshots/payment.js';
export type { PaymentSnapshot } from './snapshots/payment.js';
export type { MovementSnapshot } from './snapshots/movement.js';
export type { PaymentMethodSnapshot } from './snapshots/payment-method.js';
export type { PriceSnapshot, PriceTerms, ProductSnapshot, Tier } from './snapshots/price.js';
export type { PromotionCodeSnapshot } from './snapshots/promotion-code.js';
export type { RefundFacts, RefundSnapshot } from './snapshots/refund.js';
export type { RelatedObjectSnapshot } from './snapshots/related-object.js';
export type { SchedulePhase, SubscriptionScheduleSnapshot } from './snapshots/subscription-schedule.js';
export type { SubscriptionItem, SubscriptionSnapshot } from './snapshots/subscription.js';

/** The reader for each of Stripe's object names; other names are related objects or `other`. */
const readers = {
  subscription: { kind: 'subscription', read: subscriptionSnapshot },
  invoice: { kind: 'invoice', read: invoiceSnapshot },
  invoiceitem: { kind: 'invoice_item', read: invoiceItemSnapshot },
  invoice_payment: { kind: 'invoice_payment', read: invoicePaymentSnapshot },
  charge: { kind: 'payment', read: chargeSnapshot },
  payment_intent: { kind: 'payment', read: paymentIntentSnapshot },
  refund: { kind: 'refund', read: refundSnapshot },
  dispute: { kind: 'dispute', read: disputeSnapshot },
  credit_note: { kind: 'credit_note', read: creditNoteSnapshot },
  'checkout.session': { kind: 'checkout_session', read: checkoutSessionSnapshot },
  subscription_schedule: { kind: 'subscription_schedule', read: subscriptionScheduleSnapshot },
  customer: { kind: 'customer', read: customerSnapshot },
  discount: { kind: 'discount', read: discountSnapshot },
  'entitlements.active_entitlement_summary': { kind: 'entitlements', read: entitlementsSnapshot },
  price: { kind: 'price', read: priceSnapshot },
  plan: { kind: 'plan', read: planSnapshot },
  product: { kind: 'product', read: productSnapshot },
  coupon: { kind: 'coupon', read: couponSnapshot },
  promotion_code: { kind: 'promotion_code', read: promotionCodeSnapshot },
  payment_method: { kind: 'payment_method', read: paymentMethodSnapshot },
  card: { kind: 'payment_method', read: paymentMethodSnapshot },
  payout: { kind: 'movement', read: movementSnapshot },
  topup: { kind: 'movement', read: movementSnapshot },
  transfer: { kind: 'movement', read: movementSnapshot },
  application_fee: { kind: 'movement', read: movementSnapshot },
  balance_transaction: { kind: 'balance_transaction', read: balanceTransactionSnapshot },
  balance: { kind: 'balance', read: balanceSnapshot },
  [PAYOUT_TRANSACTIONS]: { kind: 'payout_transactions', read: payoutTransactionsSnapshot },
} as const;
const upcomingInvoice = { kind: 'upcoming_invoice', read: upcomingInvoiceSnapshot } as const;
const relatedObject = { kind: 'related_object', read: relatedObjectSnapshot } as const;
const deletion = { kind: 'deletion', read: deleted } as const;

type LivingReader = (typeof readers)[keyof typeof readers] | typeof upcomingInvoice | typeof relatedObject;
type Reader = LivingReader | typeof deletion;
type LivingSnapshot = ReturnType<LivingReader['read']>;
/** A deleted object; `last` is its last known state, null where the event does not show one. */
export type DeletionSnapshot = Deletion & Readonly<{ last: LivingSnapshot | null }>;
/** Our typed snapshot, the same for every API version of Stripe; plain JSON. */
export type Snapshot = LivingSnapshot | DeletionSnapshot;
export type SnapshotKind = Snapshot['kind'];

/** All snapshot kinds. */
export const snapshotKinds: readonly SnapshotKind[] = [
  ...new Set<SnapshotKind>([
    ...Object.values(readers).map(({ kind }) => kind),
    upcomingInvoice.kind,
    relatedObject.kind,
    deletion.kind,
  ]),
];

/** The kind of an event's snapshot, by the object it shows; `other` for objects that no projection reads. */
export function kindOf(stripeEvent: StripeEvent): SnapshotKind | 'other' {
  return readerOf(stripeEvent)?.kind ?? 'other';
}

/**
 * Converts the snapshot of an event of any API version (2013 to 2026-09-30.endive) to ours. The event type decides only
 * whether the object was deleted, never its status. Throws `UnreadableSnapshot` when a required field is missing;
 * asserts that the kind is not `other`.
 */
export function normalise(stripeEvent: StripeEvent): Snapshot {
  const reader = readerOf(stripeEvent);
  assert(reader !== null, `there is no snapshot of ${String(field(stripeEvent.data.object, 'object'))}`);
  return reader.read(stripeEvent);
}

function readerOf(stripeEvent: StripeEvent): Reader | null {
  const { object } = stripeEvent.data;
  const living = livingReaderOf(object);
  if (living === null) return null;
  if (field(object, 'deleted') === true) return deletion;
  // `customer.subscription.deleted` shows the whole subscription, with the status `canceled`.
  return living.kind !== 'subscription' && stripeEvent.type.endsWith('.deleted') ? deletion : living;
}

function livingReaderOf(object: JsonObject): LivingReader | null {
  const name = field(object, 'object');
  if (typeof name !== 'string') return null;
  if (isPreviewInvoice(object)) return upcomingInvoice;
  if (isRelatedObject(name)) return relatedObject;
  return Object.hasOwn(readers, name) ? readers[name as keyof typeof readers] : null;
}

function deleted(stripeEvent: StripeEvent): DeletionSnapshot {
  return { ...deletionSnapshot(stripeEvent), last: lastOf(stripeEvent) };
}

/** An unreadable last snapshot counts as none: the deletion is known either way. */
function lastOf(stripeEvent: StripeEvent): LivingSnapshot | null {
  const { object } = stripeEvent.data;
  if (Object.keys(object).every((name) => BARE.has(name))) return null;
  try {
    return livingReaderOf(object)?.read(stripeEvent) ?? null;
  } catch (error) {
    if (!(error instanceof UnreadableSnapshot)) throw error;
    return null;
  }
}

/** The fields of a snapshot that says nothing but that the object was deleted. */
const BARE = new Set(['id', 'object', 'deleted', 'livemode']);
