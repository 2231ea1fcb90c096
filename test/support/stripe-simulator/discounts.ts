import type { Discount } from './books.js';
import { afterIntervals, type Seconds } from './calendar.js';
import type { Operation } from './journal.js';
import { discountShape } from './shapes/discount.js';
import { newId, updateSubscription, type Stage } from './stage.js';

/** A coupon of the account, as a discount on the subscription. */
export function newDiscount(stage: Stage, at: Seconds): Discount {
  const coupon = stage.random.pick(stage.journal.view.account.coupons);
  const { id: subscription, customer } = stage.subscription;
  return { id: newId(stage, 'di'), coupon, customer, subscription, startAt: at, endAt: coupon.months === null ? null : afterIntervals(at, 'month', coupon.months) };
}

/** Gives the subscription a discount, or takes it away again. */
export function changeDiscount(stage: Stage, operation: Operation): void {
  const { discount } = stage.subscription;
  const given = discount === null ? newDiscount(stage, operation.at) : null;
  updateSubscription(stage, operation, { discount: given });
  if (given !== null) recordDiscount(stage, operation, given);
  if (discount !== null) endDiscount(stage, operation, discount);
}

export function recordDiscount(stage: Stage, operation: Operation, discount: Discount): void {
  operation.record('customer.discount.created', discountShape(stage.journal.view, discount));
}

/** The event that it is over carries the whole discount. */
export function endDiscount(stage: Stage, operation: Operation, discount: Discount): void {
  operation.record('customer.discount.deleted', discountShape(stage.journal.view, discount));
}
