import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ApiToken, Scope } from '../config.js';
import { ACCESS, OPEN } from './open-to-all.js';
import { ProblemError } from './problem.js';
import { noteToken } from './asker.js';

export const API_TOKENS = Symbol('ApiTokens');

/** The scope a bearer token needs for what it stands on. */
export const NeedsScope = (scope: Scope) => SetMetadata(ACCESS, scope);

type KnownToken = Readonly<{ digest: Buffer; scopes: readonly Scope[] }>;

/**
 * Lets a request pass whose bearer token has the scope that the route names. A route that names none is refused,
 * unless it says that it is open to all.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  readonly #tokens: readonly KnownToken[];

  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(API_TOKENS) tokens: readonly ApiToken[],
  ) {
    this.#tokens = tokens.map(({ token, scopes }) => ({ digest: digestOf(token), scopes }));
  }

  canActivate(context: ExecutionContext): boolean {
    const needed = this.reflector.getAllAndOverride<Scope | typeof OPEN | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (needed === OPEN) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { token, scopes } = this.#known(request.headers.authorization);
    if (needed === undefined) throw notAllowed('This route names no scope, so that no token is good for it.');
    if (!scopes.includes(needed))
      throw notAllowed(`The token is valid but lacks the scope "${needed}". ${WHERE[needed]}`);
    noteToken(request, token);
    return true;
  }

  /** Whether a request brings a valid token, for a route that is open to all and tells more to those who have one. */
  hasToken(request: FastifyRequest): boolean {
    return this.#matching(request.headers.authorization).length > 0;
  }

  #known(authorization: string | undefined): { token: string; scopes: readonly Scope[] } {
    const matching = this.#matching(authorization);
    const [first] = matching;
    if (first === undefined) throw new ProblemError('unauthenticated');
    return { token: first.digest.toString('hex'), scopes: matching.flatMap(({ scopes }) => scopes) };
  }

  /** Compares with every token, in constant time, so that the time of the answer tells nothing of them. */
  #matching(authorization: string | undefined): readonly KnownToken[] {
    const given = digestOf(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '');
    return this.#tokens.filter(({ digest }) => timingSafeEqual(digest, given));
  }
}

const notAllowed = (detail: string) => new ProblemError('scope_missing', detail);
/** Where a token of a scope comes from. */
const WHERE: Readonly<Record<Scope, string>> = {
  read: 'Use a token that API_TOKENS lists as read=TOKEN, or "readToken" in secrets.json of DATA_DIR.',
  admin: 'Use a token that API_TOKENS lists as read+admin=TOKEN, or "adminToken" in secrets.json of DATA_DIR.',
};
const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
