import Stripe from 'stripe';
import type { WebhookSecret } from '../config.js';

/** Stripe's own tolerance; here it holds for both directions, since the SDK lets times of the future pass. */
export const TOLERANCE_S = 300;

export type Verification =
  | { readonly kind: 'valid'; readonly endpoint: string; readonly signedAt: Date }
  | { readonly kind: 'invalid'; readonly reason: 'no_signature' | 'no_match' | 'clock' };

const { signature } = Stripe.webhooks;
if (signature === null) throw new Error('This build of the stripe package has no signature check.');
const { verifyHeader } = signature;

/**
 * Checks the `Stripe-Signature` header over the raw body against any of the secrets (a rolled secret lives
 * on for up to 24 hours; docs.stripe.com/webhooks/signature).
 */
export function verify(body: Uint8Array, header: string | undefined, options: { secrets: readonly WebhookSecret[]; now: Date }): Verification {
  const signedAtS = Number(/(?:^|,)t=(\d{1,12})(?:,|$)/.exec(header ?? '')?.[1]);
  if (header === undefined || Number.isNaN(signedAtS)) return { kind: 'invalid', reason: 'no_signature' };
  const match = options.secrets.find(({ secret }) => matches(body, header, secret));
  if (match === undefined) return { kind: 'invalid', reason: 'no_match' };
  if (Math.abs(options.now.getTime() / 1000 - signedAtS) > TOLERANCE_S) return { kind: 'invalid', reason: 'clock' };
  return { kind: 'valid', endpoint: match.label, signedAt: new Date(signedAtS * 1000) };
}

/** The time is judged by `verify`, hence no tolerance here. */
function matches(body: Uint8Array, header: string, secret: string): boolean {
  try {
    return verifyHeader.call(signature, body, header, secret, 0);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}
