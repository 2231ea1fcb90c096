import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { claimedTimeOf } from './signature.js';

/** What a delivery shows of where it comes from; nobody has vouched for it yet. */
export type Sender = Readonly<{
  remoteAddress: string | undefined;
  signature: string | undefined;
  /** Null where it was refused before its body was read. */
  body: Uint8Array | null;
}>;

export function senderOf({ socket, headers }: IncomingMessage, body: Uint8Array | null): Sender {
  const header = headers['stripe-signature'];
  return { remoteAddress: socket.remoteAddress, signature: typeof header === 'string' ? header : undefined, body };
}

/**
 * Says for the log who sent a refused delivery, when it was signed, and which body it had; the hash finds it in the log
 * of a proxy. Nothing of it is a secret, and of what the sender wrote only the time is in it.
 */
export function textOf({ remoteAddress, signature, body }: Sender, now: Date): string {
  const signedAt = claimedTimeOf(signature);
  const ageS = signedAt === null ? null : Math.round((now.getTime() - signedAt.getTime()) / 1000);
  const signed =
    ageS === null
      ? 'without a time of signing'
      : ageS < 0
        ? `signed ${number(-ageS)} s ahead of this clock`
        : `signed ${number(ageS)} s ago`;
  const read = body === null ? '' : `, body ${body.byteLength} bytes with SHA-256 ${hash('sha256', body).slice(0, 8)}…`;
  return ` (From ${remoteAddress ?? 'an address that is gone'}, ${signed}${read}.)`;
}

const number = (value: number): string => value.toLocaleString('en-US');
