import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiToken, Scope } from '../config/secrets.js';

/** Whose request it is: a token by its digest and its name, which is no secret, and what it may do. */
export type Visitor = Readonly<{ token: string; name: string; scope: Scope }>;

type KnownToken = Visitor & Readonly<{ digest: Buffer; sessionKey: Buffer }>;

/** Each scope may do what those before it may. */
const BY_RANK: readonly Scope[] = ['access', 'read', 'admin'];
export const includesScope = (scope: Scope, needed: Scope): boolean =>
  BY_RANK.indexOf(scope) >= BY_RANK.indexOf(needed);

/** How long a session of the console lasts, in seconds. */
export const SESSION_S = 8 * 3_600;
const SESSION = /^v1\.([\w-]+)\.([0-9a-z]{1,10})\.([\w-]{43})$/;

/**
 * The tokens of the configuration, and what stands for one: the value of a session, which is signed with a key made of
 * its token, so that every process knows it and none keeps it; and a pass, for one request of this process to itself.
 */
export class Tokens {
  readonly #tokens: readonly KnownToken[];
  readonly #passes = new Map<string, Visitor>();

  constructor(tokens: readonly ApiToken[]) {
    this.#tokens = tokens.map(known);
  }

  /** The token as it was given. Compares with every one, in constant time, so that the time of the answer tells nothing of them. */
  byValue(value: string): Visitor | null {
    const given = digestOf(value);
    return strongest(this.#tokens.filter(({ digest }) => timingSafeEqual(digest, given)));
  }

  /** The value of a session that begins now; a token that is taken out of the configuration ends its sessions. */
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

  /** Lets `work` ask this process in the name of a visitor, with another scope: the pass ends with it. */
  async lend<T>(visitor: Visitor, work: (pass: string) => Promise<T>): Promise<T> {
    const pass = randomBytes(32).toString('base64url');
    this.#passes.set(pass, visitor);
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

/** One token may stand in the configuration twice; what it may is what any of its entries says. */
function strongest(matching: readonly KnownToken[]): Visitor | null {
  const [first] = matching;
  if (first === undefined) return null;
  const { token, name, scope } = matching.reduce((best, one) => (includesScope(best.scope, one.scope) ? best : one));
  return { token, name, scope };
}

const signature = ({ sessionKey }: KnownToken, head: string): Buffer =>
  createHmac('sha256', sessionKey).update(head).digest();
const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
