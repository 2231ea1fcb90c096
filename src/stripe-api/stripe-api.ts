import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import Stripe from 'stripe';
import { eventOf, itemOf, type Answered, type EventItem, type Found, type Item, type Page } from './answers.js';
import type { Budget } from './budget.js';
import type { Rates } from './rates.js';
import { isPassing, refusalOf, STOPPED, unreadable, withoutKeys, type Refusal } from './refusals.js';
import { EVENTS, type Resource } from './resources.js';
import { slicesOf } from './slices.js';
import { Wire, type WireAnswer } from './wire.js';

/** One request, as counted by metrics. */
export type RequestReport = Readonly<{
  /** The requested object, e.g. `subscription`. */
  resource: string;
  /** `answered`, or the kind of the refusal. */
  outcome: 'answered' | Refusal['kind'];
  /** Stripe's reason for a rate limit. */
  reason: string | null;
}>;

export type StripeApiOptions = Readonly<{
  /** Secret or restricted key. It is sent only to `url`. */
  key: string;
  /** `https://api.stripe.com`, or the URL of a simulator. */
  url: string;
  /** The API version of requests. Events keep their own. */
  apiVersion: string;
  /** The default connected account of requests; null: the key's own account. */
  account?: string | null;
  rates: Rates;
  budget: Budget;
  /** Ends all waiting; requests in flight are still answered. */
  signal?: AbortSignal;
  onRequest?: (report: RequestReport) => void;
  /** Timeout of one answer, including its body. */
  timeoutMs?: number;
  /** How often a request is tried before its refusal is returned, and the first pause between. */
  triesMax?: number;
  pauseMs?: number;
}>;

export type Request = Readonly<{
  /** Selects the rate limit: Stripe limits each operation separately. */
  resource: string;
  operation: 'list' | 'retrieve' | 'create' | 'update' | 'delete';
  path: string;
  params?: Readonly<Record<string, string>>;
  /** The account, if not that of the client; null: the key's own account. */
  account?: string | null;
  apiVersion?: string;
}>;

/** A range of `created`, in seconds, inclusive. */
export type Range = Readonly<{ gte?: number; lte?: number }>;

/** What a request for a page needs to know of a resource. */
type Listed = Pick<Resource, 'object' | 'path' | 'expand'>;

export type PagesOptions = Readonly<{
  /** One of the resource's listings, or other filters. */
  params?: Readonly<Record<string, string>>;
  created?: Range;
  /** The cursor of the last page already known. */
  after?: string | null;
  account?: string | null;
  apiVersion?: string;
  /** Objects per page, at most 100. */
  limit?: number;
}>;

export type RetrieveOptions = Pick<PagesOptions, 'account' | 'apiVersion'>;

/** The key's own account. */
export type AccountFacts = Answered & Readonly<{ kind: 'account'; id: string; created: number | null }>;

/** An answer, as bytes and parsed. */
export type Reply = Answered & Readonly<{ kind: 'answered'; bytes: Buffer; value: unknown }>;

const TIMEOUT_MS = 30_000;
const TRIES_MAX = 6;
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 30_000;
const PAGE_MAX = 100;
const METHODS = { list: 'GET', retrieve: 'GET', create: 'POST', update: 'POST', delete: 'DELETE' } as const;

/**
 * Stripe's API with one key. A refusal is a value; each request, including retries, waits for its rate and counts
 * against the budget. Holds connections until `close`.
 */
export class StripeApi {
  readonly #wire: Wire;
  readonly #stripe: Stripe;

