import type { StripeEvent } from '../stripe-event.js';

/** The connected account of an object (null for the own account), and its mode. Projections filter by both. */
export type Origin = Readonly<{ account: string | null; livemode: boolean }>;

export function originOf(stripeEvent: StripeEvent): Origin {
  return { account: stripeEvent.account, livemode: stripeEvent.livemode };
}
