import type { StripeEvent } from '../stripe-event.js';

/** Whose object it is: the connected account (null for one's own), and whether it is live. Projections select by these. */
export type Origin = Readonly<{ account: string | null; livemode: boolean }>;

export function originOf(stripeEvent: StripeEvent): Origin {
  return { account: stripeEvent.account, livemode: stripeEvent.livemode };
}