  constructor(private readonly options: StripeApiOptions) {
    const { protocol, hostname, port } = new URL(options.url);
    const secure = protocol === 'https:';
    this.#wire = new Wire(secure);
    this.#stripe = new Stripe(options.key, {
      httpClient: this.#wire,
      protocol: secure ? 'https' : 'http',
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? 443 : 80) : Number(port),
      telemetry: false,
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      maxNetworkRetries: 0,
    });
  }

  close(): void {
    this.#wire.close();
  }

  /** Returns the account of the requests. */
  async account(): Promise<AccountFacts | Refusal> {
    const reply = await this.ask({ resource: 'account', operation: 'retrieve', path: '/v1/account' });
    if (reply.kind !== 'answered') return reply;
    const item = itemOf(reply.bytes, reply.value);
    if (item?.object !== 'account') return unreadable('the account');
    const { asked, answered, requestId, apiVersion } = reply;
    return { kind: 'account', id: item.id, created: item.created, asked, answered, requestId, apiVersion };
  }

  /** Fetches one object. `found` may be `deleted`; an object unknown to Stripe is `gone`. */
  async retrieve(resource: Resource, id: string, options: RetrieveOptions = {}): Promise<Found | Refusal> {
    // The path would address another resource.
    if (id === '' || id === '.' || id === '..')
      return { kind: 'refused', status: 400, code: 'bad_id', param: 'id', message: `"${id}" is not an id.` };
    const reply = await this.ask({
      ...options,
      resource: resource.object,
      operation: 'retrieve',
      path: `${resource.path}/${encodeURIComponent(id)}`,
      params: expanded(resource.expand),
    });
    if (reply.kind !== 'answered') return reply;
    const { bytes, value, ...answered } = reply;
    const item = itemOf(bytes, value);
    if (item === null || item.id !== id) return unreadable(`${resource.object} ${id}`);
    return { ...answered, kind: 'found', item };
  }

  /** Fetches one event, in its own API version. */
  async event(id: string, options: RetrieveOptions = {}): Promise<Found<EventItem> | Refusal> {
    const found = await this.retrieve(EVENTS, id, options);
    if (found.kind !== 'found') return found;
    const item = eventOf(found.item);
    return item === null ? unreadable(`event ${id}`) : { ...found, item };
  }

  /**
   * Yields the pages of a list, newest first. Ends after the last page, or after a refusal: continue with `after`, or
   * with a smaller range if the cursor is gone.
   */
  async *pages(resource: Listed, options: PagesOptions = {}): AsyncGenerator<Page | Refusal, void> {
    let after = options.after ?? null;
    for (;;) {
      const page = await this.page(resource, { ...options, after });
      yield page;
      if (page.kind !== 'page' || !page.hasMore || page.cursor === null) return;
      after = page.cursor;
    }
  }

  /** Yields the pages of events, newest first, each event in its own API version. `types`: at most 20. */
  async *events(
    options: Omit<PagesOptions, 'params' | 'apiVersion'> & Readonly<{ types?: readonly string[] }> = {},
  ): AsyncGenerator<Page<EventItem> | Refusal, void> {
    const { types = [], ...rest } = options;
    const params = Object.fromEntries(types.map((type, index) => [`types[${index}]`, type]));
    for await (const page of this.pages(EVENTS, { ...rest, params })) {
      if (page.kind !== 'page') yield page;
      else {
        const items = page.items.flatMap((item) => eventOf(item) ?? []);
        yield items.length === page.items.length ? { ...page, items } : unreadable('a page of events');
      }
    }
  }

  /** Fetches one page of a list. */
  async page(resource: Listed, options: PagesOptions = {}): Promise<Page | Refusal> {
    const { params = {}, created = {}, after = null, limit = PAGE_MAX } = options;
    const reply = await this.ask({
      ...(options.apiVersion === undefined ? {} : { apiVersion: options.apiVersion }),
      ...(options.account === undefined ? {} : { account: options.account }),
      resource: resource.object,
      operation: 'list',
      path: resource.path,
      params: {
        ...params,
        limit: String(limit),
        ...(created.gte === undefined ? {} : { 'created[gte]': String(created.gte) }),
        ...(created.lte === undefined ? {} : { 'created[lte]': String(created.lte) }),
        ...(after === null ? {} : { starting_after: after }),
        ...expanded(resource.expand.map((path) => `data.${path}`)),
      },
    });
    if (reply.kind !== 'answered') return reply;
    const { bytes, value, ...answered } = reply;
    const list = listOf(bytes, value);
    if (list === null) return unreadable(`a page of ${resource.path}`);
    const cursor = list.items.at(-1)?.id ?? null;
    // Following such a page would never end, or would pass a part of the list for all of it.
    if (list.hasMore && (cursor === null || cursor === after))
      return unreadable(`the rest of ${resource.path} that it announced`);
    return { ...answered, kind: 'page', ...list, cursor };
  }

  /** Sends any request; retries it while its refusal is temporary. */
  async ask(request: Request): Promise<Reply | Refusal> {
    const { rates, budget, signal, onRequest, triesMax = TRIES_MAX } = this.options;
    const endpoint = `${request.resource}.${request.operation}`;
    // The same for every attempt, so that a lost answer creates nothing twice.
    const idempotencyKey = randomUUID();
    for (let tries = 1; ; tries += 1) {
      const permit = await rates.permit(endpoint, signal);
      if (permit === null) return STOPPED;
      const taken = await Promise.resolve(budget.take()).catch((error: unknown) => {
        permit.release();
        throw error;
      });
      if (taken.kind === 'spent') {
        permit.release();
        return overBudget(taken.until);
      }
      const reply = await this.#once(request, idempotencyKey).finally(() => permit.release());
      const reason = reply.kind === 'rate_limited' ? reply.reason : null;
      onRequest?.({ resource: request.resource, outcome: reply.kind, reason });
      if (reply.kind === 'answered' || !isPassing(reply)) return reply;
      if (reason !== null) rates.limited(endpoint, reason, reply.retryAfterMs);
      if (tries >= triesMax) return reply;
      // After a rate limit, `rates` delays the retry.
      if (reason === null && !(await this.#pause(tries, reply.retryAfterMs))) return STOPPED;
    }
  }

  async #once(
    { operation, path, params = {}, account = this.options.account, apiVersion }: Request,
    idempotencyKey: string,
  ): Promise<Reply | Refusal> {
    const method = METHODS[operation];
    const query = new URLSearchParams(method === 'POST' ? {} : params).toString();
    const began = performance.now();
    try {
      const answer = (await this.#stripe.rawRequest(
        method,
        query === '' ? path : `${path}?${query}`,
        method === 'POST' ? { ...params } : undefined,
        {
          streaming: true,
          apiVersion: apiVersion ?? this.options.apiVersion,
          ...(method === 'POST' ? { idempotencyKey } : {}),
          ...(account == null ? {} : path.startsWith('/v2/') ? { stripeContext: account } : { stripeAccount: account }),
        },
      )) as WireAnswer;
      return replyOf(answer, performance.now() - began);
    } catch (error) {
      return refusalOf(error, (raw) => this.#wire.bytesOf(raw));
    }
  }

  /** Returns false if the signal aborted meanwhile. */
  async #pause(tries: number, askedMs: number | null): Promise<boolean> {
    const { signal, pauseMs = PAUSE_MS } = this.options;
    const spread = pauseMs * 2 ** (tries - 1) * (1 + Math.random());
    const ms = Math.min(PAUSE_MAX_MS, Math.max(spread, askedMs ?? 0));
    return pause(ms, true, signal === undefined ? {} : { signal }).catch((error: Error) => {
      if (error.name === 'AbortError') return false;
      throw error;
    });
  }
}

