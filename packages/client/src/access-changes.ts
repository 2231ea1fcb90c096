import { Webhook } from 'standardwebhooks';
import { LedgerError, LedgerProblem, LedgerUnreachable, UnverifiedChange } from './errors.js';
import type { AccessChange } from './openapi.js';

/** The headers of a request: from Node, Express or Fastify, or from `fetch`. */
export type ReceivedHeaders =
  Readonly<Record<string, string | readonly string[] | undefined>> | Readonly<{ get(name: string): string | null }>;

/** The ledger's format: whsec_, then at least 24 bytes in base64, since a shorter secret could be guessed. */
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;
const SIGNED_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/**
 * Verifies a pushed change and returns it. Accepts only what the ledger signed within the last five minutes.
 * @param body The raw request body, byte for byte: a parsed body cannot be verified.
 * @param secret The endpoint's WEBHOOK_OUT_<NAME>_SECRET; during a rotation, all valid ones.
 * @throws UnverifiedChange if no ledger with this secret sent the request: answer 400. TypeError if the receiver is
 * misconfigured: the secret is missing, or the body already parsed
 */
export function verifyAccessChange(
  body: string | Uint8Array,
  headers: ReceivedHeaders,
  secret: string | readonly string[],
): AccessChange {
  const webhooks = secretsOf(secret).map((one) => new Webhook(one));
  const text = textOf(body);
  const signed = signedHeadersOf(headers);
  if (!webhooks.some((webhook) => isSigned(webhook, text, signed)))
    throw new UnverifiedChange('The signature does not match this secret and body, or is older than five minutes.');
  const change = parsed(text);
  if (!isAccessChange(change))
    throw new UnverifiedChange('The signed body is not an access change that this client knows.');
  // The signature covers both; a different id means that two requests were mixed up on the way.
  if (change.id !== signed['webhook-id']) throw new UnverifiedChange('The webhook-id is not the id of the change.');
  return change;
}

function secretsOf(secret: unknown): string[] {
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0 || !secrets.every((one): one is string => typeof one === 'string' && SECRET.test(one)))
    throw new TypeError('secret: pass WEBHOOK_OUT_<NAME>_SECRET of the ledger, whsec_ and at least 24 bytes in base64');
  return secrets;
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (!(body instanceof Uint8Array))
    throw new TypeError('body: pass the raw bytes, not the parsed body (express.raw, rawBody)');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new UnverifiedChange('The body is not UTF-8.');
  }
}

type SignedHeaders = Record<(typeof SIGNED_HEADERS)[number], string>;

function signedHeadersOf(headers: ReceivedHeaders): SignedHeaders {
  const found = SIGNED_HEADERS.map((name) => {
    const value = isGetter(headers) ? headers.get(name) : headers[name];
    if (typeof value !== 'string' || value === '') throw new UnverifiedChange(`The header ${name} is missing.`);
    return [name, value];
  });
  return Object.fromEntries(found) as SignedHeaders;
}

const isGetter = (headers: ReceivedHeaders): headers is Readonly<{ get(name: string): string | null }> =>
  typeof headers['get'] === 'function';

function isSigned(webhook: Webhook, text: string, headers: SignedHeaders): boolean {
  try {
    webhook.verify(text, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Checks received data at run time: a change without a boolean `granted` is invalid. */
const isAccessChange = (value: unknown): value is AccessChange => {
  if (typeof value !== 'object' || value === null) return false;
  const { id, type, position, customer, revision, now } = value as Partial<Record<keyof AccessChange, unknown>>;
  return (
    type === 'customer.access_changed' &&
    typeof id === 'string' &&
    typeof position === 'string' &&
    /^\d+$/.test(position) &&
    typeof customer === 'string' &&
    Number.isSafeInteger(revision) &&
    (revision as number) >= 0 &&
    typeof now === 'object' &&
    typeof (now as AccessChange['now'] | null)?.granted === 'boolean'
  );
};

export type AccessChangesOptions = Readonly<{
  /**
   * The stored `position` of the last change that you processed; null starts with the first change ever. Required, so
   * that a forgotten position does not restart the feed.
   */
  after: string | null;
  /** Ends the iteration, even while it waits. */
  signal?: AbortSignal;
  /** How long one request waits for a change, in milliseconds; default 25,000, at most 30,000. */
  waitMs?: number;
  /** Called for each failure that is retried; default `console.warn`. */
  failed?: (error: LedgerError, againInMs: number) => void;
}>;

type Page = Readonly<{ data: readonly AccessChange[]; nextAfter: string | null }>;
/** @throws LedgerError */
export type ReadPage = (after: string | null, waitMs: number, signal: AbortSignal | undefined) => Promise<unknown>;

const WAIT_MS = 25_000;
const PAUSE_MS = { least: 1_000, most: 30_000 };

/** See `Ledger.accessChanges`. Throws permanent errors; retries all others. */
export function accessChanges(read: ReadPage, options: AccessChangesOptions): AsyncGenerator<AccessChange, void> {
  return follow(read, { ...options, after: checkedPlace(options.after) });
}

async function* follow(read: ReadPage, options: AccessChangesOptions): AsyncGenerator<AccessChange, void> {
  const { signal, waitMs = WAIT_MS, failed = warn } = options;
  const isOver = (): boolean => signal?.aborted ?? false;
  let { after } = options;
  let failures = 0;
  while (!isOver()) {
    let page: Page;
    try {
      page = pageOf(await read(after, waitMs, signal), after);
      failures = 0;
    } catch (error) {
      if (isOver()) return;
      if (!isPassing(error)) throw error;
      const pauseMs = pauseAfter(error, failures);
      failures += 1;
      failed(error, pauseMs);
      await pause(pauseMs, signal);
      continue;
    }
    for (const change of page.data) {
      if (isOver()) return;
      yield change;
    }
    after = page.nextAfter;
  }
}

function checkedPlace(after: unknown): string | null {
  if (after === null || (typeof after === 'string' && /^\d{1,18}$/.test(after))) return after;
  throw new TypeError(
    `after is ${JSON.stringify(after) ?? 'missing'}: pass the position of a change, or null to start with the first`,
  );
}

/** Accepts a page only as a whole: a skipped change would never be requested again. */
function pageOf(value: unknown, after: string | null): Page {
  const { data, nextAfter } = (value ?? {}) as Partial<Record<keyof Page, unknown>>;
  const isPlace = nextAfter === null ? after === null : typeof nextAfter === 'string' && /^\d+$/.test(nextAfter);
  if (!isPlace || !Array.isArray(data) || !data.every(isAccessChange))
    throw new LedgerUnreachable('The response is not a feed of access changes.');
  const place = nextAfter as string | null;
  if (place !== null && after !== null && BigInt(place) < BigInt(after))
    throw new LedgerUnreachable('The feed returned an earlier position.');
  return { data, nextAfter: place };
}

const isPassing = (error: unknown): error is LedgerError =>
  error instanceof LedgerUnreachable || (error instanceof LedgerProblem && error.retryAfterS !== null);

/** Exponential back-off with jitter, so that readers do not retry all at once. */
function pauseAfter(error: LedgerError, failures: number): number {
  const least = error instanceof LedgerProblem ? (error.retryAfterS ?? 0) * 1_000 : 0;
  const doubled = Math.min(PAUSE_MS.most, PAUSE_MS.least * 2 ** Math.min(failures, 10));
  return Math.max(least, Math.round(doubled * (0.5 + Math.random() / 2)));
}

const warn = (error: LedgerError, againInMs: number): void =>
  console.warn(`${error.message} The feed of access changes is read again in ${Math.ceil(againInMs / 1_000)} s.`);

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
