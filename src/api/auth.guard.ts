import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ApiToken, Scope } from '../config.js';
import { ProblemError } from '../http/problem.js';

export const API_TOKENS = Symbol('ApiTokens');
const SCOPE = 'scope';

/** The scope a bearer token needs for what it stands on. */
export const NeedsScope = (scope: Scope) => SetMetadata(SCOPE, scope);

/** Lets a request pass whose bearer token has the scope; what names no scope is open to all. */
@Injectable()
export class AuthGuard implements CanActivate {
  readonly #tokens: readonly { digest: Buffer; scopes: readonly Scope[] }[];

  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(API_TOKENS) tokens: readonly ApiToken[],
  ) {
    this.#tokens = tokens.map(({ token, scopes }) => ({ digest: digestOf(token), scopes }));
  }

  canActivate(context: ExecutionContext): boolean {
    const needed = this.reflector.getAllAndOverride<Scope | undefined>(SCOPE, [context.getHandler(), context.getClass()]);
    if (needed === undefined) return true;
    const scopes = this.#scopesOf(context.switchToHttp().getRequest<FastifyRequest>().headers.authorization);
    if (scopes === null) {
      throw new ProblemError({ status: 401, code: 'unauthenticated', title: 'No valid token', detail: 'Send "Authorization: Bearer TOKEN" with a token of API_TOKENS (a local run prints its own, and keeps them in secrets.json of the data directory).' });
    }
    if (!scopes.includes(needed)) {
      throw new ProblemError({ status: 403, code: 'scope_missing', title: 'Not allowed', detail: `The token is valid but lacks the scope "${needed}".` });
    }
    return true;
  }

  /** Compares with every token, in constant time, so that the time of the answer tells nothing of them. */
  #scopesOf(authorization: string | undefined): readonly Scope[] | null {
    const given = digestOf(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '');
    const matching = this.#tokens.filter(({ digest }) => timingSafeEqual(digest, given));
    return matching.length === 0 ? null : matching.flatMap(({ scopes }) => scopes);
  }
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
