import { ProblemError } from '../http/problem.js';
import { PROBLEMS, type ProblemCode } from '../http/problems.js';

/** The answer of an API route. */
export type Answered = Readonly<{ status: number; body: Buffer }>;
type Method = 'GET' | 'POST' | 'DELETE';
/** Sends a request to this process's own API. */
export type Ask = (
  method: Method,
  path: string,
  given: Readonly<{ body?: unknown; headers?: Readonly<Record<string, string>> }>,
) => Promise<Answered>;
export type Query = Readonly<Record<string, string | number | null | undefined>>;

/**
 * The ledger as a page sees it: only what the API routes answer to the logged-in visitor. `hide` masks what the visitor
 * may not see.
 */
export class Ledger {
  constructor(
    private readonly ask: Ask,
    private readonly hide: (answer: unknown) => unknown = (answer) => answer,
  ) {}

  /** @throws ProblemError the problem that the route answered */
  async read<T>(path: string, query: Query = {}): Promise<T> {
    return this.#answer<T>('GET', withQuery(path, query));
  }

  /** Reads; returns null where the object does not exist. @throws ProblemError any other problem */
  async find<T>(path: string, query: Query = {}): Promise<T | null> {
    try {
      return await this.read<T>(path, query);
    } catch (error) {
      if (error instanceof ProblemError && MISSING.includes(error.problem.code)) return null;
      throw error;
    }
  }

  /** A body as it was delivered, unmasked: only for pages that need the scope `read`. */
  async text(path: string): Promise<string> {
    const { status, body } = await this.ask('GET', path, {});
    if (status !== 200) throw problemIn(body);
    return body.toString();
  }

  /** Writes. @throws ProblemError the problem that the route answered */
  async do<T>(method: 'POST' | 'DELETE', path: string, given: Parameters<Ask>[2] = {}): Promise<T> {
    return this.#answer<T>(method, path, given);
  }

  async #answer<T>(method: Method, path: string, given: Parameters<Ask>[2] = {}): Promise<T> {
    const answered = await this.ask(method, path, given);
    if (answered.status >= 300) throw problemIn(answered.body);
    return this.hide(JSON.parse(answered.body.toString() || 'null')) as T;
  }
}

/** The object does not exist, or did not exist at the requested moment. */
const MISSING: readonly ProblemCode[] = ['not_found', 'not_known_then'];

/** URL-encoded text; a lone surrogate is replaced, since encodeURIComponent would throw. */
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());

/** The URL-encoded path of an object. */
export const pathOf = (...parts: readonly string[]): string => parts.map(encoded).join('/');

/** A path with the query parameters that have a value. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [`${name}=${encoded(String(value))}`],
  );
  return given.length === 0 ? path : `${path}?${given.join('&')}`;
}

function problemIn(body: Buffer): ProblemError {
  const { code, detail } = JSON.parse(body.toString()) as { code?: string; detail?: string };
  return new ProblemError(
    code !== undefined && Object.hasOwn(PROBLEMS, code) ? (code as ProblemCode) : 'internal_error',
    detail,
  );
}
