import { createHmac } from 'node:crypto';
import type { HttpAnswer, HttpConnection, HttpRequest } from './http-connection.js';

/** The service's answer about an event it has stored. */
export interface Acknowledgement {
  readonly outcome: string;
  readonly stream: string;
  readonly revision: string;
  readonly position: string;
}

export type DeliveryResult =
  | {
      readonly kind: 'acknowledged';
      readonly acknowledgement: Acknowledgement;
      readonly latencyMs: number;
      readonly failures: readonly string[];
    }
  | { readonly kind: 'gave-up'; readonly failures: readonly string[] };

export interface Patience {
  /** How long to retry an event that is not answered with 2xx. */
  readonly retryForMs: number;
  /** Called for each pause before the next attempt. */
  readonly pause: (ms: number) => Promise<void>;
  /** Jitter for the pauses: a number in [0, 1). */
  readonly random: () => number;
}

const FIRST_PAUSE_MS = 50;
const PAUSE_MS_MAX = 3000;

/** The `Stripe-Signature` header as Stripe builds it: HMAC-SHA256 over "<t>.<raw body>". */
export function signature(secret: string, body: Buffer, atMs: number): string {
  const seconds = Math.floor(atMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')}`;
}

/** The webhook request for a body, signed now, since each attempt has its own signature. */
export function signedRequest(secret: string, body: Buffer): HttpRequest {
  return {
    method: 'POST',
    path: '/webhooks/stripe',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'stripe-signature': signature(secret, body, Date.now()),
    },
    body,
  };
}

/**
 * Delivers one event as Stripe does, until the answer is 2xx. Gives up earlier than Stripe, and honours Retry-After.
 */
export async function deliver(
  connection: HttpConnection,
  event: { body: Buffer; secret: string },
  patience: Patience,
): Promise<DeliveryResult> {
  const failures: string[] = [];
  const deadlineMs = performance.now() + patience.retryForMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    const sentMs = performance.now();
    const answer = await attempt(connection, signedRequest(event.secret, event.body));
    if (answer.kind === 'answered' && answer.http.status === 200) {
      const acknowledgement = JSON.parse(answer.http.body) as Acknowledgement;
      return { kind: 'acknowledged', acknowledgement, latencyMs: performance.now() - sentMs, failures };
    }
    failures.push(answer.kind === 'answered' ? String(answer.http.status) : answer.reason);
    const waitMs = Math.max(pauseMs * (0.5 + patience.random()), retryAfterMs(answer));
    if (isFinal(answer) || performance.now() + waitMs > deadlineMs) return { kind: 'gave-up', failures };
    await patience.pause(waitMs);
  }
}

type Answer =
  { readonly kind: 'answered'; readonly http: HttpAnswer } | { readonly kind: 'unknown'; readonly reason: string };

async function attempt(connection: HttpConnection, request: HttpRequest): Promise<Answer> {
  try {
    return { kind: 'answered', http: await connection.request(request) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    return { kind: 'unknown', reason: code ?? (error instanceof Error ? error.message : String(error)) };
  }
}

/** Whether a retry would get the same answer: a bad signature, a body too large, a wrong address. */
function isFinal(answer: Answer): boolean {
  return (
    answer.kind === 'answered' &&
    answer.http.status >= 400 &&
    answer.http.status < 500 &&
    ![408, 429].includes(answer.http.status)
  );
}

function retryAfterMs(answer: Answer): number {
  if (answer.kind === 'unknown') return 0;
  const seconds = Number(answer.http.headers['retry-after']);
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, PAUSE_MS_MAX) : 0;
}
