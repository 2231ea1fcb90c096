import type { Discount, InvoiceLine, Subscription } from './books.js';
import { afterIntervals, type Seconds } from './calendar.js';
import type { Operation } from './journal.js';
import { discountShape } from './shapes/discount.js';
import { newId, updateSubscription, type Stage } from './stage.js';

/** A discount on the subscription from one of the account's coupons. */
export function newDiscount(stage: Stage, at: Seconds): Discount {
  const { id: subscription, customer, currency } = stage.subscription;
  const coupon = stage.random.pick(
    stage.journal.view.account.coupons.filter(({ amountOff }) => amountOff === null || amountOff.currency === currency),
  );
  return {
    id: newId(stage, 'di'),
    coupon,
    customer,
    subscription,
    startAt: at,
    endAt: coupon.months === null ? null : afterIntervals(at, 'month', coupon.months),
  };
}

/** The lines with the discount applied. A line never falls below zero; prorations are not discounted. */
export function discounted(lines: readonly InvoiceLine[], { coupon }: Discount): InvoiceLine[] {
  let leftMinor = coupon.amountOff?.minor ?? 0;
  return lines.map((line) => {
    if (line.proration) return line;
    const discountMinor =
      coupon.percentOff === null
        ? Math.min(leftMinor, line.amountMinor)
        : Math.round((line.amountMinor * coupon.percentOff) / 100);
    leftMinor -= discountMinor;
    return { ...line, discountMinor };
  });
}

/**
 * Whether the discount no longer applies to the period that begins at `at`. `once` covers the first invoice after the
 * discount was granted.
 */
export function isOver({ coupon, startAt, endAt }: Discount, { periodStart }: Subscription, at: Seconds): boolean {
  return coupon.duration === 'once' ? startAt <= periodStart : endAt !== null && endAt <= at;
}

/** Adds a discount to the subscription, or removes it. */
export function changeDiscount(stage: Stage, operation: Operation): void {
  const { discount } = stage.subscription;
  const given = discount === null ? newDiscount(stage, operation.at) : null;
  updateSubscription(stage, operation, { discount: given });
  if (given !== null) recordDiscount(operation, given);
  if (discount !== null) endDiscount(operation, discount);
}

export function recordDiscount(operation: Operation, discount: Discount): void {
  operation.record('customer.discount.created', (view) => discountShape(view, discount));
}

/** Records the end of a discount; the event carries the whole discount. */
export function endDiscount(operation: Operation, discount: Discount): void {
  operation.record('customer.discount.deleted', (view) => discountShape(view, discount));
}
