import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiToken, Scope } from '../config/secrets.js';

/** The authenticated token of a request: its digest, its name (not secret) and its scope. */
export type Visitor = Readonly<{
  token: string;
  name: string;
  scope: Scope;
  /** Set when the process calls itself on behalf of a visitor. */
  isBorrowed?: true;
}>;

type KnownToken = Visitor & Readonly<{ digest: Buffer; sessionKey: Buffer }>;

/** Scopes in ascending order; each includes those before it. */
const BY_RANK: readonly Scope[] = ['access', 'read', 'admin'];
export const includesScope = (scope: Scope, needed: Scope): boolean =>
  BY_RANK.indexOf(scope) >= BY_RANK.indexOf(needed);

/** The lifetime of a console session, in seconds. */
export const SESSION_S = 8 * 3_600;
const SESSION = /^v1\.([\w-]+)\.([0-9a-z]{1,10})\.([\w-]{43})$/;

/**
 * The configured tokens, and their substitutes. A session value is signed with a key derived from its token, so that
 * every process can verify it and none stores it. A pass is for one request of this process to itself.
 */
export class Tokens {
  readonly #tokens: readonly KnownToken[];
  readonly #passes = new Map<string, Visitor>();

  constructor(tokens: readonly ApiToken[]) {
    this.#tokens = tokens.map(known);
  }

  /**
   * Finds a visitor by the token itself. Compares with every token in constant time, so that timing reveals nothing.
   */
  byValue(value: string): Visitor | null {
    const given = digestOf(value);
    return strongest(this.#tokens.filter(({ digest }) => timingSafeEqual(digest, given)));
  }

  /** Returns the value of a new session. Removing its token from the configuration ends it. */
  sessionOf({ token }: Visitor, nowMs = Date.now()): string {
    const own = this.#tokens.find(({ token: digest }) => digest === token);
    if (own === undefined) throw new Error('a session is begun with a token of the configuration');
    const head = `v1.${own.name}.${(Math.floor(nowMs / 1_000) + SESSION_S).toString(36)}`;
    return `${head}.${signature(own, head).toString('base64url')}`;
  }

  bySession(value: string, nowMs = Date.now()): Visitor | null {
    const [, name, until = '', signed = ''] = SESSION.exec(value) ?? [];
    if (name === undefined || parseInt(until, 36) * 1_000 <= nowMs) return null;
    const head = `v1.${name}.${until}`;
    const given = Buffer.from(signed, 'base64url');
    return strongest(this.#tokens.filter((one) => one.name === name && timingSafeEqual(signature(one, head), given)));
  }

  /** Runs `work` with a pass that lets it call this process as this visitor; the pass is valid until `work` ends. */
  async lend<T>(visitor: Visitor, work: (pass: string) => Promise<T>): Promise<T> {
    const pass = randomBytes(32).toString('base64url');
    this.#passes.set(pass, { ...visitor, isBorrowed: true });
    try {
      return await work(pass);
    } finally {
      this.#passes.delete(pass);
    }
  }

  byPass(pass: string): Visitor | null {
    return this.#passes.get(pass) ?? null;
  }
}

function known({ token, name, scopes }: ApiToken): KnownToken {
  const digest = digestOf(token);
  const hex = digest.toString('hex');
  return {
    digest,
    token: hex,
    name: name ?? `token-${hex.slice(0, 8)}`,
    scope: BY_RANK.findLast((scope) => scopes.includes(scope)) ?? 'access',
    sessionKey: Buffer.from(hkdfSync('sha256', token, '', 'subscription-ledger console session v1', 32)),
  };
}

/** A token may be configured twice; the entry with the highest scope applies. */
function strongest(matching: readonly KnownToken[]): Visitor | null {
  const [first] = matching;
  if (first === undefined) return null;
  const { token, name, scope } = matching.reduce((best, one) => (includesScope(best.scope, one.scope) ? best : one));
  return { token, name, scope };
}

const signature = ({ sessionKey }: KnownToken, head: string): Buffer =>
  createHmac('sha256', sessionKey).update(head).digest();
const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
