import createClient, { type Client } from 'openapi-fetch';
import { accessChanges, type AccessChangesOptions } from './access-changes.js';
import { LedgerProblem, LedgerUnreachable } from './errors.js';
import type { Access, AccessChange, paths, Problem } from './openapi.js';

export type LedgerOptions = Readonly<{
  /** The ledger's URL, such as `https://ledger.internal:3000`. */
  url: string;
  /** A token from its `API_TOKENS`; `hasAccess` needs only the scope `access`. Keep it in the backend. */
  token: string;
  /** The timeout of a request in milliseconds, in addition to its `waitMs`; default 5,000. */
  timeoutMs?: number;
  /** Replaces the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}>;

/** Whose access: one Stripe customer, or all with this reference or e-mail address. */
type Who =
  | Readonly<{ customer: string; reference?: never; email?: never }>
  | Readonly<{ reference: string; customer?: never; email?: never }>
  | Readonly<{ email: string; customer?: never; reference?: never }>;
/** Access to a product, to an entitlement by its lookup key, or to anything. */
type What =
  | Readonly<{ product: string; entitlement?: never }>
  | Readonly<{ entitlement: string; product?: never }>
  | Readonly<{ product?: never; entitlement?: never }>;
/** Waits up to `waitMs` milliseconds until the ledger has projected `minPosition`, which a webhook's answer returns. */
type Freshness = Readonly<{ minPosition?: string; waitMs?: number }>;
export type AccessQuestion = Who & What & Freshness;

/**
 * Every route of the ledger with its types, called by openapi-fetch: returns problems as `error` instead of throwing.
 */
export type LedgerApi = Client<paths>;

export type Ledger = Readonly<{
  /**
   * Returns whether access is granted now; false also for an unknown customer. True always comes from the ledger's own
   * answer.
   * @throws LedgerProblem or LedgerUnreachable without an answer; TypeError if a part of the question is empty
   */
  hasAccess(question: AccessQuestion): Promise<boolean>;
  /** Returns the full answer: until when, why, and to which products. Throws as `hasAccess`. */
  access(question: AccessQuestion): Promise<Access>;
  /**
   * Yields each change of access in order, including future ones, until the signal aborts or the loop ends. Store the
   * `position` of each change after you process it, and resume after it. Retries while the ledger is unavailable.
   * @throws LedgerProblem if the ledger rejects the token or the position; TypeError without a position
   */
  accessChanges(options: AccessChangesOptions): AsyncGenerator<AccessChange, void>;
  /** Every route, for all other reads. */
  api: LedgerApi;
}>;

/**
 * Creates a client of one ledger, without caching or open connections.
 * @throws TypeError without a URL or a token
 */
export function createLedger(options: LedgerOptions): Ledger {
  const { url, token, timeoutMs = 5_000, fetch: send = (request: Request) => fetch(request) } = options;
  if (!/^https?:\/\//.test(url)) throw new TypeError(`url is ${JSON.stringify(url)}, not like "http://127.0.0.1:3000"`);
  if (typeof token !== 'string' || token === '') throw new TypeError('token is empty: pass one of API_TOKENS');
  const api = createClient<paths>({
    baseUrl: url.replace(/\/+$/, ''),
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    fetch: (request) => send(new Request(request, initOf(request, timeoutMs))),
  });

  async function access(question: AccessQuestion): Promise<Access> {
    const query = checked(question);
    const { data, error, response } = await answered(url, () => api.GET('/v1/access', { params: { query } }));
    if (error !== undefined || !response.ok) throw problemOf(url, error, response);
    if (!isAccess(data)) throw new LedgerUnreachable(`The server at ${url} is not a subscription ledger.`);
    return data;
  }

  async function page(after: string | null, waitMs: number, signal: AbortSignal | undefined): Promise<unknown> {
    const query = { waitMs, limit: PAGE, ...(after === null ? {} : { after }) };
    const init = { params: { query }, ...(signal === undefined ? {} : { signal }) };
    const { data, error, response } = await answered(url, () => api.GET('/v1/access-changes', init));
    if (error !== undefined || !response.ok) throw problemOf(url, error, response);
    return data;
  }

  return {
    access,
    hasAccess: async (question) => (await access(question)).granted,
    accessChanges: (options) => accessChanges(page, options),
    api,
  };
}

const PAGE = 100;

/** The time in milliseconds that a request asks the ledger to wait. */
const waitOf = ({ url }: Request): number => Number(new URL(url).searchParams.get('waitMs') ?? 0);

const initOf = (request: Request, timeoutMs: number): RequestInit => ({
  // Some frameworks cache answers of `fetch` by default; an old grant must not be reused.
  ...{ cache: 'no-store' },
  // The token must not go to another address.
  redirect: 'error',
  signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs + waitOf(request))]),
});

/** Rejects empty values: the URL would omit them, and so ask for less, such as any product instead of one. */
function checked(question: AccessQuestion): AccessQuestion {
  for (const [name, value] of Object.entries(question))
    if (value === undefined || value === null || value === '')
      throw new TypeError(`${name} is ${value === '' ? 'empty' : String(value)}: leave it out or pass a value`);
  return question;
}

async function answered<T>(url: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LedgerUnreachable(`The ledger at ${url} does not answer: ${why}`, { cause });
  }
}

function problemOf(url: string, error: unknown, { status, headers }: Response): LedgerProblem | LedgerUnreachable {
  if (!isProblem(error))
    return new LedgerUnreachable(`The server at ${url} is not a subscription ledger; it answered ${status}.`);
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN);
  return new LedgerProblem(error, Number.isNaN(retryAfter) ? null : retryAfter);
}

/** Checks received data at run time. */
const isAccess = (value: unknown): value is Access =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Access>).granted === 'boolean';
const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Problem>).code === 'string';
