import type { StripeEvent } from '../stripe-event.js';

/**
 * The owner of an object: the connected account (null for the own account), and live or test mode. Projections filter
 * by both.
 */
export type Origin = Readonly<{ account: string | null; livemode: boolean }>;

export function originOf(stripeEvent: StripeEvent): Origin {
  return { account: stripeEvent.account, livemode: stripeEvent.livemode };
}
