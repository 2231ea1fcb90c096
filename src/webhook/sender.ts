import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { claimedTimeOf } from './signature.js';

/** The apparent sender of a delivery, not authenticated yet. */
export type Sender = Readonly<{
  remoteAddress: string | undefined;
  signature: string | undefined;
  /** Null when it was refused before its body was read. */
  body: Uint8Array | null;
}>;

export function senderOf({ socket, headers }: IncomingMessage, body: Uint8Array | null): Sender {
  const header = headers['stripe-signature'];
  return { remoteAddress: socket.remoteAddress, signature: typeof header === 'string' ? header : undefined, body };
}

/**
 * Describes the sender of a refused delivery for the log: address, time of signing, and a hash of the body, which finds
 * it in a proxy's log. Contains no secret, and of the sender's text only the time.
 */
export function textOf({ remoteAddress, signature, body }: Sender, now: Date): string {
  const signedAt = claimedTimeOf(signature);
  const ageS = signedAt === null ? null : Math.round((now.getTime() - signedAt.getTime()) / 1000);
  const signed =
    ageS === null
      ? 'without a signing time'
      : ageS < 0
        ? `signed ${number(-ageS)} s ahead of this clock`
        : `signed ${number(ageS)} s ago`;
  const read = body === null ? '' : `, body ${body.byteLength} bytes with SHA-256 ${hash('sha256', body).slice(0, 8)}…`;
  return ` (From ${remoteAddress ?? 'an unknown address'}, ${signed}${read}.)`;
}

const number = (value: number): string => value.toLocaleString('en-US');
