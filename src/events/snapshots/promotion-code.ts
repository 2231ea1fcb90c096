import { Fields, type Metadata } from '../fields.js';
import type { StripeEvent } from '../stripe-event.js';
import { originOf, type Origin } from './origin.js';

/** The code that a buyer enters to get a coupon's discount. */
export type PromotionCodeSnapshot = Readonly<{
  kind: 'promotion_code';
  id: string;
  code: string | null;
  coupon: string | null;
  customer: string | null;
  active: boolean;
  timesRedeemed: number | null;
  maxRedemptions: number | null;
  expiresAt: string | null;
  createdAt: string | null;
  metadata: Metadata | null;
}> &
  Origin;

/** The coupon is a field of the code until 2025-09-30.clover, then of its `promotion`. */
export function promotionCodeSnapshot(stripeEvent: StripeEvent): PromotionCodeSnapshot {
  const code = new Fields(stripeEvent.data.object, 'promotion_code');
  return {
    kind: 'promotion_code',
    id: code.id('id'),
    code: code.textOrNull('code'),
    coupon: code.hashOrNull('promotion')?.idOrNull('coupon') ?? code.idOrNull('coupon'),
    customer: code.idOrNull('customer'),
    active: code.flag('active', true),
    timesRedeemed: code.integerOrNull('times_redeemed'),
    maxRedemptions: code.integerOrNull('max_redemptions'),
    expiresAt: code.timeOrNull('expires_at'),
    createdAt: code.timeOrNull('created'),
    metadata: code.metadataOrNull(),
    ...originOf(stripeEvent),
  };
}
