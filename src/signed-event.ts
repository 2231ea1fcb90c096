import { randomBytes } from 'node:crypto';
import Stripe from 'stripe';

/** Builds a test-mode event as Stripe sends it, with a random id. `created` is in seconds. */
export const stripeEvent = <O>(type: string, object: O, created: number) => ({
  id: `evt_${randomBytes(12).toString('hex')}`,
  object: 'event',
  api_version: '2026-09-30.endive',
  created,
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  type,
  data: { object },
});

/** Builds the request with which Stripe delivers a body. */
export const signedDelivery = (payload: string, secret: string) => ({
  method: 'POST',
  headers: {
    'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret }),
    'content-type': 'application/json',
  },
  body: payload,
});
