import { createHmac } from 'node:crypto';
import Stripe from 'stripe';
import { checkAnswer } from './openapi.js';

export const SECRET = 'whsec_a_secret_of_the_tests_0123456789';
export const READ_TOKEN = 'a-token-that-may-read';
export const ADMIN_TOKEN = 'a-token-that-may-do-all';

/** The webhook's answer. */
export type Answer = {
  outcome: 'appended' | 'duplicate' | 'quarantined';
  stream: string;
  revision: string;
  position: string;
};

/** A `Stripe-Signature` header as Stripe builds it, now or at `timestamp` (Unix seconds). */
export const signatureOf = (payload: string, options: { secret?: string; timestamp?: number } = {}): string =>
  Stripe.webhooks.generateTestHeaderString({
    payload,
    secret: options.secret ?? SECRET,
    timestamp: options.timestamp ?? Math.floor(Date.now() / 1000),
  });

/** Delivers a body as Stripe does. */
export async function deliver(
  url: string,
  body: string,
  signature = signatureOf(body),
): Promise<{ status: number; body: Answer; headers: Headers }> {
  const response = await fetch(`${url}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': signature, 'content-type': 'application/json; charset=utf-8' },
    body,
  });
  return { status: response.status, body: (await response.json()) as Answer, headers: response.headers };
}

/** Delivers bytes that need not be text, signed as Stripe signs. */
export async function deliverBytes(url: string, body: Buffer): Promise<{ status: number; body: Answer }> {
  const timestamp = Math.floor(Date.now() / 1000);
  const mac = createHmac('sha256', SECRET).update(`${timestamp}.`).update(body).digest('hex');
  const headers = { 'stripe-signature': `t=${timestamp},v1=${mac}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/webhooks/stripe`, { method: 'POST', headers, body: new Uint8Array(body) });
  return { status: response.status, body: (await response.json()) as Answer };
}

/** Queries the read API and checks the answer against docs/openapi.json. */
export async function read<T = Record<string, unknown>>(
  url: string,
  path: string,
  token = READ_TOKEN,
): Promise<{ status: number; body: T; headers: Headers }> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const [{ status, headers }, body] = [response, (await response.json()) as T];
  checkAnswer({ method: 'GET', url: path, status, type: headers.get('content-type') ?? '', body });
  return { status, body, headers };
}
