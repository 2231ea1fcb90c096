import createClient, { type Client } from 'openapi-fetch';
import { accessChanges, type AccessChangesOptions } from './access-changes.js';
import { LedgerProblem, LedgerUnreachable } from './errors.js';
import type { Access, AccessChange, paths, Problem } from './openapi.js';

export type LedgerOptions = Readonly<{
  /** Where the ledger answers, such as `https://ledger.internal:3000`. */
  url: string;
  /** A token of its `API_TOKENS`; `hasAccess` needs the scope `access` alone. Keep it in the backend. */
  token: string;
  /** After how many milliseconds a question is given up, beside what it waits by `waitMs`; 5,000 unless given. */
  timeoutMs?: number;
  /** In place of the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}>;

/** Whose access: one customer of Stripe, or everybody with this reference or e-mail address. */
type Who =
  | Readonly<{ customer: string; reference?: never; email?: never }>
  | Readonly<{ reference: string; customer?: never; email?: never }>
  | Readonly<{ email: string; customer?: never; reference?: never }>;
/** To what: a product, an entitlement by its lookup key, or anything at all. */
type What =
  | Readonly<{ product: string; entitlement?: never }>
  | Readonly<{ entitlement: string; product?: never }>
  | Readonly<{ product?: never; entitlement?: never }>;
/** `minPosition`, from a webhook's answer, waits up to `waitMs` milliseconds until that event counts. */
type Freshness = Readonly<{ minPosition?: string; waitMs?: number }>;
export type AccessQuestion = Who & What & Freshness;

/** Every route of the ledger with its types, as openapi-fetch calls them; it throws for no problem, but returns it as `error`. */
export type LedgerApi = Client<paths>;

export type Ledger = Readonly<{
  /**
   * Whether somebody may enter now. False means no, also of somebody of whom nothing is known; there is no true but the ledger's own.
   * @throws LedgerProblem, LedgerUnreachable where there is no answer; TypeError where a part of the question is empty
   */
  hasAccess(question: AccessQuestion): Promise<boolean>;
  /** The whole answer: until when, why, to which products. Throws as `hasAccess` does. */
  access(question: AccessQuestion): Promise<Access>;
  /**
   * Each change of access in its order, those that come too, until the signal aborts or the loop is left. Keep the `position` of each when
   * you have dealt with it, and begin after it the next time. A ledger that is away is asked again.
   * @throws LedgerProblem when the ledger refuses: the token, or the place; TypeError without a place
   */
  accessChanges(options: AccessChangesOptions): AsyncGenerator<AccessChange, void>;
  /** All other reads. */
  api: LedgerApi;
}>;

/** A client of one ledger. It keeps no connection and no answer. @throws TypeError without an address or a token */
export function createLedger(options: LedgerOptions): Ledger {
  const { url, token, timeoutMs = 5_000, fetch: send = (request: Request) => fetch(request) } = options;
  if (!/^https?:\/\//.test(url)) throw new TypeError(`url is ${JSON.stringify(url)}, not like "http://127.0.0.1:3000"`);
  if (typeof token !== 'string' || token === '') throw new TypeError('token is empty: give one of API_TOKENS');
  const api = createClient<paths>({
    baseUrl: url.replace(/\/+$/, ''),
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    fetch: (request) => send(new Request(request, initOf(request, timeoutMs))),
  });

  async function access(question: AccessQuestion): Promise<Access> {
    const query = checked(question);
    const { data, error, response } = await answered(url, () => api.GET('/v1/access', { params: { query } }));
    if (error !== undefined || !response.ok) throw problemOf(url, error, response);
    if (!isAccess(data)) throw new LedgerUnreachable(`What answers at ${url} is no subscription ledger.`);
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

/** How long the ledger was asked to wait before it answers. */
const waitOf = ({ url }: Request): number => Number(new URL(url).searchParams.get('waitMs') ?? 0);

const initOf = (request: Request, timeoutMs: number): RequestInit => ({
  // A yes of before must not be given again: some frameworks keep answers of `fetch` unless told not to.
  ...{ cache: 'no-store' },
  // The token is for this address alone.
  redirect: 'error',
  signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs + waitOf(request))]),
});

/** What is empty would be left out of the address, which then asks for less: "any product" in place of one. */
function checked(question: AccessQuestion): AccessQuestion {
  for (const [name, value] of Object.entries(question))
    if (value === undefined || value === null || value === '')
      throw new TypeError(`${name} is ${value === '' ? 'empty' : String(value)}: leave it out, or give it a value`);
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
  if (!isProblem(error)) return new LedgerUnreachable(`What answers ${status} at ${url} is no subscription ledger.`);
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN);
  return new LedgerProblem(error, Number.isNaN(retryAfter) ? null : retryAfter);
}

/** What comes over a network is of the type that it shows, not of the one that is expected. */
const isAccess = (value: unknown): value is Access =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Access>).granted === 'boolean';
const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Problem>).code === 'string';