/** The answer with its times; a body that is not JSON was truncated, whatever its length header says. */
function replyOf({ headers, bytes }: WireAnswer, elapsedMs: number): Reply | Refusal {
  const date = Date.parse(String(headers['date']));
  if (Number.isNaN(date)) return cut('has no date');
  const text = (name: string): string | null => (typeof headers[name] === 'string' ? headers[name] : null);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return cut(withoutKeys((error as Error).message));
  }
  return {
    kind: 'answered',
    bytes,
    value,
    answered: Math.floor(date / 1_000),
    asked: Math.floor((date - elapsedMs) / 1_000),
    requestId: text('request-id'),
    apiVersion: text('stripe-version'),
  };
}

const cut = (why: string): Refusal => ({
  kind: 'away',
  cause: 'cut',
  message: `A response from Stripe cannot be read: ${why}.`,
  retryAfterMs: null,
});

const overBudget = (until: number | null): Refusal => ({
  kind: 'over_budget',
  until,
  message:
    until === null
      ? 'The request budget is used up.'
      : `The request budget is used up until ${new Date(until).toISOString()}.`,
});

const expanded = (paths: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(paths.map((path, index) => [`expand[${index}]`, path]));

/** The items of a list with their own bytes; null when the answer is not a list of objects. */
function listOf(bytes: Buffer, value: unknown): { items: Item[]; hasMore: boolean } | null {
  const { data, has_more: hasMore } = (value ?? {}) as { data?: unknown; has_more?: unknown };
  const slices = slicesOf(bytes, 'data');
  if (!Array.isArray(data) || slices?.length !== data.length || typeof hasMore !== 'boolean') return null;
  const items = slices.flatMap((slice, index) => itemOf(slice, data[index]) ?? []);
  return items.length === data.length ? { items, hasMore } : null;
}
