import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookSecret } from '../config/secrets.js';

/**
 * The tolerance between the signed time and this machine's clock, in seconds: Stripe's own, here in both directions.
 */
export const TOLERANCE_S = 300;

/** Stripe sends one signature for each active secret of an endpoint; both bounds leave room for many more. */
const SIGNATURES_MAX = 16;
const HEADER_LENGTH_MAX = 4_096;

/** The content of a `Stripe-Signature` header, before it is verified. */
export type Claim =
  | {
      readonly kind: 'claimed';
      /** Unix time in seconds, as written in the header: these characters are part of the signed text. */
      readonly timestamp: string;
      /** SHA-256 HMACs in hex, at least one. */
      readonly signatures: readonly string[];
    }
  | { readonly kind: 'invalid'; readonly reason: 'no_signature' | 'clock' };

export type Verification =
  | { readonly kind: 'valid'; readonly endpoint: string; readonly signedAt: Date }
  | { readonly kind: 'invalid'; readonly reason: 'no_signature' | 'no_match' | 'clock' };

/**
 * Parses a header `t=<seconds>,v1=<hex>[,v1=<hex>…]` and checks its time. It hashes nothing, so it can run before the
 * body is read. A header with two times is refused, since one could be checked and the other signed; this includes two
 * headers joined by a proxy or Node. Items of other schemes are ignored.
 */
export function claimOf(header: string | undefined, now: Date): Claim {
  if (header === undefined || header.length > HEADER_LENGTH_MAX) return { kind: 'invalid', reason: 'no_signature' };
  const times: string[] = [];
  const signatures: string[] = [];
  for (const item of header.split(',')) {
    const at = item.indexOf('=');
    const key = at < 0 ? item : item.slice(0, at);
    const value = item.slice(key.length + 1);
    if (key === 'v1') {
      if (/^[0-9a-f]{64}$/.test(value)) signatures.push(value);
    } else if (key === 't') times.push(value);
    else if (key.trim().toLowerCase() === 't') times.push('');
  }
  const [timestamp = ''] = times;
  const wellFormed = times.length === 1 && /^\d{1,12}$/.test(timestamp);
  if (!wellFormed || signatures.length === 0 || signatures.length > SIGNATURES_MAX) {
    return { kind: 'invalid', reason: 'no_signature' };
  }
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > TOLERANCE_S) return { kind: 'invalid', reason: 'clock' };
  return { kind: 'claimed', timestamp, signatures };
}

/** Returns the time in a header, even if the rest is malformed; null when there is none. */
export function claimedTimeOf(header: string | undefined): Date | null {
  const [, seconds] = /(?:^|,)t=(\d{1,11})(?:,|$)/.exec(header?.slice(0, HEADER_LENGTH_MAX) ?? '') ?? [];
  return seconds === undefined ? null : new Date(Number(seconds) * 1000);
}

/**
 * Verifies the `Stripe-Signature` header over the bytes of the body against any of the secrets (a rolled secret stays
 * valid for up to 24 hours; docs.stripe.com/webhooks/signature). Never throws, whatever the header and body.
 */
export function verify(
  body: Uint8Array,
  header: string | undefined,
  options: { secrets: readonly WebhookSecret[]; now: Date },
): Verification {
  const claim = claimOf(header, options.now);
  if (claim.kind === 'invalid') return claim;
  const given = claim.signatures.map((signature) => Buffer.from(signature, 'hex'));
  for (const { label, secret } of options.secrets) {
    const expected = createHmac('sha256', secret).update(`${claim.timestamp}.`).update(body).digest();
    if (given.some((signature) => timingSafeEqual(signature, expected))) {
      return { kind: 'valid', endpoint: label, signedAt: new Date(Number(claim.timestamp) * 1000) };
    }
  }
  return { kind: 'invalid', reason: 'no_match' };
}
